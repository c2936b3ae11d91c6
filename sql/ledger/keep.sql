-- Where the source holds only increments: the new version of a partition has what came and what was there. Nothing is
-- taken from the version that readers see, for the new one may be blocked. What was seen while reading what was there
-- stays, unless the same is to be said of what came; the queries of sql/checks are asked about both.
create temp table kept_load as
select batch_id, dataset, partition_key, objects, records_read, rows_staged, rows_quarantined
from ledger.loads
where dataset = %(dataset)s and partition_key = %(partition_key)s and state = 'published';

insert into ledger.objects (
    {columns of ledger.objects}
)
select
    %(batch_id)s, {columns of ledger.objects but batch_id as o}
from ledger.objects as o
inner join kept_load as k
    on o.batch_id = k.batch_id and o.dataset = k.dataset and o.partition_key = k.partition_key;

insert into ledger.quarantine (
    {columns of ledger.quarantine}
)
select
    %(batch_id)s, {columns of ledger.quarantine but batch_id as q}
from ledger.quarantine as q
inner join kept_load as k
    on q.batch_id = k.batch_id and q.dataset = k.dataset and q.partition_key = k.partition_key;

insert into ledger.warnings (
    {columns of ledger.warnings}
)
select
    %(batch_id)s, {columns of ledger.warnings but batch_id as w}
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
