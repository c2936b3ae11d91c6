-- The published rows of a prefix come along with the batch.
insert into incoming_songs (
    batch_id,
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id,
    title, duration, year, song_prefix
)
select
    %(batch_id)s,
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id,
    title, duration, year, song_prefix
from staging.songs
where song_prefix = %(partition_key)s;
