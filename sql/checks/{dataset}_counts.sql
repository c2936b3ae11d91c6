-- block: what was read is staged or in quarantine, and staging holds what was staged
select
    partition_key,
    max(records_read) as records_read,
    max(rows_staged) as rows_staged,
    max(rows_quarantined) as rows_quarantined,
    max(in_staging) as in_staging,
    max(in_quarantine) as in_quarantine
from (
    select partition_key, records_read, rows_staged, rows_quarantined, 0 as in_staging, 0 as in_quarantine
    from ledger.loads
    where
        dataset = '{dataset}' and state = 'published'
        and partition_key between {first_to_last}
    union all
    select {partition_key}, 0, 0, 0, count(*), 0
    from staging.{dataset}
    where {partition_column} between %(first)s and %(last)s
    group by {partition_column}
    union all
    select l.partition_key, 0, 0, 0, 0, count(*)
    from ledger.loads as l
    inner join ledger.quarantine as q
        on l.batch_id = q.batch_id and l.dataset = q.dataset and l.partition_key = q.partition_key
    where
        l.dataset = '{dataset}' and l.state = 'published'
        and l.partition_key between {first_to_last}
    group by l.partition_key
) as counted
group by partition_key
having
    max(records_read) <> max(rows_staged) + max(rows_quarantined)
    or max(rows_staged) <> max(in_staging)
    or max(rows_quarantined) <> max(in_quarantine)
