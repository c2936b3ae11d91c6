-- Late-binding views: CREATE VIEW ... WITH NO SCHEMA BINDING, https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html.
-- "With this clause, there's no dependency between the view and the underlying objects": a view is marked by an option
-- that changes nothing, and loses its tables before a definition changes one that it names. After the definition it finds
-- them again by their names; until then a query of it fails as its own query would. All of this runs as the user whose
-- statement it is, and so only for that user's own views: what stands in for a query is a text that its owner may choose.

-- What stands in the place of a query whose tables are gone. Raises the error of that query.
create or replace function redshift.unbound(query text) returns boolean
    volatile language plpgsql as $$
    begin
        execute 'explain ' || query;
        raise exception 'the view has to be created anew: what it names has changed';
    end $$;

-- Reading only this locks no view: whoever defines something does not wait for another's transaction.
create or replace view redshift_information.late_binding_views as
select
    oid,
    oid::regclass::text as name,
    pg_get_userbyid(relowner) = current_user as own,
    not reloptions @> array['security_invoker=false'] as bound
from pg_class
where relkind = 'v' and reloptions @> array['security_barrier=false'];

-- The query of a late-binding view, also while its tables are gone.
create or replace function redshift.late_bound_query(view oid) returns text
    stable language sql as $$
    select coalesce(
        replace(substring(definition from ' WHERE redshift\.unbound\(''(.*)''::text\);$'), '''''', ''''),
        rtrim(definition, ';')
    )
    from pg_catalog.pg_get_viewdef(view) as definition
$$;

-- A SELECT list with the columns of a view, all NULL.
create or replace function redshift.nulls(view oid) returns text
    stable language sql as $$
    select string_agg(
        format('null::%s', pg_catalog.format_type(a.atttypid, a.atttypmod))
        || coalesce(' collate ' || quote_ident(c.collname), '') || format(' as %I', a.attname),
        ', ' order by a.attnum
    )
    from pg_catalog.pg_attribute as a
    left join pg_catalog.pg_collation as c on a.attcollation = c.oid
    where a.attrelid = view and a.attnum > 0
$$;

create or replace function redshift.unbind() returns event_trigger
    language plpgsql set search_path = pg_catalog, pg_temp as $$
    declare
        late record;
    begin
        if not exists (select from redshift_information.late_binding_views where own) then
            return;
        end if;
        perform set_config('redshift.binding', 'on', true);
        for late in
            with recursive uses as (
                select distinct rule.ev_class as view, depend.refobjid as used
                from pg_depend as depend
                inner join pg_rewrite as rule on depend.objid = rule.oid
                where depend.classid = 'pg_rewrite'::regclass and depend.refclassid = 'pg_class'::regclass
                and depend.refobjid <> rule.ev_class
            ),
            touched as (
                select uses.view
                from uses
                inner join pg_class as class on uses.used = class.oid
                inner join pg_namespace as namespace on class.relnamespace = namespace.oid
                where strpos(
                    lower(current_query()),
                    lower(case tg_tag when 'DROP SCHEMA' then namespace.nspname else class.relname end)
                ) > 0
                union
                select uses.view from uses inner join touched on uses.used = touched.view
            )
            select views.* from redshift_information.late_binding_views as views
            where views.own and views.bound and views.oid in (select view from touched)
        loop
            execute format(
                'create or replace view %s with (security_barrier = false, security_invoker = false)'
                ' as select %s where redshift.unbound(%L)',
                late.name, redshift.nulls(late.oid), redshift.late_bound_query(late.oid)
            );
        end loop;
        perform set_config('redshift.binding', 'off', true);
    end $$;

create or replace function redshift.bind() returns event_trigger
    language plpgsql set search_path = pg_catalog, pg_temp as $$
    declare
        late record;
        again boolean := true;
    begin
        if current_setting('redshift.binding', true) = 'on' or not exists (
            select from redshift_information.late_binding_views where own and not bound
        ) then
            return;
        end if;
        perform set_config('redshift.binding', 'on', true);
        while again loop -- one may name another
            again := false;
            for late in
                select name, redshift.late_bound_query(oid) as query
                from redshift_information.late_binding_views
                where own and not bound
            loop
                begin
                    begin
                        execute format(
                            'create or replace view %s with (security_barrier = false) as %s', late.name, late.query
                        );
                    exception when invalid_table_definition then -- its columns have other types
                        execute format('drop view %s', late.name);
                        execute format('create view %s with (security_barrier = false) as %s', late.name, late.query);
                    end;
                    again := true;
                exception when others then -- what it names is not there
                    null;
                end;
            end loop;
        end loop;
        perform set_config('redshift.binding', 'off', true);
    end $$;

-- Only a superuser may have PostgreSQL watch definitions; without that, late-binding views are bound.
do $$
begin
    if (select rolsuper from pg_roles where rolname = current_user) then
        create event trigger redshift_unbind on ddl_command_start
        when tag in (
            'ALTER MATERIALIZED VIEW', 'ALTER TABLE', 'ALTER VIEW', 'DROP MATERIALIZED VIEW', 'DROP SCHEMA',
            'DROP TABLE', 'DROP VIEW'
        )
        execute function redshift.unbind();
        create event trigger redshift_bind on ddl_command_end
        when tag in (
            'ALTER MATERIALIZED VIEW', 'ALTER TABLE', 'ALTER VIEW', 'CREATE MATERIALIZED VIEW', 'CREATE TABLE',
            'CREATE TABLE AS', 'CREATE VIEW', 'DROP MATERIALIZED VIEW', 'DROP SCHEMA', 'DROP TABLE', 'DROP VIEW',
            'SELECT INTO'
        )
        execute function redshift.bind();
    end if;
end $$;
