-- Retention by week
-- Of the users whose first play is in a week (by its Monday, UTC), how many play again so many weeks later.
with user_weeks as (
    select distinct user_id, cast(date_trunc('week', start_time) as date) as week
    from sparkify.songplays
),

first_weeks as (
    select user_id, min(week) as first_week
    from user_weeks
    group by user_id
),

cohorts as (
    select first_week, count(*) as newcomers
    from first_weeks
    group by first_week
)

select
    f.first_week,
    (w.week - f.first_week) / 7 as weeks_later,
    c.newcomers,
    count(*) as users,
    cast(100.0 * count(*) / c.newcomers as decimal(5, 2)) as users_percent
from first_weeks as f
inner join user_weeks as w on f.user_id = w.user_id
inner join cohorts as c on f.first_week = c.first_week
group by f.first_week, weeks_later, c.newcomers
order by f.first_week, weeks_later;
