-- what waits behind the checks that block
select dataset, partition_key, rows_staged, rows_quarantined, verdict, staged_at
from ledger.loads
where state = 'blocked'
order by dataset desc, partition_key asc;
