-- how many partitions are published; it reads no column that came after the first edition
select count(*)
from ledger.loads
where state = 'published';
