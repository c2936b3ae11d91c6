-- songs as it stood against songs rebuilt from staging in this transaction
select 'missing' as finding, song_id, artist_id, copies
from (
    (
        select
            song_id, title, artist_id, year, duration, count(*) as copies
        from sparkify.songs
        group by
            song_id, title, artist_id, year, duration
    )
    except
    (
        select
            song_id, title, artist_id, year, duration, count(*) as copies
        from former_songs
        group by
            song_id, title, artist_id, year, duration
    )
) as missing
union all
select 'surplus' as finding, song_id, artist_id, copies
from (
    (
        select
            song_id, title, artist_id, year, duration, count(*) as copies
        from former_songs
        group by
            song_id, title, artist_id, year, duration
    )
    except
    (
        select
            song_id, title, artist_id, year, duration, count(*) as copies
        from sparkify.songs
        group by
            song_id, title, artist_id, year, duration
    )
) as surplus
order by finding, song_id, artist_id;
