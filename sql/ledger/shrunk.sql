-- the partitions that readers see with fewer rows than the version that they replaced, and that nobody has released
select l.dataset, l.partition_key, p.rows_staged as rows_before, l.rows_staged as rows_now
from ledger.loads as l
inner join ledger.replaced_loads as r
    on l.batch_id = r.batch_id and l.dataset = r.dataset and l.partition_key = r.partition_key
inner join ledger.loads as p
    on r.replaced_batch_id = p.batch_id and r.dataset = p.dataset and r.partition_key = p.partition_key
where l.state = 'published' and l.release_reason is null and l.rows_staged < p.rows_staged
order by l.dataset desc, l.partition_key asc;
