-- Which plays the songs touch: those whose title and artist a changed song has or had. A play is one with all its
-- records, also those that name another song. One scan of narrow columns of staging.events for the titles, one for
-- the keys.
create temp table touched_plays as
select distinct e.session_id, e.item_in_session
from staging.events as e
inner join touched_titles as t on rtrim(e.song) = t.title and rtrim(e.artist) = t.artist_name
where e.page = 'NextSong';

create temp table contested_records as
select
    e.session_id, e.item_in_session, e.ts, e.event_date, e.artist, e.auth, e.first_name, e.gender,
    e.last_name, e.length, e.level, e.location, e.method, e.registration, e.song, e.status, e.user_agent,
    e.user_id
from staging.events as e
inner join touched_plays as t on e.session_id = t.session_id and e.item_in_session = t.item_in_session
where e.page = 'NextSong';

create temp table plays as
select
    session_id, item_in_session, ts, event_date, user_id, level, song, artist, length, location, user_agent
from contested_records
where 1 = 0;

create temp table former_plays as
select session_id, item_in_session, timestamp 'epoch' + ts * interval '0.001 second' as start_time
from contested_records;
