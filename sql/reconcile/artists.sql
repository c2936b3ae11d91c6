-- artists as it stood against artists rebuilt from staging in this transaction
-- letters: Redshift compares text without its trailing blanks, which its length counts
select 'missing' as finding, artist_id, name, copies
from (
    (
        select
            artist_id, name, location, latitude, longitude,
            coalesce(len(artist_id), 0) + coalesce(len(name), 0) + coalesce(len(location), 0) as letters,
            count(*) as copies
        from sparkify.artists
        group by
            artist_id, name, location, latitude, longitude, letters
    )
    except
    (
        select
            artist_id, name, location, latitude, longitude,
            coalesce(len(artist_id), 0) + coalesce(len(name), 0) + coalesce(len(location), 0) as letters,
            count(*) as copies
        from former_artists
        group by
            artist_id, name, location, latitude, longitude, letters
    )
) as missing
union all
select 'surplus' as finding, artist_id, name, copies
from (
    (
        select
            artist_id, name, location, latitude, longitude,
            coalesce(len(artist_id), 0) + coalesce(len(name), 0) + coalesce(len(location), 0) as letters,
            count(*) as copies
        from former_artists
        group by
            artist_id, name, location, latitude, longitude, letters
    )
    except
    (
        select
            artist_id, name, location, latitude, longitude,
            coalesce(len(artist_id), 0) + coalesce(len(name), 0) + coalesce(len(location), 0) as letters,
            count(*) as copies
        from sparkify.artists
        group by
            artist_id, name, location, latitude, longitude, letters
    )
) as surplus
order by finding, artist_id, name;
