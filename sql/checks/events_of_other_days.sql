-- warn: an event is of the day (UTC) that its file is named after
-- Taken as milliseconds since 1970, a time in seconds is of 1970 to 1973, and one in microseconds later than the year
-- 5000. Only plays are sure to be of the years 1 to 9999: any other time has no day here.
select
    event_date as partition_key, day_of_ts, count(*) as records, min(ts) as ts,
    case
        when min(ts) >= 0 and max(ts) < 100000000000 then 'seconds'
        when min(ts) > 100000000000000 then 'microseconds'
        else 'milliseconds'
    end as looks_like
from (
    select
        event_date, ts,
        cast(
            timestamp 'epoch'
            + case when ts between -62135596800000 and 253402300799999 then ts end * interval '0.001 second'
            as date
        ) as day_of_ts
    from staging.events
    where event_date between %(first)s and %(last)s and ts is not null
) as e
where day_of_ts is null or event_date <> day_of_ts
group by event_date, day_of_ts
order by event_date asc, records desc, day_of_ts asc
