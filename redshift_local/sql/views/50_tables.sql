-- Redshift's own views of schemas, tables and columns: https://docs.aws.amazon.com/redshift/latest/dg/svv_views.html

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TABLES.html
create or replace view redshift.svv_tables as
select
    table_catalog::varchar(128) as table_catalog,
    table_schema::varchar(128) as table_schema,
    table_name::varchar(128) as table_name,
    table_type,
    remarks
from redshift_information._relations;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_COLUMNS.html
create or replace view redshift.svv_columns as
select
    c.table_catalog::varchar(128) as table_catalog,
    c.table_schema::varchar(128) as table_schema,
    c.table_name::varchar(128) as table_name,
    c.column_name::varchar(128) as column_name,
    c.ordinal_position,
    c.column_default,
    c.is_nullable,
    c.data_type,
    c.character_maximum_length,
    c.numeric_precision,
    c.numeric_precision_radix,
    c.numeric_scale,
    c.datetime_precision,
    c.interval_type,
    null::varchar as interval_precision,
    null::varchar as character_set_catalog,
    null::varchar as character_set_schema,
    null::varchar as character_set_name,
    null::varchar as collation_catalog,
    null::varchar as collation_schema,
    null::varchar as collation_name,
    null::varchar as domain_name,
    c.remarks::varchar as remarks
from redshift_information._columns as c;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_REDSHIFT_DATABASES.html
create or replace view redshift.svv_redshift_databases as
select
    datname::varchar(128) as database_name,
    datdba::bigint::integer as database_owner,
    'local'::varchar(32) as database_type,
    left(array_to_string(datacl, '~'), 128)::varchar(128) as database_acl,
    null::varchar(128) as database_options,
    'Snapshot Isolation'::varchar(128) as database_isolation_level
from pg_database
where datallowconn;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_REDSHIFT_SCHEMAS.html
create or replace view redshift.svv_redshift_schemas as
select
    current_database()::varchar(128) as database_name,
    nspname::varchar(128) as schema_name,
    nspowner::bigint::integer as schema_owner,
    'local'::varchar(128) as schema_type,
    left(array_to_string(nspacl, '~'), 128)::varchar(128) as schema_acl,
    null::varchar(128) as schema_option
from redshift.pg_namespace
where nspname not like 'pg\_toast%' and nspname not like 'pg\_temp%' and has_schema_privilege(oid, 'usage, create');

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_ALL_SCHEMAS.html
create or replace view redshift.svv_all_schemas as
select
    database_name,
    schema_name,
    schema_owner,
    schema_type,
    schema_acl,
    null::varchar(128) as source_database,
    schema_option::varchar(256) as schema_option
from redshift.svv_redshift_schemas;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_REDSHIFT_TABLES.html
create or replace view redshift.svv_redshift_tables as
select
    current_database()::varchar(128) as database_name,
    n.nspname::varchar(128) as schema_name,
    c.relname::varchar(128) as table_name,
    (case c.relkind when 'v' then 'VIEW' else 'TABLE' end)::varchar(128) as table_type,
    left(array_to_string(c.relacl, '~'), 128)::varchar(128) as table_acl,
    left(obj_description(c.oid, 'pg_class'), 128)::varchar(128) as remarks,
    pg_get_userbyid(c.relowner)::varchar(128) as table_owner
from redshift.pg_class as c
inner join redshift.pg_namespace as n on c.relnamespace = n.oid
where c.relkind in ('r', 'v')
    and not pg_is_other_temp_schema(n.oid)
    and (pg_has_role(c.relowner, 'usage') or has_table_privilege(c.oid, 'select, insert, update, delete, references'));

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_ALL_TABLES.html
create or replace view redshift.svv_all_tables as
select database_name, schema_name, table_name, table_type, table_acl, remarks
from redshift.svv_redshift_tables;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_REDSHIFT_COLUMNS.html
create or replace view redshift.svv_redshift_columns as
select
    current_database()::varchar(128) as database_name,
    n.nspname::varchar(128) as schema_name,
    c.relname::varchar(128) as table_name,
    a.attname::varchar(128) as column_name,
    a.attnum::integer as ordinal_position,
    pg_catalog.format_type(a.atttypid, a.atttypmod)::varchar(32) as data_type,
    left(d.adsrc, 4000)::varchar(4000) as column_default,
    (case when a.attnotnull then 'NO' else 'YES' end)::varchar(3) as is_nullable,
    redshift.format_encoding(a.attencodingtype)::varchar(128) as encoding,
    a.attisdistkey as distkey,
    a.attsortkeyord as sortkey,
    left(array_to_string(a.attacl, '~'), 128)::varchar(128) as column_acl,
    left(col_description(c.oid, a.attnum), 256)::varchar(256) as remarks
from redshift_information._attribute as a
inner join redshift.pg_class as c on a.attrelid = c.oid
inner join redshift.pg_namespace as n on c.relnamespace = n.oid
left join redshift.pg_attrdef as d on a.attrelid = d.adrelid and a.attnum = d.adnum
where a.attnum > 0
    and not a.attisdropped
    and c.relkind in ('r', 'v')
    and not pg_is_other_temp_schema(n.oid)
    and (
        pg_has_role(c.relowner, 'usage')
        or has_column_privilege(c.oid, a.attnum, 'select, insert, update, references')
    );

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_ALL_COLUMNS.html
create or replace view redshift.svv_all_columns as
select
    table_catalog::varchar(128) as database_name,
    table_schema::varchar(128) as schema_name,
    table_name::varchar(128) as table_name,
    column_name::varchar(128) as column_name,
    ordinal_position,
    left(column_default, 4000)::varchar(4000) as column_default,
    is_nullable::varchar(3) as is_nullable,
    data_type::varchar(128) as data_type,
    character_maximum_length,
    numeric_precision,
    numeric_scale,
    left(remarks, 256)::varchar(256) as remarks
from redshift_information._columns;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_REDSHIFT_FUNCTIONS.html
create or replace view redshift.svv_redshift_functions as
select
    current_database()::varchar(128) as database_name,
    n.nspname::varchar(128) as schema_name,
    p.proname::varchar(128) as function_name,
    (case p.prokind
        when 'a' then 'AGGREGATE FUNCTION' when 'p' then 'STORED PROCEDURE' else 'REGULAR FUNCTION'
    end)::varchar(128) as function_type,
    left(oidvectortypes(p.proargtypes), 512)::varchar(512) as argument_type,
    pg_catalog.format_type(p.prorettype, null)::varchar(128) as result_type
from redshift.pg_proc as p
inner join redshift.pg_namespace as n on p.pronamespace = n.oid
where has_function_privilege(p.oid, 'execute');

-- The rows of a table that the caller may read, counted as Redshift does; else null.
create or replace function redshift.row_count(relation oid) returns bigint
    stable language plpgsql set search_path = pg_catalog, pg_temp as
$$
    declare
        found bigint;
    begin
        if has_table_privilege(relation, 'select') then
            execute format('select count(*) from %s', relation::regclass) into found;
        end if;
        return found;
    end;
$$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TABLE_INFO.html: "doesn't return any information for empty tables".
-- Here nothing is distributed or sorted, so there is no skew and nothing is unsorted.
create or replace view redshift.svv_table_info as
select
    current_database()::text as database,
    n.nspname::text as schema,
    c.oid as table_id,
    c.relname::text as "table",
    case when k.encoded then 'Y' else 'N' end as encoded,
    case c.releffectivediststyle
        when 0 then 'EVEN' when 1 then 'KEY(' || k.distkey || ')' when 8 then 'ALL' else 'AUTO(ALL)'
    end as diststyle,
    coalesce(k.sortkey1, case when coalesce(t.sort_auto, true) then 'AUTO(SORTKEY)' end) as sortkey1,
    k.max_varchar,
    k.sortkey1_enc::char(32) as sortkey1_enc,
    k.sortkey_num,
    greatest(1, pg_table_size(c.oid::regclass) / 1048576) as size,
    0::numeric(10, 4) as pct_used,
    0::bigint as empty,
    (case when k.sortkey_num > 0 then 0 end)::numeric(5, 2) as unsorted,
    (case when s.last_analyze is null and s.last_autoanalyze is null then 100 else 0 end)::numeric(5, 2) as stats_off,
    r.counted::numeric(38, 0) as tbl_rows,
    (case when k.sortkey_num > 0 then 1 end)::numeric(19, 2) as skew_sortkey1,
    (case when c.releffectivediststyle in (0, 1) then 1 end)::numeric(19, 2) as skew_rows,
    r.counted::numeric(38, 0) as estimated_visible_rows,
    null::text as risk_event,
    (case when k.sortkey_num > 0 then 0 end)::numeric(12, 2) as vacuum_sort_benefit,
    null::timestamp as create_time
from (
    select oid, redshift.row_count(oid) as counted
    from pg_class
    where relkind in ('r', 'm') and oid >= 16384 and relpersistence <> 't' and relnamespace <> 'redshift'::regnamespace
) as r
inner join redshift.pg_class as c on r.oid = c.oid
inner join redshift.pg_namespace as n on c.relnamespace = n.oid
left join redshift.table_attributes as t on c.oid = t.relation
left join pg_stat_all_tables as s on c.oid = s.relid
cross join lateral (
    select
        bool_or(a.attencodingtype <> 0) as encoded,
        min(a.attname::text) filter (where a.attisdistkey) as distkey,
        min(a.attname::text) filter (where abs(a.attsortkeyord) = 1) as sortkey1,
        min(redshift.format_encoding(a.attencodingtype)) filter (where abs(a.attsortkeyord) = 1) as sortkey1_enc,
        (count(*) filter (where a.attsortkeyord <> 0))::integer as sortkey_num,
        coalesce(max(a.atttypmod - 4) filter (where a.atttypid = 1043), 0) as max_varchar
    from redshift.pg_attribute as a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
) as k
where r.counted > 0;
