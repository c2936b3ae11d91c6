insert into ledger.objects (
    batch_id, dataset, partition_key, object_key, version_token, size_bytes, content_hash
)
values %(rows)s;
