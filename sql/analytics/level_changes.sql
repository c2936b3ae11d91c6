-- Level changes
-- Changes from free to paid and back, by day (UTC): each event of a logged-in user against the one before. A user with
-- two open sessions may go back and forth, so to_paid and to_free count the users who end the day on another plan than
-- their day before.
with events as (
    select
        user_id, level, ts, session_id, item_in_session, page,
        cast(timestamp 'epoch' + ts * interval '0.001 second' as date) as day,
        row_number() over (
            partition by user_id, session_id, item_in_session, ts, page
            order by
                {delivery_order}
        ) as place
    from staging.events
    where auth = 'Logged In' and user_id is not null
),

levels as (
    select
        user_id, day, level,
        lag(level) over (partition by user_id order by ts, session_id, item_in_session, page) as former_level,
        row_number() over (
            partition by user_id, day order by ts desc, session_id desc, item_in_session desc, page desc
        ) as from_end
    from events
    where place = 1
),

changes as (
    select
        day,
        count(case when level = 'paid' and former_level = 'free' then 1 end) as upgrades,
        count(case when level = 'free' and former_level = 'paid' then 1 end) as downgrades
    from levels
    group by day
),

last_levels as (
    select day, level, lag(level) over (partition by user_id order by day) as former_level
    from levels
    where from_end = 1
),

reach as (
    select min(day) as first_day, max(day) as last_day
    from levels
),

{calendar},

users_changed as (
    select
        day,
        count(case when level = 'paid' and former_level = 'free' then 1 end) as to_paid,
        count(case when level = 'free' and former_level = 'paid' then 1 end) as to_free
    from last_levels
    group by day
)

select
    c.day,
    coalesce(e.upgrades, 0) as upgrades,
    coalesce(e.downgrades, 0) as downgrades,
    coalesce(u.to_paid, 0) as to_paid,
    coalesce(u.to_free, 0) as to_free
from calendar as c
left join changes as e on c.day = e.day
left join users_changed as u on c.day = u.day
order by c.day;
