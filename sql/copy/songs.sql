-- The compacted song records of a batch: many small objects in a few, with the prefix of their path added.
copy incoming_songs (
    batch_id, song_prefix, {columns of staging.songs but song_prefix}
)
from %(manifest)s
iam_role %(iam_role)s
region %(region)s
manifest
format as json 'auto'
maxerror 100000
compupdate off
statupdate off;
