-- What these queries have said of some published partitions gives way to what they say now; of other versions they say
-- nothing.
delete from ledger.warnings
where
    dataset = %(dataset)s
    and partition_key in %(partition_keys)s
    and check_name in %(check_names)s;
