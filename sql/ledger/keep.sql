-- Where the source holds only increments: the new version of a partition has what came and what was there.
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

update ledger.quarantine
set batch_id = %(batch_id)s
from kept_load
where
    quarantine.batch_id = kept_load.batch_id
    and quarantine.dataset = kept_load.dataset
    and quarantine.partition_key = kept_load.partition_key;

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
