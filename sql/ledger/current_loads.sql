-- every version that readers see or that waits to replace it
select
    dataset, partition_key, state, objects, records_read, rows_staged, rows_quarantined,
    staging_rules, star_rules, run_id, verdict,
    release_reason, staged_at, published_at
from ledger.loads
where state in ('blocked', 'published')
order by dataset desc, partition_key asc, staged_at asc;
