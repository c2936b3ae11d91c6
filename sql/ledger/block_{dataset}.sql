-- A {partition} that did not pass: its rows stay for inspection, and the ledger says why.
insert into incoming.{dataset} (
    batch_id, fault, {columns of staging.{dataset}}
)
select
    batch_id, fault, {columns of staging.{dataset}}
from incoming_{dataset}
where {is_of_partition};

update ledger.loads
set state = 'blocked', verdict = %(verdict)s
where batch_id = %(batch_id)s and dataset = '{dataset}' and partition_key = %(partition_key)s and state = 'incoming';
