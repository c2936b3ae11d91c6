-- A day that did not pass: its rows stay for inspection, and the ledger says why.
insert into incoming.events (
    batch_id, fault,
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
    registration, session_id, song, status, ts, user_agent, user_id, event_date
)
select
    batch_id, fault,
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
    registration, session_id, song, status, ts, user_agent, user_id, event_date
from incoming_events
where event_date = cast(%(partition_key)s as date);

update ledger.loads
set state = 'blocked', verdict = %(verdict)s
where batch_id = %(batch_id)s and dataset = 'events' and partition_key = %(partition_key)s and state = 'incoming';
