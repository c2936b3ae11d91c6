-- A play with the song that it was matched to, how many songs share its title and artist name, and the name that the
-- artist goes by. Of deliveries that differ, the one that merge/songplays.sql chooses.
select
    p.songplay_id, p.start_time, p.user_id, p.level, p.event_date, p.session_id, p.item_in_session,
    e.song, e.artist, e.length, e.ts,
    p.song_id, p.artist_id, s.duration as song_duration, a.name as artist_name,
    coalesce(n.namesakes, 0) as namesakes
from sparkify.songplays as p
inner join staging.events as e
    on
        {delivered}
left join sparkify.songs as s on p.song_id = s.song_id
left join sparkify.artists as a on p.artist_id = a.artist_id
left join (
    select title, artist_name, count(*) as namesakes
    from staging.song_titles
    group by title, artist_name
) as n on rtrim(e.song) = n.title and rtrim(e.artist) = n.artist_name
where p.songplay_id = %(songplay_id)s
order by
    {delivery_order as e}
limit 1;
