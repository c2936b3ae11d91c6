-- What rewritten statements call: SHOW, MERGE ... REMOVE DUPLICATES.

-- https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
create or replace function redshift.single(matches bigint) returns boolean
    immutable parallel safe language plpgsql as $$
    begin
        if matches > 1 then
            raise cardinality_violation using message = 'Found multiple matches to update the same tuple';
        end if;
        return true;
    end $$;

-- The first name in a statement that is no column; NULL if all are, or if it fails otherwise. Nothing is kept of it.
create or replace function redshift.unresolved(statement text) returns text
    volatile language plpgsql as $$
    declare
        message text;
    begin
        if statement ~* '^\s*create\s+(or\s+replace\s+)?(temp\w*\s+)?view\s' then
            execute statement;
            raise exception using errcode = 'RS001';
        end if;
        execute 'explain ' || statement;
        return null;
    exception
        when undefined_column then
            get stacked diagnostics message = message_text;
            return substring(message from '^column "([^"]+)" does not exist$');
        when others then
            return null;
    end $$;

-- Within a transaction, a session may not see the types that another has just made, until it locks a schema, which
-- creating a table does. Nothing is kept of it.
create or replace function redshift.see_new_types() returns void
    volatile language plpgsql as $$
    begin
        create temp table seen ();
        raise exception using errcode = 'RS001';
    exception
        when others then null;
    end $$;
