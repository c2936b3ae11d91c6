insert into ledger.faulty_objects (
    batch_id, dataset, partition_key, object_key, fault, records, reason
)
values %(rows)s;
