-- how many records have a value of which type
select field, type, sum(records) as records
from field_values
where type <> 'null'
group by field, type
order by field, records desc, type;
