-- A play that the songs touch is one with all its records, also those that name another song. Only the time that these
-- plays span is read.
create temp table contested_records as
select
    e.user_id, e.session_id, e.item_in_session, e.ts, e.event_date, e.artist, e.auth, e.first_name, e.gender,
    e.last_name, e.length, e.level, e.location, e.method, e.registration, e.song, e.status, e.user_agent
from staging.events as e
inner join touched_plays as t
    on
        e.session_id = t.session_id
        and e.item_in_session = t.item_in_session
        and e.user_id = t.user_id
        and e.ts = t.ts
where e.page = 'NextSong' and e.ts between %(first_ts)s and %(last_ts)s;

create temp table plays as
select
    user_id, session_id, item_in_session, ts, event_date, level, song, artist, length, location, user_agent
from contested_records
where 1 = 0;

create temp table former_plays as
select user_id, session_id, item_in_session, start_time
from touched_plays;
