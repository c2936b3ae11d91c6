-- the version of each partition that readers see or that waits to replace it: how many records it had, in how many
-- objects and bytes
select
    l.batch_id, l.dataset, l.partition_key, l.records_read, count(o.object_key) as objects,
    cast(coalesce(sum(o.size_bytes), 0) as bigint) as bytes
from ledger.loads as l
left join ledger.objects as o
    on l.batch_id = o.batch_id and l.dataset = o.dataset and l.partition_key = o.partition_key
where l.state in ('blocked', 'published')
group by l.batch_id, l.dataset, l.partition_key, l.records_read;
