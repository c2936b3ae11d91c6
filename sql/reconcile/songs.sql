-- songs as it stood against songs rebuilt from staging in this transaction
-- letters: Redshift compares text without its trailing blanks, which its length counts
select 'missing' as finding, song_id, artist_id, copies
from (
    (
        select
            song_id, title, artist_id, year, duration,
            coalesce(len(song_id), 0) + coalesce(len(title), 0) + coalesce(len(artist_id), 0) as letters,
            count(*) as copies
        from sparkify.songs
        group by
            song_id, title, artist_id, year, duration, letters
    )
    except
    (
        select
            song_id, title, artist_id, year, duration,
            coalesce(len(song_id), 0) + coalesce(len(title), 0) + coalesce(len(artist_id), 0) as letters,
            count(*) as copies
        from former_songs
        group by
            song_id, title, artist_id, year, duration, letters
    )
) as missing
union all
select 'surplus' as finding, song_id, artist_id, copies
from (
    (
        select
            song_id, title, artist_id, year, duration,
            coalesce(len(song_id), 0) + coalesce(len(title), 0) + coalesce(len(artist_id), 0) as letters,
            count(*) as copies
        from former_songs
        group by
            song_id, title, artist_id, year, duration, letters
    )
    except
    (
        select
            song_id, title, artist_id, year, duration,
            coalesce(len(song_id), 0) + coalesce(len(title), 0) + coalesce(len(artist_id), 0) as letters,
            count(*) as copies
        from sparkify.songs
        group by
            song_id, title, artist_id, year, duration, letters
    )
) as surplus
order by finding, song_id, artist_id;
