-- The versions that readers saw so far give way to those of the batch; their rejected records and warnings go
-- with them.
create temp table published_partitions as
select dataset, partition_key
from ledger.loads
where batch_id = %(batch_id)s and state = 'incoming';

create temp table superseded_loads as
select l.batch_id, l.dataset, l.partition_key
from ledger.loads as l
inner join published_partitions as p on l.dataset = p.dataset and l.partition_key = p.partition_key
where l.state = 'published';

delete from ledger.quarantine
using superseded_loads
where
    quarantine.batch_id = superseded_loads.batch_id
    and quarantine.dataset = superseded_loads.dataset
    and quarantine.partition_key = superseded_loads.partition_key;

delete from ledger.warnings
using superseded_loads
where
    warnings.batch_id = superseded_loads.batch_id
    and warnings.dataset = superseded_loads.dataset
    and warnings.partition_key = superseded_loads.partition_key;

insert into ledger.replaced_loads (batch_id, dataset, partition_key, replaced_batch_id)
select %(batch_id)s, dataset, partition_key, batch_id
from superseded_loads;

update ledger.loads
set state = 'superseded'
from superseded_loads
where
    loads.batch_id = superseded_loads.batch_id
    and loads.dataset = superseded_loads.dataset
    and loads.partition_key = superseded_loads.partition_key
    and loads.state = 'published';

update ledger.loads
set
    state = case when objects = 0 then 'withdrawn' else 'published' end,
    published_at = getdate(),
    release_reason = %(release_reason)s,
    verdict = case when %(release_reason)s is null then null else verdict end
where batch_id = %(batch_id)s and state = 'incoming';
