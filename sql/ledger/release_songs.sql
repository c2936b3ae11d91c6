-- A blocked prefix as it waits, on its way again.
insert into incoming_songs (
    batch_id, fault,
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id,
    title, duration, year, song_prefix
)
select
    batch_id, fault,
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id,
    title, duration, year, song_prefix
from incoming.songs
where song_prefix = %(partition_key)s;

delete from incoming.songs
where song_prefix = %(partition_key)s;

update ledger.loads
set state = 'incoming'
where batch_id = %(batch_id)s and dataset = 'songs' and partition_key = %(partition_key)s and state = 'blocked';
