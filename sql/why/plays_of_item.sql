-- the plays at one place of the sessions that share a number
select songplay_id
from sparkify.songplays
where session_id = %(session_id)s and item_in_session = %(item_in_session)s
order by start_time, user_id;
