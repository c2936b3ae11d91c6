-- The columns of all tables in the project's schemas (docs: r_PG_CLASS_INFO, r_PG_ATTRIBUTE_INFO). Everybody may read
-- these catalogs, also of tables that belong to somebody else.
select
    n.nspname || '.' || c.relname as table_name,
    a.attname as column_name,
    format_type(a.atttypid, a.atttypmod) as type,
    a.attnotnull as not_null,
    a.atthasdef as has_default,
    c.reldiststyle as diststyle,
    a.attisdistkey as is_distkey,
    a.attsortkeyord as place_in_sortkey
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on c.oid = a.attrelid
where
    c.relkind = 'r'
    and n.nspname in ('incoming', 'staging', 'sparkify', 'ledger')
    and a.attnum > 0
    and not a.attisdropped
order by table_name, a.attnum;
