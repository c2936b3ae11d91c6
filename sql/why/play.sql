-- A play with the song that it was matched to, and how many songs share its title and artist name. Of deliveries that
-- differ, the one that merge/songplays.sql chooses.
select
    p.songplay_id, p.start_time, p.user_id, p.level, p.event_date, p.session_id, p.item_in_session,
    e.song, e.artist, e.length,
    p.song_id, p.artist_id, t.duration as song_duration,
    (
        select count(*)
        from staging.song_titles as n
        where n.title = rtrim(e.song) and n.artist_name = rtrim(e.artist)
    ) as namesakes,
    (
        select count(*)
        from staging.events as r
        where r.page = 'NextSong' and r.session_id = p.session_id and r.item_in_session = p.item_in_session
    ) as deliveries
from sparkify.songplays as p
inner join staging.events as e
    on
        p.event_date = e.event_date
        and p.session_id = e.session_id
        and p.item_in_session = e.item_in_session
        and p.start_time = timestamp 'epoch' + e.ts * interval '0.001 second'
        and e.page = 'NextSong'
left join staging.song_titles as t on p.song_id = t.song_id
where p.songplay_id = %(songplay_id)s
order by
    e.artist desc nulls last,
    e.auth desc nulls last,
    e.first_name desc nulls last,
    e.gender desc nulls last,
    e.last_name desc nulls last,
    e.length desc nulls last,
    e.level desc nulls last,
    e.location desc nulls last,
    e.method desc nulls last,
    e.registration desc nulls last,
    e.song desc nulls last
limit 1;
