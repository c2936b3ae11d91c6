-- each field: how its values are, and the longest of them in bytes
select
    field,
    sum(records) filter (type <> 'null') as filled,
    coalesce(sum(records) filter (text = ''), 0) as empty,
    count(*) filter (type <> 'null') as distinct_values,
    coalesce(
        arg_min(text, try_cast(text as double)) filter (type = 'number'), min(text) filter (text <> '')
    ) as least,
    coalesce(
        arg_max(text, try_cast(text as double)) filter (type = 'number'), max(text) filter (text <> '')
    ) as greatest,
    max(strlen(text)) as longest_bytes
from field_values
group by field
order by field;
