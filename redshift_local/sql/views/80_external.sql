-- Views of external schemas and tables, of which there are none here: they have their columns and no rows.

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_SCHEMAS.html
create or replace view redshift.svv_external_schemas as
select
    null::oid as esoid,
    null::smallint as eskind,
    null::name as schemaname,
    null::integer as esowner,
    null::text as databasename,
    null::text as esoptions
where false;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PG_EXTERNAL_SCHEMA.html
create or replace view redshift.pg_external_schema as
select
    null::oid as esoid,
    null::integer as eskind,
    null::text as esdbname,
    null::text as esoptions
where false;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_DATABASES.html
create or replace view redshift.svv_external_databases as
select
    null::integer as eskind,
    null::text as esoptions,
    null::text as databasename,
    null::text as location,
    null::text as parameters
where false;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_TABLES.html
create or replace view redshift.svv_external_tables as
select
    null::text as redshift_database_name,
    null::text as schemaname,
    null::text as tablename,
    null::text as tabletype,
    null::text as location,
    null::text as input_format,
    null::text as output_format,
    null::text as serialization_lib,
    null::text as serde_parameters,
    null::integer as compressed,
    null::text as parameters
where false;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_COLUMNS.html
create or replace view redshift.svv_external_columns as
select
    null::text as redshift_database_name,
    null::text as schemaname,
    null::text as tablename,
    null::text as columnname,
    null::text as external_type,
    null::integer as columnnum,
    null::integer as part_key,
    null::text as is_nullable
where false;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_PARTITIONS.html
create or replace view redshift.svv_external_partitions as
select
    null::text as schemaname,
    null::text as tablename,
    null::text as "values",
    null::text as location,
    null::text as input_format,
    null::text as output_format,
    null::text as serialization_lib,
    null::text as serde_parameters,
    null::integer as compressed,
    null::text as parameters
where false;
