insert into ledger.loads (
    batch_id, dataset, partition_key, state, objects, records_read, rows_staged, rows_quarantined, sql_hash, run_id,
    staged_at
)
values %(rows)s;
