-- how many of the project's tables there are, and whether the ledger is that of the first edition
select
    count(distinct n.nspname || '.' || c.relname) as tables,
    count(case when n.nspname = 'ledger' and c.relname = 'loads' and a.attname = 'sql_hash' then 1 end) as earlier
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
left join pg_attribute as a on c.oid = a.attrelid and a.attname = 'sql_hash'
where c.relkind = 'r' and n.nspname in ('incoming', 'staging', 'sparkify', 'ledger');
