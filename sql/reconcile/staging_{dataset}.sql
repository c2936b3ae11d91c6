-- staged records against the objects as COPY reads them now; rows of each content are counted
-- letters: Redshift compares text without its trailing blanks, which its length counts
with arriving as (
    select
        {columns of staging.{dataset}},
        {letters of staging.{dataset}} as letters,
        count(*) as copies
    from incoming_{dataset}
    where fault is null
    group by
        {columns of staging.{dataset}}, letters
),

staged as (
    select
        {columns of staging.{dataset}},
        {letters of staging.{dataset}} as letters,
        count(*) as copies
    from staging.{dataset}
    where {partition_column} in {partition_values}
    group by
        {columns of staging.{dataset}}, letters
)

select
    'missing' as finding,
    {record_names},
    copies
from (
    select * from arriving
    except
    select * from staged
) as missing
union all
select
    'surplus' as finding,
    {record_names},
    copies
from (
    select * from staged
    except
    select * from arriving
) as surplus
order by finding, {record_names};
