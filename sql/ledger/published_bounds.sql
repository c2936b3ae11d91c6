-- the first and last published partition of each data set
select dataset, min(partition_key), max(partition_key)
from ledger.loads
where state = 'published'
group by dataset;
