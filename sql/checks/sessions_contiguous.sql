-- warn: the items of a user's session follow one another, within a day
-- Users may share the number of a session, so it is one of a user. Events of it in which nobody is logged in fill gaps
-- between those of the user. Each day is looked at by itself: sessions go on over midnight, and counters start anew.
select
    s.event_date as partition_key, s.user_id, s.session_id, s.first_item, s.last_item,
    count(distinct e.item_in_session) as items
from (
    select
        event_date, user_id, session_id, min(item_in_session) as first_item, max(item_in_session) as last_item
    from staging.events
    where
        event_date between %(first)s and %(last)s
        and user_id is not null and session_id is not null and item_in_session is not null
    group by event_date, user_id, session_id
    having max(item_in_session) - (count(distinct item_in_session) - 1) <> min(item_in_session)
) as s
inner join staging.events as e
    on
        s.event_date = e.event_date
        and s.session_id = e.session_id
        and e.item_in_session between s.first_item and s.last_item
where e.event_date between %(first)s and %(last)s and (e.user_id is null or s.user_id = e.user_id)
group by s.event_date, s.user_id, s.session_id, s.first_item, s.last_item
having s.last_item - (count(distinct e.item_in_session) - 1) <> s.first_item
order by s.event_date, s.user_id, s.session_id
