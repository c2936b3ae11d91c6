-- the partitions that a run staged, published or not
select
    l.dataset, l.partition_key, l.state, l.objects, cast(coalesce(sum(o.size_bytes), 0) as bigint) as bytes,
    l.records_read, l.rows_staged, l.rows_quarantined, l.verdict
from ledger.loads as l
left join ledger.objects as o
    on l.batch_id = o.batch_id and l.dataset = o.dataset and l.partition_key = o.partition_key
where l.run_id = %(run_id)s
group by
    l.dataset, l.partition_key, l.state, l.objects, l.records_read, l.rows_staged, l.rows_quarantined, l.verdict
order by l.dataset desc, l.partition_key asc;
