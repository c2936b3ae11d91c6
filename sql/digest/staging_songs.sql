select
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id,
    title, duration, year, song_prefix
from staging.songs
where
    song_prefix not in (
        select b.partition_key
        from ledger.loads as b
        where b.dataset = 'songs' and b.state = 'blocked'
    );
