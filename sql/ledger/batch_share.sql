-- the rows of a batch as a share of all rows staged once it is published
select
    cast(sum(case when batch_id = %(batch_id)s then rows_staged else 0 end) as double precision)
    / greatest(sum(rows_staged), 1)
from ledger.loads
where dataset = %(dataset)s and (state = 'published' or (batch_id = %(batch_id)s and state = 'incoming'));
