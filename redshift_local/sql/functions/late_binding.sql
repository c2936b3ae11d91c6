-- Late-binding views: CREATE VIEW ... WITH NO SCHEMA BINDING, https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html.
-- "With this clause, there's no dependency between the view and the underlying objects": a view is marked by an option
-- that changes nothing, and loses its tables before a definition changes one that it names. After the definition it finds
-- them again by their names; until then a query of it fails as its own query would. All of this runs as the user whose
-- statement it is.

-- What stands in the place of a query whose tables are gone. Raises the error of that query.
create or replace function redshift.unbound(query text) returns boolean
    volatile language plpgsql as $$
    begin
        execute 'explain ' || query;
        raise exception 'the view has to be created anew: what it names has changed';
    end $$;

create or replace view redshift_information.late_binding_views as
select
    class.oid,
    class.oid::regclass::text as name,
    rtrim(pg_get_viewdef(class.oid), ';') as definition,
    replace(substring(pg_get_viewdef(class.oid) from $$ WHERE redshift.unbound\('(.*)'::text\);$$), '''''', '''') as unbound,
    (
        select string_agg(
            format('null::%s', format_type(attribute.atttypid, attribute.atttypmod))
            || coalesce(' collate ' || quote_ident(collation_of.collname), '')
            || format(' as %I', attribute.attname), ', ' order by attribute.attnum
        )
        from pg_attribute as attribute
        left join pg_collation as collation_of on attribute.attcollation = collation_of.oid
        where attribute.attrelid = class.oid and attribute.attnum > 0
    ) as nulls
from pg_class as class
where class.relkind = 'v' and class.reloptions @> array['security_barrier=false'];

create or replace function redshift.unbind() returns event_trigger
    language plpgsql set search_path = pg_catalog, pg_temp set redshift.binding = 'on' as $$
    declare
        late record;
    begin
        if not exists (select from redshift_information.late_binding_views) then
            return;
        end if;
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
            where views.unbound is null and views.oid in (select view from touched)
        loop
            execute format(
                'create or replace view %s with (security_barrier = false) as select %s where redshift.unbound(%L)',
                late.name, late.nulls, late.definition
            );
        end loop;
    end $$;

create or replace function redshift.bind() returns event_trigger
    language plpgsql set search_path = pg_catalog, pg_temp as $$
    declare
        late record;
        bound boolean := true;
    begin
        if current_setting('redshift.binding', true) = 'on' or not exists (
            select from redshift_information.late_binding_views where unbound is not null
        ) then
            return;
        end if;
        perform set_config('redshift.binding', 'on', true);
        while bound loop -- one may name another
            bound := false;
            for late in select * from redshift_information.late_binding_views where unbound is not null loop
                begin
                    begin
                        execute format(
                            'create or replace view %s with (security_barrier = false) as %s', late.name, late.unbound
                        );
                    exception when invalid_table_definition then -- its columns have other types
                        execute format('drop view %s', late.name);
                        execute format('create view %s with (security_barrier = false) as %s', late.name, late.unbound);
                    end;
                    bound := true;
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
