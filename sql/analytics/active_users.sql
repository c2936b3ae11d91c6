-- Active users
-- Users with a play on each day (UTC), in the week and in the 30 days that end on it. A line is faint until the data
-- reaches back that far: in_window counts the days of the 30 that lie in the data.
with {reach_of_plays},

{calendar},

user_days as (
    select distinct cast(start_time as date) as day, user_id
    from sparkify.songplays
)

select
    c.day,
    count(distinct case when u.day = c.day then u.user_id end) as daily,
    count(distinct case when u.day > c.day - 7 then u.user_id end) as weekly,
    count(distinct u.user_id) as monthly,
    least(c.day - r.first_day + 1, 30) as in_window
from calendar as c
cross join reach as r
left join user_days as u on c.day - 30 < u.day and c.day >= u.day
group by c.day, r.first_day
order by c.day;
