-- the most frequent values of each field that has any twice
select field, text, records
from field_values
where type <> 'null' and records > 1
qualify row_number() over (partition by field order by records desc, text) <= 5
order by field, records desc, text;
