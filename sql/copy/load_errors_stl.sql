-- what COPYs refused, by the ids of the STL views, with which PG_LAST_COPY_ID is documented
select query, trim(filename), line_number, trim(colname), trim(err_reason)
from stl_load_errors
where query in %(copy_ids)s
order by query, filename, line_number, colname, err_reason;
