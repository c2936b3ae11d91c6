select
    songplay_id, start_time, user_id, level, song_id, artist_id, session_id, item_in_session, location,
    user_agent, event_date
from sparkify.songplays
where
    cast(event_date as varchar(16)) not in (
        select b.partition_key
        from ledger.loads as b
        where b.dataset = 'events' and b.state = 'blocked'
    );
