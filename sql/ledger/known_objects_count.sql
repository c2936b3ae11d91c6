-- how many objects the ledger knows of each data set, of all partitions in the version that was staged last
select
    dataset,
    coalesce(sum(objects), 0) as objects
from (
    select
        dataset,
        objects,
        row_number() over (
            partition by dataset, partition_key order by case state when 'blocked' then 0 else 1 end
        ) as newest
    from ledger.loads
    where state in ('blocked', 'published')
) as l
where newest = 1
group by dataset;
