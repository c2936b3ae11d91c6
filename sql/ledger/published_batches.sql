-- the batches that published these partitions as readers see them
select partition_key, batch_id
from ledger.loads
where dataset = %(dataset)s and partition_key in %(partition_keys)s and state = 'published';
