-- block: every staged NextSong has its play; a play that another day delivered too may stand under that day
select e.event_date as partition_key, e.session_id, e.item_in_session, e.ts
from staging.events as e
left join sparkify.songplays as p
    on
        e.session_id = p.session_id
        and e.item_in_session = p.item_in_session
        and p.event_date between %(first)s and %(last)s
left join staging.events as o
    on
        p.songplay_id is null
        and e.session_id = o.session_id
        and e.item_in_session = o.item_in_session
        and o.page = 'NextSong'
        and (o.event_date < %(first)s or o.event_date > %(last)s)
where
    e.event_date between %(first)s and %(last)s
    and e.page = 'NextSong'
    and p.songplay_id is null
    and o.session_id is null
