-- Keys in PostgreSQL's catalog, as if each had its constraint and a primary or unique key its index.

create or replace view redshift.pg_constraint as
select
    oid,
    conname,
    connamespace,
    contype,
    condeferrable,
    condeferred,
    conrelid,
    contypid,
    confrelid,
    confupdtype,
    confdeltype,
    confmatchtype,
    conkey,
    confkey,
    conbin,
    null::text as consrc,
    conindid,
    convalidated
from pg_constraint
where contype in ('p', 'u', 'f') and conrelid >= 16384 and connamespace <> 'redshift'::regnamespace
union all
select
    k.id,
    k.key_name,
    c.relnamespace,
    k.kind,
    false,
    false,
    k.relation,
    0,
    k.referenced,
    case k.kind when 'f' then 'a' else ' ' end::"char",
    case k.kind when 'f' then 'a' else ' ' end::"char",
    case k.kind when 'f' then 'u' else ' ' end::"char",
    k.columns,
    k.referenced_columns,
    null,
    null,
    case k.kind
        when 'f'
            then coalesce((select p.id from redshift.table_keys as p where p.relation = k.referenced and p.kind = 'p'), 0)
        else k.id
    end,
    true
from redshift.table_keys as k
inner join pg_class as c on k.relation = c.oid;

create or replace view redshift.pg_index as
select
    indexrelid,
    indrelid,
    indkey,
    indclass,
    indnatts,
    indisunique,
    indisprimary,
    indisclustered,
    indexprs,
    indpred,
    indisvalid,
    indisready,
    indoption
from pg_index
where indrelid < 16384
union all
select
    k.id,
    k.relation,
    array_to_string(k.columns, ' ')::int2vector,
    '',
    cardinality(k.columns)::smallint,
    true,
    k.kind = 'p',
    false,
    null,
    null,
    true,
    true,
    ''
from redshift.table_keys as k
inner join pg_class as c on k.relation = c.oid
where k.kind in ('p', 'u');

create or replace view redshift.pg_indexes as
select
    n.nspname as schemaname,
    c.relname as tablename,
    i.relname as indexname,
    null::name as tablespace,
    redshift.pg_get_indexdef(x.indexrelid) as indexdef
from redshift.pg_index as x
inner join pg_class as c on x.indrelid = c.oid
inner join redshift.pg_class as i on x.indexrelid = i.oid
inner join pg_namespace as n on c.relnamespace = n.oid;

-- That a foreign key depends on the index of the primary key which it refers to, but no late-binding view on its tables.
create or replace view redshift.pg_depend as
select classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype
from pg_depend
where classid <> 'pg_rewrite'::regclass or deptype <> 'n' or objid not in (
    select rule.oid from redshift_information.late_binding_views as late inner join pg_rewrite as rule on late.oid = rule.ev_class
)
union all
select 'pg_constraint'::regclass, k.id, 0, 'pg_class'::regclass, p.id, 0, 'n'
from redshift.table_keys as k
inner join redshift.table_keys as p on k.referenced = p.relation and p.kind = 'p'
where k.kind = 'f';

create or replace view redshift.pg_am as
select oid, amname, amhandler, amtype, amname = 'btree' as amcanorder
from pg_am;
