-- The published rows of a day come along with the batch.
insert into incoming_events (
    batch_id,
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
    registration, session_id, song, status, ts, user_agent, user_id, event_date
)
select
    %(batch_id)s,
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
    registration, session_id, song, status, ts, user_agent, user_id, event_date
from staging.events
where event_date = cast(%(partition_key)s as date);
