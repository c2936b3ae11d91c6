-- One day's objects into a table of the session's own. Records that COPY refuses go to sys_load_error_detail, up to
-- MAXERROR, which is the most that COPY allows (docs: copy-parameters-data-load). No statistics and no encodings: the
-- table lives for one transaction.
copy arriving_events (
    {columns of arriving_events but event_date}
)
from %(manifest)s
iam_role %(iam_role)s
region %(region)s
manifest
format as json %(jsonpaths)s
maxerror 100000
compupdate off
statupdate off;
