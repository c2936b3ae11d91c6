-- DuckDB's, unlike the rest of sql/: it reads the source files and knows no warehouse.
-- What each field should be and how many records have it, and each value of each field with the number of its records.
create table columns (
    position integer, field varchar, type varchar, is_key boolean, present bigint,
    width integer as (try_cast(regexp_extract(type, '^varchar\((\d+)\)$', 1) as integer)),
    is_text boolean as (type like 'varchar(%')
);

create table chunk_values (field varchar, value json, records bigint);

create table chunk_sessions (
    file_day date, event_day date, user_id bigint, session_id bigint, item bigint, ts bigint, records bigint
);
