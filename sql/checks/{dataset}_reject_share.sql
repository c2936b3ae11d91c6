-- block: no more records of a {partition} are rejected than SPARKIFY_REJECT_SHARE and SPARKIFY_REJECT_ROWS allow
select partition_key, records_read, rows_quarantined
from ledger.loads
where
    dataset = '{dataset}' and state = 'published'
    and partition_key between {first_to_last}
    and rows_quarantined > %(reject_rows)s
    and rows_quarantined > %(reject_share)s * records_read
