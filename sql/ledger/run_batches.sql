-- what each batch of a run did
select dataset, stage_seconds, publish_seconds, changes
from ledger.batches
where run_id = %(run_id)s;
