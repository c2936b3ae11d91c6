-- Top users
-- The ten users who play most, with their plan as of their latest event.
select
    p.user_id,
    nullif(trim(coalesce(u.first_name, '') || ' ' || coalesce(u.last_name, '')), '') as name,
    u.level,
    count(*) as plays
from sparkify.songplays as p
inner join sparkify.users as u on p.user_id = u.user_id
group by p.user_id, u.first_name, u.last_name, u.level
order by plays desc, p.user_id asc
limit 10;
