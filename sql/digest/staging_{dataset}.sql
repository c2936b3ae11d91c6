select
    {columns of staging.{dataset}}
from staging.{dataset}
where
    {partition_key} not in (
        select b.partition_key
        from ledger.loads as b
        where b.dataset = '{dataset}' and b.state = 'blocked'
    );
