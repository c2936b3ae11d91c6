-- what waits behind the checks that block: what they said, and the first rejected record
select l.dataset, l.partition_key, l.verdict, q.object_key, q.position, q.reason
from ledger.loads as l
left join (
    select
        batch_id, dataset, partition_key, object_key, position, reason,
        row_number() over (
            partition by batch_id, dataset, partition_key order by object_key, position, column_name, reason
        ) as place
    from ledger.quarantine
) as q
    on l.batch_id = q.batch_id and l.dataset = q.dataset and l.partition_key = q.partition_key and q.place = 1
where l.state = 'blocked'
order by l.dataset desc, l.partition_key asc;
