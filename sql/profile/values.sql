-- the chunks together; what a value is: number, text, true or false, object, list, or null
create table field_values as
select
    field,
    value ->> '$' as text,
    case json_type(value)
        when 'VARCHAR' then 'text'
        when 'BOOLEAN' then 'boolean'
        when 'OBJECT' then 'object'
        when 'ARRAY' then 'list'
        when 'NULL' then 'null'
        else if(value is null, 'null', 'number')
    end as type,
    sum(records) as records
from chunk_values
group by field, value;
