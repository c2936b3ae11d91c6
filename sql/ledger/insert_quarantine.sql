insert into ledger.quarantine (
    batch_id, dataset, partition_key, object_key, position, column_name, reason, raw_record
)
values %(rows)s;
