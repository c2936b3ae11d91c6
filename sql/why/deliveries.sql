-- how many records of staging are this play, day by day
select event_date, count(*)
from staging.events
where
    page = 'NextSong'
    and user_id = %(user_id)s
    and session_id = %(session_id)s
    and item_in_session = %(item_in_session)s
    and ts = %(ts)s
group by event_date
order by event_date;
