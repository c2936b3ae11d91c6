-- Top locations
-- The ten metropolitan areas with the most plays, and how many users play there.
select rtrim(location) as location, count(*) as plays, count(distinct user_id) as users
from sparkify.songplays
where rtrim(location) <> ''
group by rtrim(location)
order by plays desc, location asc
limit 10;
