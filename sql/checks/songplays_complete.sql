-- block: each distinct play of staging is one row of songplays, of its day or of a later one that delivered it again
select
    e.event_date as partition_key, 'only in staging' as finding,
    e.user_id, e.session_id, e.item_in_session, timestamp 'epoch' + e.ts * interval '0.001 second' as start_time
from staging.events as e
left join sparkify.songplays as p
    on
        e.session_id = p.session_id
        and e.item_in_session = p.item_in_session
        and e.user_id = p.user_id
        and p.start_time = timestamp 'epoch' + e.ts * interval '0.001 second'
        and e.event_date <= p.event_date
        and p.event_date >= %(first)s
where e.event_date between %(first)s and %(last)s and e.page = 'NextSong' and p.songplay_id is null
union all
select s.event_date, 'only in songplays', s.user_id, s.session_id, s.item_in_session, s.start_time
from sparkify.songplays as s
left join staging.events as r
    on
        s.event_date = r.event_date
        and s.session_id = r.session_id
        and s.item_in_session = r.item_in_session
        and s.user_id = r.user_id
        and s.start_time = timestamp 'epoch' + r.ts * interval '0.001 second'
        and r.page = 'NextSong'
        and r.event_date between %(first)s and %(last)s
where s.event_date between %(first)s and %(last)s and r.event_date is null
