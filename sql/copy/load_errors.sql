-- what the session's last COPY refused
select file_name, line_number, column_name, error_message
from sys_load_error_detail
where query_id = pg_last_copy_id()
order by file_name, line_number, column_name;
