-- The keys that tables declare, each with the columns that are part of it (docs: t_Defining_constraints).
select
    n.nspname || '.' || c.relname as table_name,
    k.conname as key_name,
    a.attname as column_name
from pg_constraint as k
inner join pg_class as c on k.conrelid = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on k.conrelid = a.attrelid and a.attnum = any(k.conkey)
where k.contype in ('p', 'u', 'f') and n.nspname in ('incoming', 'staging', 'sparkify', 'ledger')
order by table_name, key_name, a.attnum;
