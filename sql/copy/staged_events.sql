select event_date, count(*)
from incoming.events
where batch_id = %(batch_id)s and fault is null
group by event_date;
