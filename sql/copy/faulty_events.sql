-- records of a batch that COPY took and that still cannot be staged, with what finds them again in their object
select event_date, fault, page, auth, user_id, session_id, item_in_session, ts
from incoming_events
where fault is not null
order by event_date, fault, user_id, session_id, item_in_session, ts;
