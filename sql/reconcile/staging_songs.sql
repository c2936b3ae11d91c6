-- staged songs against the objects as they are read now; rows of each content are counted
select 'missing' as finding, song_prefix, song_id, artist_id, copies
from (
    (
        select
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix, count(*) as copies
        from incoming_songs
        where fault is null
        group by
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix
    )
    except
    (
        select
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix, count(*) as copies
        from staging.songs
        where song_prefix in %(partition_keys)s
        group by
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix
    )
) as missing
union all
select 'surplus' as finding, song_prefix, song_id, artist_id, copies
from (
    (
        select
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix, count(*) as copies
        from staging.songs
        where song_prefix in %(partition_keys)s
        group by
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix
    )
    except
    (
        select
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix, count(*) as copies
        from incoming_songs
        where fault is null
        group by
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix
    )
) as surplus
order by finding, song_prefix, song_id;
