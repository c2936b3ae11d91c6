-- the objects of what is published
select
    o.dataset, o.partition_key, o.object_key, o.size_bytes
from ledger.objects as o
inner join ledger.loads as l
    on o.batch_id = l.batch_id and o.dataset = l.dataset and o.partition_key = l.partition_key
where
    {published_alone};
