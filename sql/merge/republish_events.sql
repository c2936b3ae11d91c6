-- Every staged day as if it had just come.
create temp table publishing_days as
select distinct event_date
from staging.events;

insert into incoming_events (
    batch_id, artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
    registration, session_id, song, status, ts, user_agent, user_id, event_date
)
select
    '', artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
    registration, session_id, song, status, ts, user_agent, user_id, event_date
from staging.events;
