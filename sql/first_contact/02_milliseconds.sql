-- Is a time made of ts exact to the millisecond, from the year 1 on?
-- docs: r_interval_literals
-- expected: -62135596800000 | 0001-01-01 00:00:00
-- expected: 1541105830796 | 2018-11-01 20:57:10.796000
create temp table moments (ts bigint);

insert into moments values (-62135596800000), (1541105830796);

select ts, timestamp 'epoch' + ts * interval '0.001 second' as moment
from moments
order by ts;
