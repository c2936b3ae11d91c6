-- Paid and free plays
-- Plays of each day (UTC) by the plan that the user had at that moment.
with {reach_of_plays},

{calendar}

select
    c.day,
    count(case when p.level = 'paid' then 1 end) as paid,
    count(case when p.level = 'free' then 1 end) as free
from calendar as c
left join sparkify.songplays as p on c.day = cast(p.start_time as date)
group by c.day
order by c.day;
