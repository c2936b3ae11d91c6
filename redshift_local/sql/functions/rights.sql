-- What users of an endpoint may know and write of loads. Everything here belongs to the administrator of the server, and
-- nothing of it runs with the administrator's rights: the only way in is INSERT, and a trigger says whose rows they are.

-- A role's number, as Redshift's views show it.
create or replace function redshift.user_number(name name default session_user) returns integer
    stable parallel safe
    return (select oid::bigint::integer from pg_catalog.pg_roles where rolname = name);

alter table redshift.loads add column if not exists user_id integer;
alter table redshift.loads alter column user_id set default redshift.user_number();
alter table redshift.load_errors add column if not exists user_id integer;
alter table redshift.load_errors alter column user_id set default redshift.user_number();

-- "Superusers can see all rows; regular users can see only their own data":
-- https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html
create or replace function redshift.sees_all() returns boolean
    stable parallel safe
    return exists (
        select from pg_catalog.pg_class
        where oid = 'redshift.loads'::regclass and pg_has_role(relowner, 'usage')
        union all
        select from pg_catalog.pg_roles
        where rolname = 'redshift_superuser' and pg_has_role(oid, 'usage')
    );

-- A barrier, so that a function in a query never sees a row that the query may not return.
create or replace view redshift.visible_loads with (security_barrier) as
select * from redshift.loads
where user_id = redshift.user_number(current_user) or redshift.sees_all();

create or replace view redshift.visible_load_errors with (security_barrier) as
select * from redshift.load_errors
where user_id = redshift.user_number(current_user) or redshift.sees_all();

-- A user's rows are of the user's own session and of the number that this session drew last, whatever they say.
create or replace function redshift.stamp() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp as
$$
    begin
        if not (select pg_has_role(relowner, 'usage') from pg_class where oid = tg_relid) then
            new.query_id := currval('redshift.query_ids');
            new.transaction_id := txid_current();
            new.session_id := pg_backend_pid();
            new.user_id := redshift.user_number();
        end if;
        return new;
    end;
$$;
create or replace trigger stamp before insert on redshift.loads
for each row execute function redshift.stamp();
create or replace trigger stamp before insert on redshift.load_errors
for each row execute function redshift.stamp();

grant usage on schema redshift to public;
grant usage on sequence redshift.query_ids to public;
revoke all on redshift.loads, redshift.load_errors from public;
grant insert on redshift.loads, redshift.load_errors to public;
