-- users as it stood against users rebuilt from staging in this transaction
-- letters: Redshift compares text without its trailing blanks, which its length counts
select 'missing' as finding, user_id, event_date, copies
from (
    (
        select
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date,
            coalesce(len(first_name), 0) + coalesce(len(last_name), 0) + coalesce(len(gender), 0)
            + coalesce(len(level), 0) as letters,
            count(*) as copies
        from sparkify.users
        group by
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date, letters
    )
    except
    (
        select
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date,
            coalesce(len(first_name), 0) + coalesce(len(last_name), 0) + coalesce(len(gender), 0)
            + coalesce(len(level), 0) as letters,
            count(*) as copies
        from former_users
        group by
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date, letters
    )
) as missing
union all
select 'surplus' as finding, user_id, event_date, copies
from (
    (
        select
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date,
            coalesce(len(first_name), 0) + coalesce(len(last_name), 0) + coalesce(len(gender), 0)
            + coalesce(len(level), 0) as letters,
            count(*) as copies
        from former_users
        group by
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date, letters
    )
    except
    (
        select
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date,
            coalesce(len(first_name), 0) + coalesce(len(last_name), 0) + coalesce(len(gender), 0)
            + coalesce(len(level), 0) as letters,
            count(*) as copies
        from sparkify.users
        group by
            user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session,
            event_date, letters
    )
) as surplus
order by finding, user_id, event_date;
