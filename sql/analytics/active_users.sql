-- Active users
-- Users with a play on each day (UTC), in the week and in the 30 days that end on it.
with user_days as (
    select distinct cast(start_time as date) as day, user_id
    from sparkify.songplays
)

select
    d.day,
    count(distinct case when u.day = d.day then u.user_id end) as daily,
    count(distinct case when u.day > d.day - 7 then u.user_id end) as weekly,
    count(distinct u.user_id) as monthly
from (select distinct day from user_days) as d
inner join user_days as u on d.day - 30 < u.day and d.day >= u.day
group by d.day
order by d.day;
