-- Plays by day
-- How much is played each day (UTC), and by how many users.
select cast(start_time as date) as day, count(*) as plays, count(distinct user_id) as users
from sparkify.songplays
group by cast(start_time as date)
order by day;
