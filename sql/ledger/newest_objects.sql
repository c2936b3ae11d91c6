-- the objects that were loaded last, of what readers see
select o.object_key
from ledger.loads as l
inner join ledger.objects as o
    on l.batch_id = o.batch_id and l.dataset = o.dataset and l.partition_key = o.partition_key
where l.dataset = %(dataset)s and l.state = 'published'
order by l.published_at desc, l.partition_key desc, o.object_key desc
limit 50;
