select
    songplay_id, start_time, user_id, level, song_id, artist_id, session_id, item_in_session, location,
    user_agent, event_date
from sparkify.songplays
where
    event_date not in (
        select cast(partition_key as date)
        from ledger.loads
        where dataset = 'events' and state = 'blocked'
    );
