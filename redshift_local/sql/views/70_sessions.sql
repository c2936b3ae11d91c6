-- Sessions, users and rights, from PostgreSQL's own views.

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TRANSACTIONS.html
create or replace view redshift.svv_transactions as
select
    a.usename::text as txn_owner,
    a.datname::text as txn_db,
    a.backend_xid::text::bigint as xid,
    l.pid,
    a.xact_start::timestamp as txn_start,
    l.mode as lock_mode,
    l.locktype as lockable_object_type,
    l.relation::bigint as relation,
    l.granted
from pg_catalog.pg_locks as l
inner join pg_catalog.pg_stat_activity as a on l.pid = a.pid
where l.locktype in ('relation', 'transactionid');

-- The sessions as they are now: PostgreSQL shows a transaction those of its first look.
create or replace function redshift.activity() returns setof pg_stat_activity
    volatile language sql as $$
        select pg_catalog.pg_stat_clear_snapshot();
        select * from pg_catalog.pg_stat_activity
    $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STV_SESSIONS.html
create or replace view redshift.stv_sessions as
select
    backend_start::timestamp as starttime,
    pid as process,
    usename::char(50) as user_name,
    datname::char(50) as db_name,
    0 as timeout_sec
from redshift.activity()
where backend_type = 'client backend';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STV_RECENTS.html
create or replace view redshift.stv_recents as
select
    usesysid::bigint::integer as userid,
    (case when state = 'active' then 'Running' else 'Done' end)::char(20) as status,
    query_start::timestamp as starttime,
    (extract(epoch from case when state = 'active' then clock_timestamp() else state_change end - query_start) * 1000000)
    ::bigint as duration,
    usename::char(50) as user_name,
    datname::char(50) as db_name,
    query::char(600) as query,
    pid
from redshift.activity()
where backend_type = 'client backend' and query_start is not null;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STV_INFLIGHT.html: PostgreSQL's queries have no numbers
create or replace view redshift.stv_inflight as
select
    usesysid::bigint::integer as userid,
    0 as slice,
    0 as query,
    'default'::char(320) as label,
    backend_xid::text::bigint as xid,
    pid,
    query_start::timestamp as starttime,
    left(query, 100)::char(100) as text,
    0 as suspended,
    0 as insert_pristine,
    0 as concurrency_scaling_status
from redshift.activity()
where backend_type = 'client backend' and state = 'active';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STV_SLICES.html
create or replace view redshift.stv_slices as
select 0 as node, 0 as slice, 0 as localslice, 'D'::char(1) as type;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STV_DB_ISOLATION_LEVEL.html
create or replace view redshift.stv_db_isolation_level as
select datname::char(128) as db_name, 'Snapshot Isolation'::char(20) as isolation_level
from pg_database
where datallowconn;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STV_TBL_PERM.html
create or replace view redshift.stv_tbl_perm as
select
    0 as slice,
    c.oid::bigint::integer as id,
    c.relname::char(72) as name,
    redshift.row_count(c.oid) as rows,
    redshift.row_count(c.oid) as sorted_rows,
    case when c.relpersistence = 't' then 1 else 0 end as temp,
    d.oid::bigint::integer as db_id,
    0 as insert_pristine,
    0 as delete_pristine,
    1 as backup
from redshift.pg_class as c
inner join pg_database as d on d.datname = current_database()
where c.relkind = 'r' and c.oid >= 16384 and not pg_is_other_temp_schema(c.relnamespace);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVL_USER_INFO.html
create or replace view redshift.svl_user_info as
select
    usename::text as usename,
    usesysid,
    usecreatedb,
    usesuper,
    usecatupd,
    useconnlimit,
    case when usesuper then 'UNRESTRICTED' else 'RESTRICTED' end as syslogaccess,
    null::timestamp as last_ddl_ts,
    0 as sessiontimeout,
    null::text as external_id
from redshift.pg_user_info;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_USER_INFO.html
create or replace view redshift.svv_user_info as
select
    usename as user_name,
    usesysid as user_id,
    usecreatedb as createdb,
    usesuper as superuser,
    usecatupd as catalog_update,
    useconnlimit as connection_limit,
    syslogaccess as syslog_access,
    last_ddl_ts as last_ddl_timestamp,
    sessiontimeout as session_timeout,
    external_id as external_user_id
from redshift.svl_user_info;

-- Who was granted what: a user is one who may log in, a group is one who may not.
create or replace view redshift_information._grants as
select
    a.kind,
    a.object,
    x.privilege_type,
    x.is_grantable as admin_option,
    x.grantee::bigint::integer as identity_id,
    coalesce(r.rolname::text, 'public') as identity_name,
    case when x.grantee = 0 then 'public' when r.rolcanlogin then 'user' else 'group' end as identity_type
from (
    select 'relation' as kind, oid as object, relacl as acl from pg_class
    union all
    select 'schema', oid, nspacl from pg_namespace
    union all
    select 'database', oid, datacl from pg_database
) as a
cross join lateral aclexplode(a.acl) as x
left join pg_roles as r on x.grantee = r.oid;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_RELATION_PRIVILEGES.html
create or replace view redshift.svv_relation_privileges as
select
    n.nspname::text as namespace_name,
    c.relname::text as relation_name,
    g.privilege_type,
    g.identity_id,
    g.identity_name,
    g.identity_type,
    g.admin_option and g.identity_type = 'user' as admin_option
from redshift_information._grants as g
inner join redshift.pg_class as c on g.object = c.oid
inner join redshift.pg_namespace as n on c.relnamespace = n.oid
where g.kind = 'relation' and g.privilege_type in ('INSERT', 'SELECT', 'UPDATE', 'DELETE', 'REFERENCES');

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_SCHEMA_PRIVILEGES.html
create or replace view redshift.svv_schema_privileges as
select
    n.nspname::text as namespace_name,
    g.privilege_type,
    g.identity_id,
    g.identity_name,
    g.identity_type,
    g.admin_option and g.identity_type = 'user' as admin_option
from redshift_information._grants as g
inner join redshift.pg_namespace as n on g.object = n.oid
where g.kind = 'schema';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_DATABASE_PRIVILEGES.html
create or replace view redshift.svv_database_privileges as
select
    d.datname::text as database_name,
    case g.privilege_type when 'TEMPORARY' then 'TEMP' else g.privilege_type end as privilege_type,
    g.identity_id,
    g.identity_name,
    g.identity_type,
    g.admin_option and g.identity_type = 'user' as admin_option
from redshift_information._grants as g
inner join pg_database as d on g.object = d.oid
where g.kind = 'database' and g.privilege_type <> 'CONNECT';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_MV_INFO.html: a materialized view that was filled is not stale
create or replace view redshift.svv_mv_info as
select
    current_database()::char(128) as database_name,
    n.nspname::char(128) as schema_name,
    pg_get_userbyid(c.relowner)::char(128) as user_name,
    c.relname::char(128) as name,
    (case when c.relispopulated then 'f' else 't' end)::char(1) as is_stale,
    0 as state,
    'f'::char(1) as autorewrite,
    'f'::char(1) as autorefresh
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where c.relkind = 'm';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STV_MV_INFO.html
create or replace view redshift.stv_mv_info as
select
    database_name as db_name,
    schema_name as schema,
    name,
    0::bigint as updated_upto_xid,
    is_stale,
    user_name as owner_user_name,
    state,
    autorewrite,
    autorefresh
from redshift.svv_mv_info;
