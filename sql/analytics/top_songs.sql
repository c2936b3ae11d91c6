-- Top songs
-- The ten titles played most, by the names that the player sent; known are the plays whose song is in the library.
-- A play that one file delivered more than once counts once, as the record that merge/songplays.sql chooses.
select song, artist, count(*) as plays, count(song_id) as known
from (
    select
        p.song_id, rtrim(e.song) as song, rtrim(e.artist) as artist,
        row_number() over (
            partition by p.songplay_id
            order by
                {delivery_order as e}
        ) as place
    from sparkify.songplays as p
    inner join staging.events as e
        on
            p.event_date = e.event_date
            and p.user_id = e.user_id
            and p.session_id = e.session_id
            and p.item_in_session = e.item_in_session
            and p.start_time = timestamp 'epoch' + e.ts * interval '0.001 second'
    where e.page = 'NextSong'
) as played
where place = 1 and song is not null
group by song, artist
order by plays desc, song asc, artist asc
limit 10;
