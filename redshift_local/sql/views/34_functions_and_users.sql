-- The rest of PostgreSQL's catalog that Redshift has otherwise: functions, users, groups, databases.

create or replace view redshift.pg_proc as
select
    oid,
    proname,
    case when pronamespace = 'redshift'::regnamespace then 'pg_catalog'::regnamespace::oid else pronamespace end
    as pronamespace,
    proowner,
    prolang,
    prokind = 'a' as proisagg,
    prokind = 'w' as proiswindow,
    prosecdef,
    proisstrict,
    proretset,
    provolatile,
    pronargs,
    prorettype,
    proargtypes,
    proargnames,
    prosrc,
    probin,
    proacl,
    prokind,
    proallargtypes,
    proargmodes,
    provariadic,
    proparallel,
    proleakproof,
    procost,
    prorows,
    proconfig
from pg_proc;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PG_PROC_INFO.html
create or replace view redshift.pg_proc_info as
select
    oid as prooid,
    proname,
    pronamespace,
    proowner,
    prolang,
    proisagg,
    prosecdef,
    proisstrict,
    proretset,
    provolatile,
    pronargs,
    prorettype,
    proargtypes,
    proargnames,
    prosrc,
    probin,
    proacl,
    prokind,
    proargmodes,
    proallargtypes
from redshift.pg_proc;

create or replace view redshift.pg_user as
select
    usename,
    usesysid::bigint::integer as usesysid,
    usecreatedb,
    usesuper,
    usesuper as usecatupd,
    '********'::text as passwd,
    valuntil::timestamp as valuntil,
    useconfig
from pg_user;

create or replace view redshift.pg_user_info as
select u.usename, u.usesysid, u.usecreatedb, u.usesuper, u.usecatupd, u.passwd, u.valuntil, u.useconfig,
    case r.rolconnlimit when -1 then 'UNLIMITED' else r.rolconnlimit::text end as useconnlimit
from redshift.pg_user as u
inner join pg_roles as r on u.usename = r.rolname;

create or replace view redshift.pg_group as
select groname, grosysid::bigint::integer as grosysid, grolist::bigint[]::integer[] as grolist
from pg_group
where groname not like 'pg\_%';

create or replace view redshift.pg_database as
select
    oid,
    datname,
    datdba,
    encoding,
    datistemplate,
    datallowconn,
    0::oid as datlastsysoid,
    datfrozenxid,
    dattablespace,
    null::text[] as datconfig,
    datacl,
    datconnlimit,
    datcollate,
    datctype
from pg_database;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PG_DATABASE_INFO.html
create or replace view redshift.pg_database_info as
select
    oid as datid,
    datname,
    datdba,
    encoding,
    datistemplate,
    datallowconn,
    datlastsysoid,
    datfrozenxid,
    dattablespace,
    datconfig,
    datacl,
    case datconnlimit when -1 then 'UNLIMITED' else datconnlimit::text end as datconnlimit
from redshift.pg_database;
