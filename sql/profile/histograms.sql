-- numbers in twelve equal steps from the least to the greatest
with numbers as (
    select field, try_cast(text as double) as number, records
    from field_values
    where type = 'number'
),

bounds as (
    select field, min(number) as least, max(number) as greatest
    from numbers
    group by field
    having count(distinct number) > 12
)

select n.field, least(floor(12 * (n.number - b.least) / (b.greatest - b.least)), 11) as step, sum(n.records) as records
from numbers as n
inner join bounds as b on n.field = b.field
group by all
order by n.field, step;
