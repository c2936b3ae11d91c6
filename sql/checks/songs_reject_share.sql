-- block: too many records of the prefix could not be staged
select partition_key, records_read, rows_quarantined
from ledger.loads
where
    dataset = 'songs' and state = 'published'
    and partition_key between %(first)s and %(last)s
    and rows_quarantined > %(reject_rows)s
    and rows_quarantined > %(reject_share)s * records_read
