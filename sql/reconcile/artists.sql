-- artists as it stood against artists rebuilt from staging in this transaction
select 'missing' as finding, artist_id, name, copies
from (
    (
        select
            artist_id, name, location, latitude, longitude, count(*) as copies
        from sparkify.artists
        group by
            artist_id, name, location, latitude, longitude
    )
    except
    (
        select
            artist_id, name, location, latitude, longitude, count(*) as copies
        from former_artists
        group by
            artist_id, name, location, latitude, longitude
    )
) as missing
union all
select 'surplus' as finding, artist_id, name, copies
from (
    (
        select
            artist_id, name, location, latitude, longitude, count(*) as copies
        from former_artists
        group by
            artist_id, name, location, latitude, longitude
    )
    except
    (
        select
            artist_id, name, location, latitude, longitude, count(*) as copies
        from sparkify.artists
        group by
            artist_id, name, location, latitude, longitude
    )
) as surplus
order by finding, artist_id, name;
