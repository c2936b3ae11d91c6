-- block: what was read is staged or in quarantine, and staging holds what was staged
select
    l.partition_key,
    l.records_read,
    l.rows_staged,
    l.rows_quarantined,
    coalesce(s.staged, 0) as in_staging,
    coalesce(q.quarantined, 0) as in_quarantine
from ledger.loads as l
left join (
    select event_date, count(*) as staged
    from staging.events
    where event_date between %(first)s and %(last)s
    group by event_date
) as s on cast(l.partition_key as date) = s.event_date
left join (
    select batch_id, partition_key, count(*) as quarantined
    from ledger.quarantine
    where dataset = 'events'
    group by batch_id, partition_key
) as q on l.batch_id = q.batch_id and l.partition_key = q.partition_key
where
    l.dataset = 'events' and l.state = 'published'
    and l.partition_key between cast(%(first)s as varchar(16)) and cast(%(last)s as varchar(16))
    and (
        l.records_read <> l.rows_staged + l.rows_quarantined
        or l.rows_staged <> coalesce(s.staged, 0)
        or l.rows_quarantined <> coalesce(q.quarantined, 0)
    )
