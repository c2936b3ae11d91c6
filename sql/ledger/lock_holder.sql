select distinct pid, txn_start
from svv_transactions
where
    lock_mode = 'AccessExclusiveLock' and granted and relation = (
        select c.oid
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        where n.nspname = 'ledger' and c.relname = 'load_lock'
    )
order by txn_start, pid;
