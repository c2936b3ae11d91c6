-- Which isolation has the database? Snapshot is the default, and what the one lock is made for.
-- docs: c_serial_isolation
-- only on Redshift
-- expected: Snapshot Isolation
select database_isolation_level
from svv_redshift_databases
where database_name = current_database();
