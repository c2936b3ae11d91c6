-- Plays by weekday
-- Which days of the week people listen on, Monday first.
select t.weekday, count(*) as plays
from sparkify.songplays as p
inner join sparkify.time as t on p.start_time = t.start_time
group by t.weekday
order by min(mod(extract(dow from t.start_time) + 6, 7));
