-- block: every staged NextSong is the play that stands for it, or has lost to a later record of the same play
select e.event_date as partition_key, e.session_id, e.item_in_session, e.ts
from (
    select s.event_date, s.session_id, s.item_in_session, s.ts
    from staging.events as s
    left join sparkify.songplays as p
        on
            s.session_id = p.session_id
            and s.item_in_session = p.item_in_session
            and p.start_time = timestamp 'epoch' + s.ts * interval '0.001 second'
    where
        s.event_date between %(first)s and %(last)s
        and s.page = 'NextSong'
        and p.songplay_id is null
) as e
left join staging.events as o
    on
        e.session_id = o.session_id
        and e.item_in_session = o.item_in_session
        and o.page = 'NextSong'
        and e.ts < o.ts
where o.session_id is null
