-- staged events against the objects as COPY reads them now; rows of each content are counted
-- letters: Redshift compares text without its trailing blanks, which its length counts
select 'missing' as finding, event_date, session_id, item_in_session, ts, copies
from (
    (
        select
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date,
            coalesce(len(artist), 0) + coalesce(len(auth), 0) + coalesce(len(first_name), 0)
            + coalesce(len(gender), 0) + coalesce(len(last_name), 0) + coalesce(len(level), 0)
            + coalesce(len(location), 0) + coalesce(len(method), 0) + coalesce(len(page), 0)
            + coalesce(len(song), 0) + coalesce(len(user_agent), 0) as letters,
            count(*) as copies
        from incoming_events
        where fault is null
        group by
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date, letters
    )
    except
    (
        select
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date,
            coalesce(len(artist), 0) + coalesce(len(auth), 0) + coalesce(len(first_name), 0)
            + coalesce(len(gender), 0) + coalesce(len(last_name), 0) + coalesce(len(level), 0)
            + coalesce(len(location), 0) + coalesce(len(method), 0) + coalesce(len(page), 0)
            + coalesce(len(song), 0) + coalesce(len(user_agent), 0) as letters,
            count(*) as copies
        from staging.events
        where event_date in %(event_dates)s
        group by
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date, letters
    )
) as missing
union all
select 'surplus' as finding, event_date, session_id, item_in_session, ts, copies
from (
    (
        select
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date,
            coalesce(len(artist), 0) + coalesce(len(auth), 0) + coalesce(len(first_name), 0)
            + coalesce(len(gender), 0) + coalesce(len(last_name), 0) + coalesce(len(level), 0)
            + coalesce(len(location), 0) + coalesce(len(method), 0) + coalesce(len(page), 0)
            + coalesce(len(song), 0) + coalesce(len(user_agent), 0) as letters,
            count(*) as copies
        from staging.events
        where event_date in %(event_dates)s
        group by
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date, letters
    )
    except
    (
        select
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date,
            coalesce(len(artist), 0) + coalesce(len(auth), 0) + coalesce(len(first_name), 0)
            + coalesce(len(gender), 0) + coalesce(len(last_name), 0) + coalesce(len(level), 0)
            + coalesce(len(location), 0) + coalesce(len(method), 0) + coalesce(len(page), 0)
            + coalesce(len(song), 0) + coalesce(len(user_agent), 0) as letters,
            count(*) as copies
        from incoming_events
        where fault is null
        group by
            artist, auth, first_name, gender, item_in_session, last_name, length, level, location,
            method, page, registration, session_id, song, status, ts, user_agent, user_id,
            event_date, letters
    )
) as surplus
order by finding, event_date, session_id;
