-- block: each distinct play of staging is one row of songplays, of its day or of a later one that delivered it again
select
    partition_key,
    sum(staged) as plays_in_staging,
    sum(found) as plays_in_songplays,
    max(lost) as lost,
    max(unknown) as unknown
from (
    select
        e.event_date as partition_key,
        max(1) as staged,
        count(p.songplay_id) as found,
        case
            when count(p.songplay_id) <> 1
                then
                    cast(e.session_id as varchar(20)) || '-' || cast(e.item_in_session as varchar(20))
                    || '-' || cast(e.user_id as varchar(20)) || '-' || cast(e.ts as varchar(20))
        end as lost,
        cast(null as varchar(96)) as unknown
    from (
        select distinct
            event_date, user_id, session_id, item_in_session, ts,
            timestamp 'epoch' + ts * interval '0.001 second' as start_time
        from staging.events
        where event_date between %(first)s and %(last)s and page = 'NextSong'
    ) as e
    left join sparkify.songplays as p
        on
            e.session_id = p.session_id
            and e.item_in_session = p.item_in_session
            and e.user_id = p.user_id
            and e.start_time = p.start_time
            and e.event_date <= p.event_date
            and p.event_date >= %(first)s
    group by e.event_date, e.user_id, e.session_id, e.item_in_session, e.ts
    union all
    select s.event_date, 0, 1, null, s.songplay_id
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
) as compared
group by partition_key
having count(lost) + count(unknown) > 0
