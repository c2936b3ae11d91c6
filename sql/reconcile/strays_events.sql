-- staged events of days that are not published: nobody knows where they came from
select 'surplus' as finding, e.event_date, e.session_id, e.item_in_session, e.ts, count(*) as copies
from staging.events as e
left join ledger.loads as l
    on
        l.dataset = 'events'
        and l.state = 'published'
        and l.partition_key = cast(e.event_date as varchar(16))
where l.partition_key is null
group by e.event_date, e.session_id, e.item_in_session, e.ts
order by e.event_date, e.session_id, e.item_in_session, e.ts;
