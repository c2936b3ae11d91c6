-- rejected records of what is published
select
    q.dataset, q.partition_key, q.object_key, q.position, q.column_name, q.reason, q.raw_record
from ledger.quarantine as q
inner join ledger.loads as l
    on q.batch_id = l.batch_id and q.dataset = l.dataset and q.partition_key = l.partition_key
where
    {published_alone};
