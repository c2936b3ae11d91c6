-- Blocked versions of these partitions give way to a newer one. A batch may have blocked one partition and published
-- another, whose rejected records and warnings stay.
delete from ledger.quarantine
using ledger.loads
where
    quarantine.batch_id = loads.batch_id
    and quarantine.dataset = loads.dataset
    and quarantine.partition_key = loads.partition_key
    and loads.dataset = %(dataset)s
    and loads.partition_key in %(partition_keys)s
    and loads.state = 'blocked';

delete from ledger.warnings
using ledger.loads
where
    warnings.batch_id = loads.batch_id
    and warnings.dataset = loads.dataset
    and warnings.partition_key = loads.partition_key
    and loads.dataset = %(dataset)s
    and loads.partition_key in %(partition_keys)s
    and loads.state = 'blocked';

update ledger.loads
set state = 'superseded'
where dataset = %(dataset)s and partition_key in %(partition_keys)s and state = 'blocked';
