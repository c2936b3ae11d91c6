select dataset, partition_key
from ledger.loads
where state = 'blocked'
order by dataset, partition_key;
