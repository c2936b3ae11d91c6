-- What some checks have said of published partitions gives way to what they say now.
delete from ledger.warnings
using ledger.loads
where
    warnings.batch_id = loads.batch_id
    and warnings.dataset = loads.dataset
    and warnings.partition_key = loads.partition_key
    and warnings.check_name in %(check_names)s
    and loads.dataset = %(dataset)s
    and loads.partition_key in %(partition_keys)s
    and loads.state = 'published';
