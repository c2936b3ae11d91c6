-- A blocked day as it waits, on its way again.
insert into incoming_events (
    batch_id, fault,
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
    registration, session_id, song, status, ts, user_agent, user_id, event_date
)
select
    batch_id, fault,
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
    registration, session_id, song, status, ts, user_agent, user_id, event_date
from incoming.events
where event_date = cast(%(partition_key)s as date);

delete from incoming.events
where event_date = cast(%(partition_key)s as date);

update ledger.loads
set state = 'incoming'
where batch_id = %(batch_id)s and dataset = 'events' and partition_key = %(partition_key)s and state = 'blocked';
