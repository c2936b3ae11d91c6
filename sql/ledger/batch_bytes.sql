select partition_key, cast(sum(size_bytes) as bigint)
from ledger.objects
where batch_id = %(batch_id)s
group by partition_key;
