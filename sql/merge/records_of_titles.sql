-- A play that the songs touch is one with all its records, also those that name another song. Only the time that these
-- plays span is read.
create temp table contested_records as
select
    {record_columns as e}
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
    {play_columns}
from contested_records
where 1 = 0;

create temp table former_plays as
select user_id, session_id, item_in_session, start_time
from touched_plays;
