-- what is published, without anything that differs from one load to the next
select
    l.dataset, l.partition_key, l.objects, l.records_read, l.rows_staged, l.rows_quarantined
from ledger.loads as l
where
    {published_alone};
