-- each loaded day: when readers got it, and its last event (both UTC)
select
    l.partition_key as event_date,
    l.published_at as arrived_at,
    timestamp 'epoch' + max(e.ts) * interval '0.001 second' as last_event_at
from ledger.loads as l
left join staging.events as e on l.partition_key = cast(e.event_date as varchar(16))
where l.dataset = 'events' and l.state = 'published'
group by l.partition_key, l.published_at
order by event_date;
