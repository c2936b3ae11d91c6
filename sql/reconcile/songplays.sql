-- songplays as it stood against songplays rebuilt from staging in this transaction
-- letters: Redshift compares text without its trailing blanks, which its length counts
select 'missing' as finding, songplay_id, event_date, copies
from (
    (
        select
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date,
            coalesce(len(songplay_id), 0) + coalesce(len(level), 0) + coalesce(len(song_id), 0)
            + coalesce(len(artist_id), 0) + coalesce(len(location), 0) + coalesce(len(user_agent), 0) as letters,
            count(*) as copies
        from sparkify.songplays
        group by
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date, letters
    )
    except
    (
        select
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date,
            coalesce(len(songplay_id), 0) + coalesce(len(level), 0) + coalesce(len(song_id), 0)
            + coalesce(len(artist_id), 0) + coalesce(len(location), 0) + coalesce(len(user_agent), 0) as letters,
            count(*) as copies
        from former_songplays
        group by
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date, letters
    )
) as missing
union all
select 'surplus' as finding, songplay_id, event_date, copies
from (
    (
        select
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date,
            coalesce(len(songplay_id), 0) + coalesce(len(level), 0) + coalesce(len(song_id), 0)
            + coalesce(len(artist_id), 0) + coalesce(len(location), 0) + coalesce(len(user_agent), 0) as letters,
            count(*) as copies
        from former_songplays
        group by
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date, letters
    )
    except
    (
        select
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date,
            coalesce(len(songplay_id), 0) + coalesce(len(level), 0) + coalesce(len(song_id), 0)
            + coalesce(len(artist_id), 0) + coalesce(len(location), 0) + coalesce(len(user_agent), 0) as letters,
            count(*) as copies
        from sparkify.songplays
        group by
            songplay_id, start_time, user_id, level, song_id, artist_id, session_id,
            item_in_session, location, user_agent, event_date, letters
    )
) as surplus
order by finding, songplay_id, event_date;
