-- blocked versions of these partitions give way to a newer one
delete from ledger.quarantine
where
    dataset = %(dataset)s
    and partition_key in %(partition_keys)s
    and batch_id in (
        select batch_id
        from ledger.loads
        where dataset = %(dataset)s and state = 'blocked'
    );

update ledger.loads
set state = 'superseded'
where dataset = %(dataset)s and partition_key in %(partition_keys)s and state = 'blocked';
