-- the partitions of a data set that readers see
select partition_key
from ledger.loads
where dataset = %(dataset)s and state = 'published'
order by partition_key;
