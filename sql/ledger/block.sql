update ledger.loads
set state = 'blocked', verdict = %(verdict)s
where batch_id = %(batch_id)s and dataset = %(dataset)s and partition_key = %(partition_key)s and state = 'incoming';
