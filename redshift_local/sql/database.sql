-- By a server's administrator in a database, whenever an endpoint begins to serve it.

-- What Redshift does not have, and what everybody may do in PostgreSQL: large objects, which a user who may write nothing
-- could write, and locks that do not belong to a table.
do $$
    declare
        routine regprocedure;
    begin
        for routine in
            select oid from pg_proc
            where pronamespace = 'pg_catalog'::regnamespace
                and (
                    proname like 'lo\_%' or proname in ('loread', 'lowrite') or proname like 'pg%\_advisory\_%'
                    or proname in ('pg_export_snapshot', 'pg_notify')
                )
        loop
            execute format('revoke execute on routine %s from public', routine);
        end loop;
    end
$$;

-- Everything in it, to be handed on, but not the database itself, whose settings hold for the administrator, too.
do $$
    begin
        execute format(
            'grant all on database %I to redshift_superuser with grant option', current_database()
        );
    end
$$;
grant all on schema public to redshift_superuser with grant option;
