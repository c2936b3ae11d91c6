-- The information schema over Redshift's view of the catalog: catalog.py reads information_schema.x as
-- redshift_information.x. What PostgreSQL says otherwise is its own: the other views of information_schema are not here.

-- The tables and views that the caller may use, with their comments.
create or replace view redshift_information._relations as
select
    current_database()::name as table_catalog,
    n.nspname as table_schema,
    c.relname as table_name,
    (case
        when n.oid = pg_my_temp_schema() then 'LOCAL TEMPORARY'
        when c.relkind = 'r' then 'BASE TABLE'
        when c.relkind = 'v' then 'VIEW'
        else 'FOREIGN'
    end)::varchar as table_type,
    obj_description(c.oid, 'pg_class')::varchar as remarks
from redshift.pg_class as c
inner join redshift.pg_namespace as n on c.relnamespace = n.oid
where c.relkind in ('r', 'v', 'f')
    and not pg_is_other_temp_schema(n.oid)
    and (
        pg_has_role(c.relowner, 'usage')
        or has_table_privilege(c.oid, 'select, insert, update, delete, truncate, references, trigger')
        or has_any_column_privilege(c.oid, 'select, insert, update, references')
    );

create or replace view redshift_information.tables as
select
    table_catalog,
    table_schema,
    table_name,
    table_type,
    null::varchar as self_referencing_column_name,
    null::varchar as reference_generation,
    null::varchar as user_defined_type_catalog,
    null::varchar as user_defined_type_schema,
    null::varchar as user_defined_type_name
from redshift_information._relations;

-- The columns of these, with their comments.
create or replace view redshift_information._columns as
select
    current_database()::name as table_catalog,
    n.nspname as table_schema,
    c.relname as table_name,
    a.attname as column_name,
    a.attnum::integer as ordinal_position,
    d.adsrc::varchar as column_default,
    (case when a.attnotnull then 'NO' else 'YES' end)::varchar as is_nullable,
    pg_catalog.format_type(a.atttypid, null)::varchar as data_type,
    information_schema._pg_char_max_length(a.atttypid, a.atttypmod)::integer as character_maximum_length,
    information_schema._pg_numeric_precision(a.atttypid, a.atttypmod)::integer as numeric_precision,
    information_schema._pg_numeric_precision_radix(a.atttypid, a.atttypmod)::integer as numeric_precision_radix,
    information_schema._pg_numeric_scale(a.atttypid, a.atttypmod)::integer as numeric_scale,
    information_schema._pg_datetime_precision(a.atttypid, a.atttypmod)::integer as datetime_precision,
    information_schema._pg_interval_type(a.atttypid, a.atttypmod)::varchar as interval_type,
    t.typname as udt_name,
    col_description(c.oid, a.attnum) as remarks,
    a.late
from redshift_information._attribute as a
inner join redshift.pg_class as c on a.attrelid = c.oid
inner join redshift.pg_namespace as n on c.relnamespace = n.oid
inner join pg_type as t on a.atttypid = t.oid
left join redshift.pg_attrdef as d on a.attrelid = d.adrelid and a.attnum = d.adnum
where a.attnum > 0
    and not a.attisdropped
    and c.relkind in ('r', 'v', 'f')
    and not pg_is_other_temp_schema(n.oid)
    and (
        pg_has_role(c.relowner, 'usage')
        or has_column_privilege(c.oid, a.attnum, 'select, insert, update, references')
    );

create or replace view redshift_information.columns as
select
    table_catalog,
    table_schema,
    table_name,
    column_name,
    ordinal_position,
    column_default,
    is_nullable,
    data_type,
    character_maximum_length,
    character_maximum_length as character_octet_length,
    numeric_precision,
    numeric_precision_radix,
    numeric_scale,
    datetime_precision,
    interval_type,
    null::varchar as interval_precision,
    null::varchar as character_set_catalog,
    null::varchar as character_set_schema,
    null::varchar as character_set_name,
    null::varchar as collation_catalog,
    null::varchar as collation_schema,
    null::varchar as collation_name,
    null::varchar as domain_catalog,
    null::varchar as domain_schema,
    null::varchar as domain_name,
    table_catalog as udt_catalog,
    'pg_catalog'::name as udt_schema,
    udt_name,
    null::varchar as scope_catalog,
    null::varchar as scope_schema,
    null::varchar as scope_name,
    null::integer as maximum_cardinality,
    ordinal_position::varchar as dtd_identifier,
    'NO'::varchar as is_self_referencing
from redshift_information._columns
where not late;

create or replace view redshift_information.views as
select
    current_database()::name as table_catalog,
    n.nspname as table_schema,
    c.relname as table_name,
    (case when pg_has_role(c.relowner, 'usage') then redshift.pg_get_viewdef(c.oid) end)::varchar as view_definition,
    'NONE'::varchar as check_option,
    'NO'::varchar as is_updatable,
    'NO'::varchar as is_insertable_into
from redshift.pg_class as c
inner join redshift.pg_namespace as n on c.relnamespace = n.oid
where c.relkind = 'v'
    and not pg_is_other_temp_schema(n.oid)
    and (pg_has_role(c.relowner, 'usage') or has_table_privilege(c.oid, 'select, insert, update, delete'));

create or replace view redshift_information.schemata as
select
    current_database()::name as catalog_name,
    n.nspname as schema_name,
    pg_get_userbyid(n.nspowner) as schema_owner,
    null::varchar as default_character_set_catalog,
    null::varchar as default_character_set_schema,
    null::varchar as default_character_set_name,
    null::varchar as sql_path
from redshift.pg_namespace as n
where pg_has_role(n.nspowner, 'usage') or has_schema_privilege(n.oid, 'create, usage');

create or replace view redshift_information.table_constraints as
select
    current_database()::name as constraint_catalog,
    n.nspname as constraint_schema,
    k.conname as constraint_name,
    current_database()::name as table_catalog,
    n.nspname as table_schema,
    c.relname as table_name,
    (case k.contype when 'p' then 'PRIMARY KEY' when 'u' then 'UNIQUE' else 'FOREIGN KEY' end)::varchar as constraint_type,
    'NO'::varchar as is_deferrable,
    'NO'::varchar as initially_deferred
from redshift.pg_constraint as k
inner join pg_class as c on k.conrelid = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
where pg_has_role(c.relowner, 'usage') or has_table_privilege(c.oid, 'select, insert, update, delete, references');

create or replace view redshift_information.key_column_usage as
select
    current_database()::name as constraint_catalog,
    n.nspname as constraint_schema,
    k.conname as constraint_name,
    current_database()::name as table_catalog,
    n.nspname as table_schema,
    c.relname as table_name,
    a.attname as column_name,
    u.place::integer as ordinal_position,
    array_position(p.conkey, k.confkey[u.place]) as position_in_unique_constraint
from redshift.pg_constraint as k
inner join pg_class as c on k.conrelid = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
cross join lateral unnest(k.conkey) with ordinality as u (number, place)
inner join pg_attribute as a on c.oid = a.attrelid and u.number = a.attnum
left join redshift.pg_constraint as p on k.confrelid = p.conrelid and p.contype = 'p' and k.contype = 'f'
where pg_has_role(c.relowner, 'usage') or has_column_privilege(c.oid, a.attnum, 'select, insert, update, references');

create or replace view redshift_information.constraint_column_usage as
select
    current_database()::name as table_catalog,
    n.nspname as table_schema,
    c.relname as table_name,
    a.attname as column_name,
    current_database()::name as constraint_catalog,
    n.nspname as constraint_schema,
    k.conname as constraint_name
from redshift.pg_constraint as k
inner join pg_class as c on c.oid = case k.contype when 'f' then k.confrelid else k.conrelid end
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a
    on c.oid = a.attrelid and a.attnum = any(case k.contype when 'f' then k.confkey else k.conkey end)
where pg_has_role(c.relowner, 'usage');

create or replace view redshift_information.referential_constraints as
select
    current_database()::name as constraint_catalog,
    n.nspname as constraint_schema,
    k.conname as constraint_name,
    current_database()::name as unique_constraint_catalog,
    pn.nspname as unique_constraint_schema,
    p.conname as unique_constraint_name,
    'NONE'::varchar as match_option,
    'NO ACTION'::varchar as update_rule,
    'NO ACTION'::varchar as delete_rule
from redshift.pg_constraint as k
inner join pg_class as c on k.conrelid = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
left join redshift.pg_constraint as p on k.confrelid = p.conrelid and p.contype in ('p', 'u') and k.confkey = p.conkey
left join pg_namespace as pn on p.connamespace = pn.oid
where k.contype = 'f' and pg_has_role(c.relowner, 'usage');
