-- Paid and free plays
-- Plays of each day (UTC) by the plan that the user had at that moment.
select
    cast(start_time as date) as day,
    sum(case when level = 'paid' then 1 else 0 end) as paid,
    sum(case when level = 'free' then 1 else 0 end) as free
from sparkify.songplays
group by cast(start_time as date)
order by day;
