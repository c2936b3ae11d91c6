-- a chunk of records, field by field, as far as equal values can be counted together
insert into chunk_values
select field, value, count(*)
from (select * from read_json($files, format = 'newline_delimited', columns = $columns, maximum_object_size = 8388608))
unpivot include nulls (value for field in (columns(*)))
group by field, value;
