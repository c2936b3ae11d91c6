-- One day's objects that are compressed; COPY takes GZIP for a whole manifest, so they come apart from the others.
copy arriving_events (
    {columns of arriving_events but event_date}
)
from %(manifest)s
iam_role %(iam_role)s
region %(region)s
manifest
format as json %(jsonpaths)s
gzip
maxerror 100000
compupdate off
statupdate off;
