-- Plays by day
-- How much is played each day (UTC), and by how many users. Days without a play count as such.
with {reach_of_plays},

{calendar}

select c.day, count(p.start_time) as plays, count(distinct p.user_id) as users
from calendar as c
left join sparkify.songplays as p on c.day = cast(p.start_time as date)
group by c.day
order by c.day;
