-- the version of each partition, or of some, that was staged last, with the objects that it was read from
select
    l.dataset, l.partition_key, l.state, l.batch_id, l.staging_rules, l.star_rules, o.object_key, o.version_token
from ledger.loads as l
left join ledger.objects as o
    on l.batch_id = o.batch_id and l.dataset = o.dataset and l.partition_key = o.partition_key
where
    l.state in ('blocked', 'published')
    and (%(everything)s or (l.dataset in %(datasets)s and l.partition_key in %(partition_keys)s))
-- a published version comes before the one that is blocked from replacing it
order by case l.state when 'published' then 0 else 1 end;
