-- The compacted events of small days: many objects in a few, with the day of their path added. A COPY takes Redshift
-- seconds, and so a COPY for each day takes hours for some years of small days.
copy arriving_events (
    {columns of arriving_events}
)
from %(manifest)s
iam_role %(iam_role)s
region %(region)s
manifest
format as json %(jsonpaths)s
maxerror 100000
compupdate off
statupdate off;
