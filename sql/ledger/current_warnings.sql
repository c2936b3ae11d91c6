-- what the checks that warn found in every version that readers see or that waits to replace it
select w.partition_key, w.check_name, w.violations, w.sample
from ledger.warnings as w
inner join ledger.loads as l
    on w.batch_id = l.batch_id and w.dataset = l.dataset and w.partition_key = l.partition_key
where l.state in ('blocked', 'published')
order by w.dataset desc, w.check_name asc, w.partition_key asc, l.staged_at asc;
