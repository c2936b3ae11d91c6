-- A blocked {partition} as it waits, on its way again.
insert into incoming_{dataset} (
    batch_id, fault, {columns of staging.{dataset}}
)
select
    batch_id, fault, {columns of staging.{dataset}}
from incoming.{dataset}
where {is_of_partition};

delete from incoming.{dataset}
where {is_of_partition};

update ledger.loads
set state = 'incoming'
where batch_id = %(batch_id)s and dataset = '{dataset}' and partition_key = %(partition_key)s and state = 'blocked';
