select event_date, count(*)
from incoming_events
where fault is null
group by event_date;
