-- One day's objects that are compressed; COPY takes GZIP for a whole manifest, so they come apart from the others.
copy arriving_events (
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
    registration, session_id, song, status, ts, user_agent, user_id
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
