-- block: too many records of the {partition} could not be staged
select partition_key, records_read, rows_quarantined
from ledger.loads
where
    dataset = '{dataset}' and state = 'published'
    and partition_key between {first_to_last}
    and rows_quarantined > %(reject_rows)s
    and rows_quarantined > %(reject_share)s * records_read
