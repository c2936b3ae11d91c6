-- the latest loads, newest first: a load is what one run staged of a data set. Blocked is what its checks blocked then,
-- whatever became of it, and released what somebody published nevertheless, with the (last) reason.
select
    max(staged_at) as staged_at,
    dataset,
    count(*) as partitions,
    sum(objects) as objects,
    sum(records_read) as records_read,
    sum(rows_staged) as rows_staged,
    sum(rows_quarantined) as quarantined,
    count(verdict) as blocked,
    count(release_reason) as released,
    max(release_reason) as release_reason,
    run_id
from ledger.loads
group by dataset, run_id, case when run_id is null then batch_id end
order by staged_at desc, dataset desc, run_id asc
limit 20;
