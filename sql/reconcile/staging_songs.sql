-- staged songs against the objects as they are read now; rows of each content are counted
-- letters: Redshift compares text without its trailing blanks, which its length counts
select 'missing' as finding, song_prefix, song_id, artist_id, copies
from (
    (
        select
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix,
            coalesce(len(artist_id), 0) + coalesce(len(artist_location), 0) + coalesce(len(artist_name), 0)
            + coalesce(len(song_id), 0) + coalesce(len(title), 0) + coalesce(len(song_prefix), 0) as letters,
            count(*) as copies
        from incoming_songs
        where fault is null
        group by
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix, letters
    )
    except
    (
        select
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix,
            coalesce(len(artist_id), 0) + coalesce(len(artist_location), 0) + coalesce(len(artist_name), 0)
            + coalesce(len(song_id), 0) + coalesce(len(title), 0) + coalesce(len(song_prefix), 0) as letters,
            count(*) as copies
        from staging.songs
        where song_prefix in %(partition_keys)s
        group by
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix, letters
    )
) as missing
union all
select 'surplus' as finding, song_prefix, song_id, artist_id, copies
from (
    (
        select
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix,
            coalesce(len(artist_id), 0) + coalesce(len(artist_location), 0) + coalesce(len(artist_name), 0)
            + coalesce(len(song_id), 0) + coalesce(len(title), 0) + coalesce(len(song_prefix), 0) as letters,
            count(*) as copies
        from staging.songs
        where song_prefix in %(partition_keys)s
        group by
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix, letters
    )
    except
    (
        select
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix,
            coalesce(len(artist_id), 0) + coalesce(len(artist_location), 0) + coalesce(len(artist_name), 0)
            + coalesce(len(song_id), 0) + coalesce(len(title), 0) + coalesce(len(song_prefix), 0) as letters,
            count(*) as copies
        from incoming_songs
        where fault is null
        group by
            num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name,
            song_id, title, duration, year, song_prefix, letters
    )
) as surplus
order by finding, song_prefix, song_id;
