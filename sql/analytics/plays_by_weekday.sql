-- Plays by weekday
-- Plays on an average Monday, Tuesday and so on (UTC), since the data may hold five of the one and four of the other.
-- local_plays go by the listeners' local time, as far as their location is in the United States.
with {reach_of_plays},

{calendar},

{local_plays},

weekdays as (
    select 1 as place, 'Monday' as weekday
    union all select 2, 'Tuesday'
    union all select 3, 'Wednesday'
    union all select 4, 'Thursday'
    union all select 5, 'Friday'
    union all select 6, 'Saturday'
    union all select 7, 'Sunday'
),

days_of as (
    select mod(extract(dow from day) + 6, 7) + 1 as place, count(*) as days
    from calendar
    group by mod(extract(dow from day) + 6, 7) + 1
),

plays_in_utc as (
    select mod(extract(dow from start_time) + 6, 7) + 1 as place, count(*) as plays
    from sparkify.songplays
    group by mod(extract(dow from start_time) + 6, 7) + 1
),

plays_in_local_time as (
    select mod(extract(dow from local_time) + 6, 7) + 1 as place, sum(plays) as plays
    from local_plays
    group by mod(extract(dow from local_time) + 6, 7) + 1
)

select
    w.weekday,
    coalesce(u.plays, 0) as plays,
    coalesce(d.days, 0) as days,
    cast(1.0 * coalesce(u.plays, 0) / d.days as decimal(18, 1)) as plays_per_day,
    coalesce(l.plays, 0) as local_plays
from weekdays as w
inner join reach as r on r.first_day is not null
left join days_of as d on w.place = d.place
left join plays_in_utc as u on w.place = u.place
left join plays_in_local_time as l on w.place = l.place
order by w.place;
