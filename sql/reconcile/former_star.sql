-- the star as it stands, set aside while it is rebuilt for comparison
create temp table former_songplays as
select
    songplay_id, start_time, user_id, level, song_id, artist_id, session_id, item_in_session,
    location, user_agent, event_date
from sparkify.songplays;

create temp table former_users as
select
    user_id, first_name, last_name, gender, level, event_ts, session_id, item_in_session, event_date
from sparkify.users;

create temp table former_songs as
select
    song_id, title, artist_id, year, duration
from sparkify.songs;

create temp table former_artists as
select
    artist_id, name, location, latitude, longitude
from sparkify.artists;

create temp table former_time as
select
    start_time, hour, day, week, month, year, weekday
from sparkify.time;
