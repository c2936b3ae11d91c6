select
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id,
    title, duration, year, song_prefix
from staging.songs
where
    song_prefix not in (
        select partition_key
        from ledger.loads
        where dataset = 'songs' and state = 'blocked'
    );
