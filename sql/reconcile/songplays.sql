-- songplays as it stood against songplays rebuilt from staging in this transaction
select 'missing' as finding, songplay_id, event_date, copies
from (
    (
        select
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date, count(*) as copies
        from sparkify.songplays
        group by
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date
    )
    except
    (
        select
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date, count(*) as copies
        from former_songplays
        group by
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date
    )
) as missing
union all
select 'surplus' as finding, songplay_id, event_date, copies
from (
    (
        select
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date, count(*) as copies
        from former_songplays
        group by
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date
    )
    except
    (
        select
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date, count(*) as copies
        from sparkify.songplays
        group by
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date
    )
) as surplus
order by finding, songplay_id, event_date;
