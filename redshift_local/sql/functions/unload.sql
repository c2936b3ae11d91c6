-- https://docs.aws.amazon.com/redshift/latest/dg/PG_LAST_UNLOAD_ID.html, PG_LAST_UNLOAD_COUNT.html
create or replace function redshift.pg_last_unload_id() returns bigint
    stable
    return coalesce(2 * nullif(current_setting('redshift.last_unload_id', true), '')::bigint + 1, -1);
create or replace function redshift.pg_last_unload_count() returns bigint
    stable
    return coalesce(nullif(current_setting('redshift.last_unload_count', true), '')::bigint, 0);
