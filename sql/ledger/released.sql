-- the partitions that readers see because somebody released them, whatever their gates say
select dataset, partition_key
from ledger.loads
where state = 'published' and release_reason is not null;
