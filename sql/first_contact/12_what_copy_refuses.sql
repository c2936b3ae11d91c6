-- Does sys_load_error_detail know a COPY by the id of last_user_query_id()? It may take its time.
-- docs: SYS_LOAD_ERROR_DETAIL
-- waits
-- expected: 1 | 2 | v
create temp table arriving (k varchar(8), v integer);

copy arriving (k, v)
from %(bad_object)s
iam_role %(iam_role)s
region %(region)s
format as json 'auto'
maxerror 100000
compupdate off
statupdate off;

select count(*) as refused, max(line_number) as line, trim(max(column_name)) as refused_column
from sys_load_error_detail
where query_id = %(query_id)s;
