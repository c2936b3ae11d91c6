-- What rewritten statements call: SHOW, MERGE ... REMOVE DUPLICATES.

-- https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
create or replace function redshift.single(matches bigint) returns boolean
    immutable parallel safe language plpgsql as $$
    begin
        if matches > 1 then
            raise cardinality_violation using message = 'Found multiple matches to update the same tuple';
        end if;
        return true;
    end $$;

-- The first name in a statement that is no column; NULL if all are, or if it fails otherwise. Nothing is kept of it.
create or replace function redshift.unresolved(statement text) returns text
    volatile language plpgsql as $$
    declare
        message text;
    begin
        if statement ~* '^\s*create\s+(or\s+replace\s+)?(temp\w*\s+)?view\s' then
            execute statement;
            raise exception using errcode = 'RS001';
        end if;
        execute 'explain ' || statement;
        return null;
    exception
        when undefined_column then
            get stacked diagnostics message = message_text;
            return substring(message from '^column "([^"]+)" does not exist$');
        when others then
            return null;
    end $$;

-- SHOW DATABASES, SCHEMAS, TABLES and COLUMNS: https://docs.aws.amazon.com/redshift/latest/dg/r_SHOW_TABLES.html
create or replace view redshift.show_databases as
select
    datname::text as database_name,
    pg_get_userbyid(datdba)::text as database_owner,
    'local'::text as database_type,
    array_to_string(datacl, '~') as database_acl,
    null::text as parameters,
    'Snapshot Isolation'::text as database_isolation_level
from pg_database
where not datistemplate;

create or replace view redshift.show_schemas as
select
    current_database()::text as database_name,
    nspname::text as schema_name,
    pg_get_userbyid(nspowner)::text as schema_owner,
    'local'::text as schema_type,
    array_to_string(nspacl, '~') as schema_acl,
    null::text as source_database,
    null::text as schema_option
from pg_namespace
where nspname not in ('redshift', 'pg_toast') and nspname not like 'pg\_temp\_%' and nspname not like 'pg\_toast\_%';

create or replace view redshift.show_tables as
select
    current_database()::text as database_name,
    n.nspname::text as schema_name,
    c.relname::text as table_name,
    case c.relkind when 'r' then 'TABLE' when 'm' then 'MATERIALIZED VIEW' else 'VIEW' end as table_type,
    array_to_string(c.relacl, '~') as table_acl,
    obj_description(c.oid, 'pg_class') as remarks
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where c.relkind in ('r', 'v', 'm') and n.nspname not in ('redshift', 'pg_toast') and n.nspname not like 'pg\_toast\_%';

create or replace view redshift.show_columns as
select
    t.database_name,
    t.schema_name,
    t.table_name,
    a.attname::text as column_name,
    a.attnum::integer as ordinal_position,
    pg_get_expr(d.adbin, d.adrelid) as column_default,
    case when a.attnotnull then 'NO' else 'YES' end as is_nullable,
    case
        when b.typname ~ '^varchar_\d+$' or b.typname = 'text' then 'character varying'
        when b.typname ~ '^char_\d+$' then 'character'
        else format_type(a.atttypid, null)
    end as data_type,
    case
        when b.typname ~ '^(var)?char_\d+$' then substring(b.typname from '\d+$')::integer
        when b.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4
    end as character_maximum_length,
    case
        when b.typname = 'numeric' and a.atttypmod > 4 then ((a.atttypmod - 4) >> 16) & 65535
        when b.typname = 'int2' then 16
        when b.typname = 'int4' then 32
        when b.typname = 'int8' then 64
    end as numeric_precision,
    case
        when b.typname = 'numeric' and a.atttypmod > 4 then (a.atttypmod - 4) & 2047
        when b.typname in ('int2', 'int4', 'int8') then 0
    end as numeric_scale,
    col_description(a.attrelid, a.attnum) as remarks
from redshift.show_tables as t
inner join pg_class as c on c.oid = format('%I.%I', t.schema_name, t.table_name)::regclass
inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
inner join pg_type as b on b.oid = a.atttypid
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum;

-- Within a transaction, a session may not see the types that another has just made, until it locks a schema, which
-- creating a table does. Nothing is kept of it.
create or replace function redshift.see_new_types() returns void
    volatile language plpgsql as $$
    begin
        create temp table seen ();
        raise exception using errcode = 'RS001';
    exception
        when others then null;
    end $$;
