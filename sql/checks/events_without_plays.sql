-- warn: among twenty events of a day or more, at least one is a play (an event with page NextSong)
select
    event_date as partition_key,
    count(*) as events,
    sum(case when page = 'NextSong' then 1 else 0 end) as plays,
    min(page) as page
from staging.events
where event_date between %(first)s and %(last)s
group by event_date
having count(*) >= 20 and sum(case when page = 'NextSong' then 1 else 0 end) = 0
