-- staged events against the objects as COPY reads them now; rows of each content are counted
select 'missing' as finding, event_date, session_id, item_in_session, ts, copies
from (
    (
        select
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date, count(*) as copies
        from incoming_events
        where fault is null
        group by
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date
    )
    except
    (
        select
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date, count(*) as copies
        from staging.events
        where event_date in %(event_dates)s
        group by
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date
    )
) as missing
union all
select 'surplus' as finding, event_date, session_id, item_in_session, ts, copies
from (
    (
        select
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date, count(*) as copies
        from staging.events
        where event_date in %(event_dates)s
        group by
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date
    )
    except
    (
        select
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date, count(*) as copies
        from incoming_events
        where fault is null
        group by
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date
    )
) as surplus
order by finding, event_date, session_id;
