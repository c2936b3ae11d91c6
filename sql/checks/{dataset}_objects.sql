-- block: every object can be read, and of {must_stage} at least one is staged
select
    l.partition_key, f.object_key, f.fault, f.reason, f.records as records_refused,
    coalesce(p.rows_staged, 0) as rows_published, l.rows_staged as rows_arriving
from ledger.loads as l
inner join ledger.faulty_objects as f
    on l.batch_id = f.batch_id and l.dataset = f.dataset and l.partition_key = f.partition_key
left join ledger.replaced_loads as r
    on l.batch_id = r.batch_id and l.dataset = r.dataset and l.partition_key = r.partition_key
left join ledger.loads as p
    on r.replaced_batch_id = p.batch_id and r.dataset = p.dataset and r.partition_key = p.partition_key
where
    l.dataset = '{dataset}' and l.state = 'published'
    and l.partition_key between {first_to_last}
    and (f.fault = 'unreadable' or l.rows_staged = 0) -- songs only
order by l.partition_key, f.object_key
