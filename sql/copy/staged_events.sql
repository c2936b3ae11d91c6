select count(*)
from incoming.events
where batch_id = %(batch_id)s and event_date = %(event_date)s and fault is null;
