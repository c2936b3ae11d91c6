-- what is published, without anything that differs from one load to the next
select
    l.dataset, l.partition_key, l.objects, l.records_read, l.rows_staged, l.rows_quarantined
from ledger.loads as l
where
    l.state = 'published'
    and not exists (
        select 1
        from ledger.loads as b
        where b.dataset = l.dataset and b.partition_key = l.partition_key and b.state = 'blocked'
    );
