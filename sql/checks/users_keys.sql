-- block: one row for each user
select max(event_date) as partition_key, user_id, count(*) as copies
from sparkify.users
group by user_id
having count(*) > 1 or user_id is null
