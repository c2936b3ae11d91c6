insert into ledger.warnings (
    batch_id, dataset, partition_key, check_name, violations, sample
)
values %(rows)s;
