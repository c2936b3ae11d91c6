select
    user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session, event_date
from sparkify.users;
