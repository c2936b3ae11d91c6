-- Where the source holds only increments: the new version of a partition has what came and what was there. Nothing is
-- taken from the version that readers see, for the new one may be blocked. What was seen while reading what was there
-- stays, unless the same is to be said of what came; the queries of sql/checks are asked about both.
create temp table kept_load as
select batch_id, dataset, partition_key, objects, records_read, rows_staged, rows_quarantined
from ledger.loads
where dataset = %(dataset)s and partition_key = %(partition_key)s and state = 'published';

insert into ledger.objects (
    batch_id, dataset, partition_key, object_key, version_token, size_bytes, content_hash
)
select
    %(batch_id)s, o.dataset, o.partition_key, o.object_key, o.version_token, o.size_bytes, o.content_hash
from ledger.objects as o
inner join kept_load as k
    on o.batch_id = k.batch_id and o.dataset = k.dataset and o.partition_key = k.partition_key;

insert into ledger.quarantine (
    batch_id, dataset, partition_key, object_key, position, column_name, reason, raw_record
)
select
    %(batch_id)s, q.dataset, q.partition_key, q.object_key, q.position, q.column_name, q.reason, q.raw_record
from ledger.quarantine as q
inner join kept_load as k
    on q.batch_id = k.batch_id and q.dataset = k.dataset and q.partition_key = k.partition_key;

insert into ledger.warnings (
    batch_id, dataset, partition_key, check_name, violations, sample
)
select
    %(batch_id)s, w.dataset, w.partition_key, w.check_name, w.violations, w.sample
from ledger.warnings as w
inner join kept_load as k
    on w.batch_id = k.batch_id and w.dataset = k.dataset and w.partition_key = k.partition_key
left join ledger.warnings as n
    on
        n.batch_id = %(batch_id)s
        and w.dataset = n.dataset
        and w.partition_key = n.partition_key
        and w.check_name = n.check_name
where w.check_name in %(check_names)s and n.check_name is null;

update ledger.loads
set
    objects = loads.objects + kept_load.objects,
    records_read = loads.records_read + kept_load.records_read,
    rows_staged = loads.rows_staged + kept_load.rows_staged,
    rows_quarantined = loads.rows_quarantined + kept_load.rows_quarantined
from kept_load
where
    loads.batch_id = %(batch_id)s
    and loads.dataset = kept_load.dataset
    and loads.partition_key = kept_load.partition_key;

drop table kept_load;
