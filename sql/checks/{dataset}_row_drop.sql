-- block: a {partition} does not lose all of its rows, or most of them, while its objects are still there
with dropped as (
    select
        l.batch_id, l.partition_key, r.replaced_batch_id, p.rows_staged as rows_published,
        l.rows_staged as rows_arriving
    from ledger.loads as l
    inner join ledger.replaced_loads as r
        on l.batch_id = r.batch_id and l.dataset = r.dataset and l.partition_key = r.partition_key
    inner join ledger.loads as p
        on r.replaced_batch_id = p.batch_id and r.dataset = p.dataset and r.partition_key = p.partition_key
    where
        l.dataset = '{dataset}' and l.state = 'published'
        and l.partition_key between {first_to_last}
        and p.rows_staged > 0
        and (
            l.rows_staged = 0
            or (l.objects >= p.objects and l.rows_staged < (1 - %(max_drop)s) * p.rows_staged)
        )
)

select d.partition_key, c.object_key, d.rows_published, d.rows_arriving
from dropped as d
left join (
    -- the objects that are not what they were in the published version
    select n.partition_key, o.object_key
    from dropped as n
    inner join ledger.objects as o
        on n.batch_id = o.batch_id and n.partition_key = o.partition_key
    left join ledger.objects as f
        on
            n.replaced_batch_id = f.batch_id
            and o.dataset = f.dataset
            and o.partition_key = f.partition_key
            and o.object_key = f.object_key
            and o.version_token = f.version_token
    where o.dataset = '{dataset}' and f.object_key is null
) as c on d.partition_key = c.partition_key
order by d.partition_key, c.object_key
