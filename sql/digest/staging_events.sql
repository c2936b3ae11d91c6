select
    artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page,
    registration, session_id, song, status, ts, user_agent, user_id, event_date
from staging.events
where
    cast(event_date as varchar(16)) not in (
        select b.partition_key
        from ledger.loads as b
        where b.dataset = 'events' and b.state = 'blocked'
    );
