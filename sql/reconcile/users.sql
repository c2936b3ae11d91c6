-- users as it stood against users rebuilt from staging in this transaction
select 'missing' as finding, user_id, event_date, copies
from (
    (
        select
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date, count(*) as copies
        from sparkify.users
        group by
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date
    )
    except
    (
        select
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date, count(*) as copies
        from former_users
        group by
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date
    )
) as missing
union all
select 'surplus' as finding, user_id, event_date, copies
from (
    (
        select
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date, count(*) as copies
        from former_users
        group by
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date
    )
    except
    (
        select
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date, count(*) as copies
        from sparkify.users
        group by
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date
    )
) as surplus
order by finding, user_id, event_date;
