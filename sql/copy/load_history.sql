-- how many records a COPY refused
select error_count
from sys_load_history
where query_id = %(query_id)s and status = 'completed';
