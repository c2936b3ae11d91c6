-- block: each distinct play of staging is one row of songplays, of its day or of a later one that delivered it again
with apart as (
    select
        e.event_date as staged_date, e.user_id, e.session_id, e.item_in_session, e.start_time,
        s.event_date as published_date, s.user_id as published_user, s.session_id as published_session,
        s.item_in_session as published_item, s.start_time as published_time
    from (
        select
            event_date, user_id, session_id, item_in_session,
            timestamp 'epoch' + ts * interval '0.001 second' as start_time
        from staging.events
        where event_date between %(first)s and %(last)s and page = 'NextSong'
    ) as e
    full outer join (
        select event_date, user_id, session_id, item_in_session, start_time
        from sparkify.songplays
        where event_date between %(first)s and %(last)s
    ) as s
        on
            e.event_date = s.event_date
            and e.session_id = s.session_id
            and e.item_in_session = s.item_in_session
            and e.user_id = s.user_id
            and e.start_time = s.start_time
    where e.event_date is null or s.event_date is null
)

select
    a.staged_date as partition_key, 'only in staging' as finding,
    a.user_id, a.session_id, a.item_in_session, a.start_time
from apart as a
left join sparkify.songplays as p
    on
        a.session_id = p.session_id
        and a.item_in_session = p.item_in_session
        and a.user_id = p.user_id
        and a.start_time = p.start_time
        and a.staged_date < p.event_date
        and p.event_date > %(first)s
where a.published_date is null and p.songplay_id is null
union all
select
    published_date, 'only in songplays',
    published_user, published_session, published_item, published_time
from apart
where staged_date is null
