-- warn: an event is of the day that its file is named after
select event_date as partition_key, session_id, item_in_session, ts
from staging.events
where
    event_date between %(first)s and %(last)s
    and (
        ts < extract(epoch from event_date) * 1000
        or ts >= (extract(epoch from event_date) + 86400) * 1000
    )
