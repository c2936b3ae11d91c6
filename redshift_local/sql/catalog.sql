-- Functions and system views that Redshift has and PostgreSQL lacks. session.py runs this file once in a database, and
-- again when it has changed; then functions/ and views/. Meanwhile the search path is pg_catalog only: a body after
-- RETURN or BEGIN ATOMIC is bound to PostgreSQL's own functions, one in quotes is read on the path of its caller.
create schema if not exists redshift;
create schema if not exists redshift_information;
create sequence if not exists redshift.query_ids;

-- The views and functions of an earlier version, whose columns and parameters may be others. What a user's own object
-- depends on stays. What watches definitions (functions/late_binding.sql) goes first.
drop event trigger if exists redshift_unbind;
drop event trigger if exists redshift_bind;
do $$
    declare
        routine regprocedure;
    begin
        begin
            execute (
                select 'drop view ' || string_agg(oid::regclass::text, ', ')
                from pg_class
                where relnamespace::regnamespace::text in ('redshift', 'redshift_information') and relkind = 'v'
                having count(*) > 0
            );
        exception
            when dependent_objects_still_exist or null_value_not_allowed then null;
        end;
        for routine in select oid from pg_proc where pronamespace = 'redshift'::regnamespace loop
            begin
                execute format('drop routine %s', routine);
            exception
                when dependent_objects_still_exist then null;
            end;
        end loop;
    end
$$;

-- What lies behind the user's own schemas on the search path is not shown: search_path.py.
create or replace function redshift.shown_path(path text default current_setting('search_path')) returns text
    immutable parallel safe
    return regexp_replace(regexp_replace(path, ',? *redshift, *pg_catalog$', ''), '\mredshift, *', '');

-- The default of a session parameter that PostgreSQL does not have, and which is kept in redshift.<name>: parameters.py.
-- https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_ConfigurationRef.html
create or replace function redshift.default_of(name text) returns text
    immutable parallel safe
    return case lower(name)
        when 'analyze_threshold_percent' then '10'
        when 'cast_super_null_on_error' then 'on'
        when 'datashare_break_glass_session_var' then ''
        when 'default_geometry_encoding' then '2'
        when 'describe_field_name_in_uppercase' then 'off'
        when 'downcase_delimited_identifier' then 'on'
        when 'enable_case_sensitive_identifier' then 'off'
        when 'enable_case_sensitive_super_attribute' then 'off'
        when 'enable_numeric_rounding' then 'off'
        when 'enable_result_cache_for_session' then 'on'
        when 'enable_vacuum_boost' then 'off'
        when 'error_on_nondeterministic_update' then 'off'
        when 'interval_forbid_composite_literals' then 'on'
        when 'json_serialization_enable' then 'off'
        when 'json_serialization_parse_nested_strings' then 'off'
        when 'max_concurrency_scaling_clusters' then '1'
        when 'max_cursor_result_set_size' then '0'
        when 'mv_enable_aqmv_for_session' then 'on'
        when 'navigate_super_null_on_error' then 'on'
        when 'parse_super_null_on_error' then 'off'
        when 'pg_federation_repeatable_read' then 'on'
        when 'query_group' then 'unset'
        when 'spectrum_enable_pseudo_columns' then 'on'
        when 'spectrum_enable_spectrum_oid' then 'on'
        when 'spectrum_query_maxerror' then '-1'
        when 'stored_proc_log_min_messages' then 'log'
        when 'wlm_query_slot_count' then '1'
    end;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_CURRENT_SETTING.html; the second argument is the contrary of
-- PostgreSQL's.
create or replace function redshift.current_setting(name text, error_if_undefined boolean) returns text
    stable parallel safe
    return case
        when lower(name) = 'search_path' then redshift.shown_path()
        when lower(name) = 'server_version' then '8.0.2'
        when redshift.default_of(name) is not null
            then coalesce(
                nullif(pg_catalog.current_setting('redshift.' || lower(name), true), ''), redshift.default_of(name)
            )
        else pg_catalog.current_setting(name, not error_if_undefined)
    end;
create or replace function redshift.current_setting(name text) returns text
    stable parallel safe
    return redshift.current_setting(name, true);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SET_CONFIG.html
create or replace function redshift.set_config(name text, value text, is_local boolean) returns text
    volatile
    return case
        when lower(name) = 'search_path'
            then redshift.shown_path(
                pg_catalog.set_config(name, concat_ws(', ', nullif(value, ''), 'redshift, pg_catalog'), is_local)
            )
        when redshift.default_of(name) is not null
            then pg_catalog.set_config('redshift.' || lower(name), value, is_local)
        else pg_catalog.set_config(name, value, is_local)
    end;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_CURRENT_SCHEMAS.html: pg_catalog is searched behind temporary tables
create or replace function redshift.current_schemas(include_implicit boolean) returns name[]
    stable
    return (
        select array_agg(name order by name like 'pg_temp%' desc, name = 'pg_catalog' desc, place)
        from unnest(pg_catalog.current_schemas(include_implicit)) with ordinality as path (name, place)
        where name <> 'redshift' and (include_implicit or name <> 'pg_catalog')
    );

-- https://docs.aws.amazon.com/redshift/latest/dg/r_GETDATE.html: the session's time, in whole seconds, without time zone
create or replace function redshift.getdate() returns timestamp
    stable
    return date_trunc('second', statement_timestamp()::timestamp);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_NVL_function.html
create or replace function redshift.nvl(anycompatible, anycompatible) returns anycompatible
    immutable language sql as $$ select coalesce($1, $2) $$;
create or replace function redshift.nvl(anycompatible, anycompatible, anycompatible) returns anycompatible
    immutable language sql as $$ select coalesce($1, $2, $3) $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_LEN.html: characters
create or replace function redshift.len(text) returns integer
    immutable strict parallel safe
    return char_length($1);

-- Redshift gives a query two ids: in the SYS views that of the query as its user wrote it (LAST_USER_QUERY_ID), in the
-- STL views that of the rewritten query (PG_LAST_QUERY_ID, PG_LAST_COPY_ID). "The query_id column in the SYS monitoring
-- views and the query column in STL_QUERY are not the same identifier"
-- (https://docs.aws.amazon.com/redshift/latest/dg/SYS_QUERY_HISTORY.html). Here the first are even and the second are
-- odd, so that a query by the wrong id returns nothing.

-- https://docs.aws.amazon.com/redshift/latest/dg/LAST_USER_QUERY_ID.html: the id of the query that was completed last.
-- Here only a COPY and the query after it have one.
create or replace function redshift.last_user_query_id() returns bigint
    stable
    return coalesce(2 * nullif(current_setting('redshift.last_user_query_id', true), '')::bigint, -1);
-- https://docs.aws.amazon.com/redshift/latest/dg/PG_LAST_COPY_ID.html, PG_LAST_COPY_COUNT.html
create or replace function redshift.pg_last_copy_id() returns bigint
    stable
    return coalesce(2 * nullif(current_setting('redshift.last_copy_id', true), '')::bigint + 1, -1);
-- https://docs.aws.amazon.com/redshift/latest/dg/PG_LAST_QUERY_ID.html. Here only a COPY has such an id.
create or replace function redshift.pg_last_query_id() returns bigint
    stable
    return redshift.pg_last_copy_id();
create or replace function redshift.pg_last_copy_count() returns bigint
    stable
    return coalesce(nullif(current_setting('redshift.last_copy_count', true), '')::bigint, 0);

-- One row for each COPY that succeeded. Unlike on Redshift, a rollback removes the row.
create table if not exists redshift.loads (
    query_id bigint not null,
    transaction_id bigint,
    session_id integer,
    table_name text,
    start_time timestamp not null,
    end_time timestamp not null default clock_timestamp(),
    data_source text,
    loaded_rows bigint,
    error_count bigint
);

-- An array of {"name", "lines", "bytes"}, one for each object that was read.
alter table redshift.loads add column if not exists files jsonb;
alter table redshift.loads add column if not exists file_format text not null default 'json';

-- One row for each record, or object, that a COPY could not load.
create table if not exists redshift.load_errors (
    query_id bigint not null,
    transaction_id bigint,
    session_id integer,
    table_id integer,
    start_time timestamp not null,
    file_name text,
    line_number bigint,
    column_name text,
    column_type text,
    column_length text,
    position integer,
    raw_line text,
    raw_field_value text,
    error_code integer,
    error_message text
);


-- Aborts a transaction, as a failed COPY does.
create or replace function redshift.fail(message text) returns void
    language plpgsql as $$ begin raise exception '%', message; end $$;
