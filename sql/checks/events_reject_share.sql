-- block: too many records of the day could not be staged
select partition_key, records_read, rows_quarantined
from ledger.loads
where
    dataset = 'events' and state = 'published'
    and partition_key between cast(%(first)s as varchar(16)) and cast(%(last)s as varchar(16))
    and rows_quarantined > %(reject_rows)s
    and rows_quarantined > %(reject_share)s * records_read
