-- rejected records, of what is published and of what is blocked
select
    q.dataset, q.partition_key, l.state, q.object_key, q.position, q.column_name, q.reason, q.raw_record
from ledger.quarantine as q
inner join ledger.loads as l
    on q.batch_id = l.batch_id and q.dataset = l.dataset and q.partition_key = l.partition_key
where
    l.state in ('blocked', 'published')
    and (cast(%(partition_key)s as varchar(16)) is null or q.partition_key = %(partition_key)s)
    and (cast(%(object_key)s as varchar(1024)) is null or q.object_key = %(object_key)s)
order by
    q.dataset desc, q.partition_key asc, q.object_key asc, q.position asc, q.column_name asc, q.reason asc;
