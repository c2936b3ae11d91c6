-- Level changes
-- Users who went from free to paid and back, by day (UTC): each event of a logged-in user against the one before.
select
    cast(timestamp 'epoch' + ts * interval '0.001 second' as date) as day,
    sum(case when level = 'paid' and former_level = 'free' then 1 else 0 end) as upgrades,
    sum(case when level = 'free' and former_level = 'paid' then 1 else 0 end) as downgrades
from (
    select
        ts, level,
        lag(level) over (partition by user_id order by ts, session_id, item_in_session, event_date) as former_level
    from staging.events
    where auth = 'Logged In' and user_id is not null
) as levels
group by cast(timestamp 'epoch' + ts * interval '0.001 second' as date)
order by day;
