-- A prefix that did not pass: its rows stay for inspection, and the ledger says why.
insert into incoming.songs (
    batch_id, fault,
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id,
    title, duration, year, song_prefix
)
select
    batch_id, fault,
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id,
    title, duration, year, song_prefix
from incoming_songs
where song_prefix = %(partition_key)s;

update ledger.loads
set state = 'blocked', verdict = %(verdict)s
where batch_id = %(batch_id)s and dataset = 'songs' and partition_key = %(partition_key)s and state = 'incoming';
