-- how many records repeat a value of a field that should be a key
select coalesce(sum(records) - count(*), 0) as repeated
from field_values
where field = $field and type <> 'null';
