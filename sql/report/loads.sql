-- the latest loads, newest first: a load is what one run staged of a data set
select
    max(staged_at) as staged_at,
    dataset,
    count(*) as partitions,
    sum(objects) as objects,
    sum(records_read) as records_read,
    sum(rows_staged) as rows_staged,
    sum(rows_quarantined) as quarantined,
    sum(case when state = 'blocked' then 1 else 0 end) as blocked,
    count(release_reason) as released,
    run_id
from ledger.loads
group by dataset, run_id, case when run_id is null then batch_id end
order by staged_at desc, dataset desc, run_id asc
limit 20;
