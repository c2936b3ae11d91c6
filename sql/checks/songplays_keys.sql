-- block: the keys of plays are there, and each names one play
select event_date as partition_key, songplay_id, user_id, session_id, item_in_session, start_time
from sparkify.songplays
where
    event_date between %(first)s and %(last)s
    and (songplay_id is null or start_time is null or user_id is null or session_id is null or item_in_session is null)
union all
select max(event_date), max(songplay_id), user_id, session_id, item_in_session, start_time
from sparkify.songplays
where event_date between %(first)s and %(last)s
group by user_id, session_id, item_in_session, start_time
having count(*) > 1
