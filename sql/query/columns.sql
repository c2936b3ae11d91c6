-- the tables that may be asked, with their columns (https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_COLUMNS.html)
select table_schema, table_name, column_name, data_type, character_maximum_length
from svv_columns
where table_schema not in ('pg_catalog', 'information_schema', 'pg_internal', 'pg_auto_copy', 'pg_automv')
order by table_schema, table_name, ordinal_position;
