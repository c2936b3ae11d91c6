-- One row for each start_time of songplays: those of plays that came are added, those that no play has any more go.
-- Only the time that the touched plays span is read: first_ts and last_ts are literals.
create temp table lost_times as
select distinct r.start_time
from replaced_plays as r
left join sparkify.songplays as s
    on
        r.start_time = s.start_time
        and s.start_time
        {within_touched_times}
where s.start_time is null;

delete from sparkify.time
using lost_times
where time.start_time = lost_times.start_time;

create temp table touched_times as
select p.start_time, t.start_time as former_start
from (select distinct start_time from plays) as p
left join sparkify.time as t
    on
        p.start_time = t.start_time
        and t.start_time
        {within_touched_times};

insert into sparkify.time ({columns of sparkify.time})
select
    start_time,
    date_part('hour', start_time),
    date_part('day', start_time),
    date_part('week', start_time),
    date_part('month', start_time),
    date_part('year', start_time),
    case date_part('dow', start_time)
        when 0 then 'Sunday'
        when 1 then 'Monday'
        when 2 then 'Tuesday'
        when 3 then 'Wednesday'
        when 4 then 'Thursday'
        when 5 then 'Friday'
        else 'Saturday'
    end,
    date_part('year', date_trunc('week', start_time) + interval '3 days') -- an ISO week is of its Thursday's year
from touched_times
where former_start is null;

select
    count(*) - count(t.former_start) as inserted,
    0 as updated,
    (select count(*) from lost_times) as deleted,
    count(t.former_start) as unchanged
from touched_times as t;
