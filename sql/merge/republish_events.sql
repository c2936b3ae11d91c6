-- Every staged day as if it had just come.
create temp table publishing_days as
select distinct event_date
from staging.events;

create temp table withdrawn_events as
select event_date, page, auth, session_id, item_in_session, ts, user_id
from staging.events
where 1 = 0;
