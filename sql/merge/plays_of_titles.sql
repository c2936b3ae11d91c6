-- Which plays the songs touch: those whose title and artist a changed song has or had. One scan of narrow columns of
-- staging.events.
create temp table touched_plays as
select distinct
    e.user_id, e.session_id, e.item_in_session, e.ts, timestamp 'epoch' + e.ts * interval '0.001 second' as start_time
from staging.events as e
inner join touched_titles as t on rtrim(e.song) = t.title and rtrim(e.artist) = t.artist_name
where e.page = 'NextSong';
