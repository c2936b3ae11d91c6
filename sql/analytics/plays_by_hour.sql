-- Plays by hour
-- When people listen: plays in each hour of the day, UTC.
select t.hour, count(*) as plays
from sparkify.songplays as p
inner join sparkify.time as t on p.start_time = t.start_time
group by t.hour
order by t.hour;
