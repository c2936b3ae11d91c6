-- DuckDB's, unlike the rest of sql/: it reads the source files and knows no warehouse.
-- What each field should be, and each value of each field with the number of its records.
create table columns (field varchar, type varchar, is_text boolean, width integer);

create table chunk_values (field varchar, value json, records bigint);

create table chunk_sessions (
    file_day date, event_day date, user_id bigint, session_id bigint, item bigint, ts bigint, records bigint
);
