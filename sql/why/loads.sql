-- the published load of a partition with the objects that it read
select
    l.batch_id, l.run_id, l.staged_at, l.published_at, l.staging_rules, l.star_rules, l.release_reason,
    o.object_key, o.version_token, o.size_bytes, o.content_hash
from ledger.loads as l
inner join ledger.objects as o
    on l.batch_id = o.batch_id and l.dataset = o.dataset and l.partition_key = o.partition_key
where l.dataset = %(dataset)s and l.partition_key = %(partition_key)s and l.state = 'published'
order by o.object_key;
