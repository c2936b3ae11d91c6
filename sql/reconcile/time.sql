-- time as it stood against time rebuilt from staging in this transaction
select 'missing' as finding, start_time, hour, copies
from (
    (
        select
            start_time, hour, day, week, month, year, weekday, count(*) as copies
        from sparkify.time
        group by
            start_time, hour, day, week, month, year, weekday
    )
    except
    (
        select
            start_time, hour, day, week, month, year, weekday, count(*) as copies
        from former_time
        group by
            start_time, hour, day, week, month, year, weekday
    )
) as missing
union all
select 'surplus' as finding, start_time, hour, copies
from (
    (
        select
            start_time, hour, day, week, month, year, weekday, count(*) as copies
        from former_time
        group by
            start_time, hour, day, week, month, year, weekday
    )
    except
    (
        select
            start_time, hour, day, week, month, year, weekday, count(*) as copies
        from sparkify.time
        group by
            start_time, hour, day, week, month, year, weekday
    )
) as surplus
order by finding, start_time, hour;
