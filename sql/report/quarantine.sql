-- records that could not be staged, by reason, with the first of each
select dataset, column_name, reason, records, object_key, position, raw_record
from (
    select
        q.dataset, q.column_name, q.reason, q.object_key, q.position, q.raw_record,
        count(*) over (partition by q.dataset, q.column_name, q.reason) as records,
        row_number() over (
            partition by q.dataset, q.column_name, q.reason
            order by q.object_key asc, q.position asc
        ) as place
    from ledger.quarantine as q
    inner join ledger.loads as l
        on q.batch_id = l.batch_id and q.dataset = l.dataset and q.partition_key = l.partition_key
    where l.state in ('blocked', 'published')
) as rejected
where place = 1
order by records desc, dataset desc, reason asc, column_name asc, object_key asc
limit 20;
