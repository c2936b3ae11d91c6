select partition_key, sum(size_bytes)
from ledger.objects
where batch_id = %(batch_id)s
group by partition_key;
