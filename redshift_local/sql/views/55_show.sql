-- What SHOW DATABASES, SCHEMAS, TABLES and COLUMNS return: https://docs.aws.amazon.com/redshift/latest/dg/r_SHOW_TABLES.html
create or replace view redshift_information.show_databases as
select
    datname::text as database_name,
    pg_get_userbyid(datdba)::text as database_owner,
    'local'::text as database_type,
    array_to_string(datacl, '~') as database_acl,
    null::text as parameters,
    'Snapshot Isolation'::text as database_isolation_level
from pg_database
where not datistemplate;

create or replace view redshift_information.show_schemas as
select
    database_name::text as database_name,
    schema_name::text as schema_name,
    pg_get_userbyid(schema_owner::oid)::text as schema_owner,
    schema_type::text as schema_type,
    schema_acl::text as schema_acl,
    source_database::text as source_database,
    schema_option::text as schema_option
from redshift.svv_all_schemas;

create or replace view redshift_information.show_tables as
select
    current_database()::text as database_name,
    n.nspname::text as schema_name,
    c.relname::text as table_name,
    case
        when c.relkind = 'r' then 'TABLE'
        when exists (select from pg_class as m where m.oid = c.oid and m.relkind = 'm') then 'MATERIALIZED VIEW'
        else 'VIEW'
    end as table_type,
    array_to_string(c.relacl, '~') as table_acl,
    obj_description(c.oid, 'pg_class') as remarks
from redshift.pg_class as c
inner join redshift.pg_namespace as n on c.relnamespace = n.oid
where c.relkind in ('r', 'v') and n.nspname not like 'pg\_toast%';

create or replace view redshift_information.show_columns as
select
    table_catalog::text as database_name,
    table_schema::text as schema_name,
    table_name::text as table_name,
    column_name::text as column_name,
    ordinal_position,
    column_default::text as column_default,
    is_nullable::text as is_nullable,
    data_type::text as data_type,
    character_maximum_length,
    numeric_precision,
    numeric_scale,
    remarks
from redshift_information._columns;
