-- what COPYs refused, by the ids of the SYS views
select query_id, trim(file_name), line_number, trim(column_name), trim(error_message)
from sys_load_error_detail
where query_id in %(query_ids)s
order by query_id, file_name, line_number, column_name, error_message;
