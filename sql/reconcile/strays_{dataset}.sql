-- staged records of partitions that are not published: nobody knows where they came from
select
    'surplus' as finding,
    {record_names},
    count(*) as copies
from staging.{dataset}
where
    {partition_key} not in (
        select l.partition_key
        from ledger.loads as l
        where l.dataset = '{dataset}' and l.state = 'published'
    )
group by {record_names}
order by {record_names};
