-- Retention by week
-- Of the users who registered in a week (by its Monday, UTC), those who play so many weeks later, in each week of the
-- data. Dashed are the weeks of which the data holds only some days. The picture shows the latest twelve weeks of
-- registration and twelve weeks of each. Users without a registration are left out.
with {reach_of_plays},

{calendar},

registrations as (
    select
        user_id,
        cast(
            date_trunc('week', timestamp 'epoch' + cast(min(registration) as bigint) * interval '0.001 second') as date
        ) as registered_week
    from staging.events
    where auth = 'Logged In' and user_id is not null and registration is not null
    group by user_id
),

cohorts as (
    select registered_week, count(*) as newcomers
    from registrations
    group by registered_week
),

weeks as (
    select cast(date_trunc('week', day) as date) as week, count(*) as days
    from calendar
    group by cast(date_trunc('week', day) as date)
),

user_weeks as (
    select r.registered_week, p.week, count(distinct p.user_id) as users
    from (select user_id, cast(date_trunc('week', start_time) as date) as week from sparkify.songplays) as p
    inner join registrations as r on p.user_id = r.user_id
    group by r.registered_week, p.week
)

select
    c.registered_week,
    (w.week - c.registered_week) / 7 as weeks_later,
    c.newcomers,
    coalesce(u.users, 0) as users,
    cast(100.0 * coalesce(u.users, 0) / c.newcomers as decimal(9, 6)) as users_percent,
    w.days
from cohorts as c
inner join weeks as w on c.registered_week <= w.week
left join user_weeks as u on c.registered_week = u.registered_week and w.week = u.week
order by c.registered_week, weeks_later;
