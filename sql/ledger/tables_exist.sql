-- how many of the project's tables there are
select count(*)
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where c.relkind = 'r' and n.nspname in ('incoming', 'staging', 'sparkify', 'ledger');
