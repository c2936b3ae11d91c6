-- Session length
-- Sessions by the time from the start of their first song to the end of their last, by its own length. A session ends
-- with its session_id, or where nothing plays for longer than SPARKIFY_SESSION_PAUSE_MINUTES.
with {listening_sessions},

lengths as (
    select 1 as place, 'under 5 min' as length, 0 as from_minutes, 5 as to_minutes
    union all select 2, '5 to 15 min', 5, 15
    union all select 3, '15 to 30 min', 15, 30
    union all select 4, '30 to 60 min', 30, 60
    union all select 5, '1 to 2 h', 60, 120
    union all select 6, '2 to 4 h', 120, 240
    union all select 7, '4 h and more', 240, null
)

select l.length, count(s.plays) as sessions
from lengths as l
left join listening_sessions as s
    on
        s.end_time >= s.start_time + l.from_minutes * interval '1 minute'
        and (l.to_minutes is null or s.end_time < s.start_time + l.to_minutes * interval '1 minute')
where exists (select 1 from sparkify.songplays)
group by l.place, l.length
order by l.place;
