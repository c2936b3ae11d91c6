-- how many plays were written, by day
select event_date, count(*)
from plays
group by event_date
order by event_date;
