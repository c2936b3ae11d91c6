-- Plays by hour
-- Plays in each hour of the day, in UTC and in the listeners' local time, as far as their location is in the United
-- States. plays_per_day are those in UTC over all days from the first play to the last.
with {reach_of_plays},

{digits},

{local_plays},

hours as (
    select 10 * tens.digit + ones.digit as hour
    from digits as tens
    cross join digits as ones
    where 10 * tens.digit + ones.digit < 24
),

plays_in_utc as (
    select extract(hour from start_time) as hour, count(*) as plays
    from sparkify.songplays
    group by extract(hour from start_time)
),

plays_in_local_time as (
    select extract(hour from local_time) as hour, sum(plays) as plays
    from local_plays
    group by extract(hour from local_time)
)

select
    h.hour,
    coalesce(u.plays, 0) as plays,
    coalesce(l.plays, 0) as local_plays,
    cast(1.0 * coalesce(u.plays, 0) / (r.last_day - r.first_day + 1) as decimal(18, 1)) as plays_per_day
from hours as h
inner join reach as r on r.first_day is not null
left join plays_in_utc as u on h.hour = u.hour
left join plays_in_local_time as l on h.hour = l.hour
order by h.hour;
