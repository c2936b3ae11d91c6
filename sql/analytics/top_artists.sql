-- Top artists
-- The ten artists played most, by the names that the player sent, and by how many users.
-- A play that one file delivered more than once counts once.
select artist, count(*) as plays, count(distinct user_id) as users
from (
    select p.songplay_id, p.user_id, max(rtrim(e.artist)) as artist
    from sparkify.songplays as p
    inner join staging.events as e
        on
            p.event_date = e.event_date
            and p.user_id = e.user_id
            and p.session_id = e.session_id
            and p.item_in_session = e.item_in_session
            and p.start_time = timestamp 'epoch' + e.ts * interval '0.001 second'
    where e.page = 'NextSong'
    group by p.songplay_id, p.user_id
) as played
where artist is not null
group by artist
order by plays desc, artist asc
limit 10;
