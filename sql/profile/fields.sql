-- each field as a profile describes it
with facts as (
    select
        field,
        sum(records) filter (type <> 'null') as filled,
        sum(records) filter (text = '') as empty,
        count(distinct text) filter (type <> 'null' and text <> '') as distinct_values,
        coalesce(arg_min(text, number), min(text) filter (text <> '')) as least,
        coalesce(arg_max(text, number), max(text) filter (text <> '')) as greatest,
        max(longest_bytes) as longest_bytes
    from field_values
    group by field
),

-- how many records have a value of which type
types as (
    select field, map_from_entries(list((type, records) order by records desc, type)) as types
    from (select field, type, sum(records) as records from field_values where type <> 'null' group by all)
    group by field
),

-- the most frequent values of each field that has any twice
top_values as (
    select field, list((text, records) order by records desc, text) as top
    from (
        select field, text, sum(records) as records
        from field_values
        where type <> 'null' and text <> ''
        group by field, text
        having sum(records) > 1
        qualify row_number() over (partition by field order by sum(records) desc, text) <= 5
    )
    group by field
),

-- numbers in twelve equal steps from the least to the greatest
numbers as (
    select field, number, records
    from field_values
    where number is not null
),

bounds as (
    select field, min(number) as least, max(number) as greatest
    from numbers
    group by field
    having count(distinct number) > 12
),

steps as (
    select n.field, least(floor(12 * (n.number - b.least) / (b.greatest - b.least)), 11) as step, sum(n.records) as records
    from numbers as n
    inner join bounds as b on n.field = b.field
    group by all
),

histograms as (
    select b.field, list(coalesce(s.records, 0) order by r.step) as histogram
    from bounds as b
    cross join range(12) as r(step)
    left join steps as s on b.field = s.field and r.step = s.step
    group by b.field
)

select
    c.field, c.type is not null, c.width, c.present, coalesce(f.filled, 0), coalesce(f.empty, 0),
    coalesce(f.distinct_values, 0), f.least, f.greatest, f.longest_bytes, coalesce(t.types, map {}),
    coalesce(v.top, []), coalesce(h.histogram, [])
from columns as c
left join facts as f on c.field = f.field
left join types as t on c.field = t.field
left join top_values as v on c.field = v.field
left join histograms as h on c.field = h.field
order by c.position;
