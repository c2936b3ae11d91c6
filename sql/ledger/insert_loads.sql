insert into ledger.loads (
    batch_id, dataset, partition_key, state, objects, records_read, rows_staged, rows_quarantined,
    staging_rules, star_rules, run_id, staged_at
)
values %(rows)s;
