select
    songplay_id, start_time, user_id, level, song_id, artist_id, session_id, item_in_session, location,
    user_agent, event_date
from sparkify.songplays
where
    event_date not in (
        select cast(b.partition_key as date)
        from ledger.loads as b
        where b.dataset = 'events' and b.state = 'blocked'
    );
