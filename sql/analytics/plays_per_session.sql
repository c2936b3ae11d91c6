-- Plays per session
-- Sessions by their number of plays. A session ends with its session_id, or where nothing plays for longer than
-- SPARKIFY_SESSION_PAUSE_MINUTES.
with {listening_sessions},

lengths as (
    select 1 as place, '1' as plays_in_session, 1 as least_plays, 1 as most_plays
    union all select 2, '2 to 3', 2, 3
    union all select 3, '4 to 7', 4, 7
    union all select 4, '8 to 15', 8, 15
    union all select 5, '16 to 31', 16, 31
    union all select 6, '32 to 63', 32, 63
    union all select 7, '64 and more', 64, null
)

select l.plays_in_session, count(s.plays) as sessions, coalesce(sum(s.plays), 0) as plays
from lengths as l
left join listening_sessions as s on s.plays between l.least_plays and coalesce(l.most_plays, s.plays)
where exists (select 1 from sparkify.songplays)
group by l.place, l.plays_in_session
order by l.place;
