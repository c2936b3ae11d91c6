-- block: one row for each start_time
select cast(start_time as date) as partition_key, start_time, count(*) as copies
from sparkify.time
where start_time between cast(%(first)s as date) - 1 and cast(%(last)s as date) + 2
group by start_time
having count(*) > 1
