-- The chunks together; what a value is: number, text, true or false, object, list, or null. A number is the same however
-- it is written, unless its column is text. Whole numbers that a double does not hold stay as they are written.
create table field_values as
with typed as (
    select
        v.field, c.is_text is not true as in_numbers, c.type is not null as is_expected, v.value ->> '$' as written,
        case json_type(v.value)
            when 'VARCHAR' then 'text'
            when 'BOOLEAN' then 'boolean'
            when 'OBJECT' then 'object'
            when 'ARRAY' then 'list'
            when 'NULL' then 'null'
            else if(v.value is null, 'null', 'number')
        end as type,
        v.records
    from chunk_values as v
    inner join columns as c on v.field = c.field
),

numbered as (
    select
        *,
        if(
            in_numbers
            and (type = 'number' or type = 'text' and is_expected)
            and regexp_full_match(written, '[+-]?\d+(\.\d*)?([eE][+-]?\d+)?'),
            try_cast(written as double), null
        ) as number
    from typed
)

select
    field,
    case
        when number is null or isinf(number) then written
        when abs(number) < 9007199254740992 and number = trunc(number) then cast(cast(number as bigint) as varchar)
        when regexp_full_match(written, '[+-]?\d+') then written
        else cast(number as varchar)
    end as text,
    type,
    number,
    max(strlen(written)) as longest_bytes,
    sum(records) as records
from numbered
group by all;
