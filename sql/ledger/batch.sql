-- the partitions of a batch as the ledger has them now
select partition_key, state, objects, records_read, rows_staged, rows_quarantined, verdict
from ledger.loads
where batch_id = %(batch_id)s
order by partition_key;
