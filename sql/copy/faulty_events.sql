-- a day's records that COPY took and that still cannot be staged, with what finds them again in their object
select fault, page, auth, user_id, session_id, item_in_session, ts
from incoming.events
where batch_id = %(batch_id)s and event_date = %(event_date)s and fault is not null
order by fault, user_id, session_id, item_in_session, ts;
