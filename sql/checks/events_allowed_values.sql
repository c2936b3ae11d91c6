-- block: a logged-in user is on one of the two levels, and has no gender but F and M
select event_date as partition_key, user_id, session_id, item_in_session, level, gender
from staging.events
where
    event_date between %(first)s and %(last)s
    and auth = 'Logged In'
    and (coalesce(level, '') not in ('free', 'paid') or coalesce(gender, 'F') not in ('F', 'M'))
