-- The plays among the records that arrived, as far as a row of songplays is made of them, and their keys with the
-- number of records that each was delivered in. Made before the load takes its lock, unless published rows come along
-- with the batch (ledger/keep.sql).
create temp table plays as
select
    {play_columns}
from incoming_events
where page = 'NextSong' and fault is null;

create temp table touched_plays as
select user_id, session_id, item_in_session, ts, start_time, count(*) as deliveries
from plays
group by user_id, session_id, item_in_session, ts, start_time;
