-- how the columns of the project's tables are compressed (docs: r_SVV_REDSHIFT_COLUMNS)
select schema_name || '.' || table_name as table_name, column_name, encoding
from svv_redshift_columns
where schema_name in ('incoming', 'staging', 'sparkify', 'ledger');
