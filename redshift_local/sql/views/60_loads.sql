-- What COPY loaded and what it refused: redshift.loads and redshift.load_errors in Redshift's views. A query's id in the
-- SYS views is even and in the STL views odd (catalog.sql). There is one slice, number 0.

-- https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_HISTORY.html
create or replace view redshift.sys_load_history as
select
    user_id,
    2 * query_id as query_id,
    transaction_id,
    session_id,
    current_database()::text as database_name,
    'completed'::text as status,
    table_name,
    start_time,
    end_time,
    (extract(epoch from end_time - start_time) * 1000000)::bigint as duration,
    data_source,
    file_format,
    loaded_rows,
    null::bigint as loaded_bytes,
    jsonb_array_length(files) as source_file_count,
    (select sum((f ->> 'bytes')::bigint) from jsonb_array_elements(files) as f)::bigint as source_file_bytes,
    jsonb_array_length(files) as file_count_scanned,
    (select sum((f ->> 'bytes')::bigint) from jsonb_array_elements(files) as f)::bigint as file_bytes_scanned,
    error_count,
    0::bigint as copy_job_id
from redshift.visible_loads;

-- https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_DETAIL.html
create or replace view redshift.sys_load_detail as
select
    l.user_id,
    2 * l.query_id as query_id,
    (f ->> 'name')::char(256) as file_name,
    (f ->> 'bytes')::bigint as bytes_scanned,
    (f ->> 'lines')::bigint as lines_scanned,
    l.end_time as record_time,
    1 as splits_scanned,
    l.start_time,
    l.end_time
from redshift.visible_loads as l
cross join lateral jsonb_array_elements(l.files) as f;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_COMMITS.html
create or replace view redshift.stl_load_commits as
select
    l.user_id as userid,
    (2 * l.query_id + 1)::integer as query,
    0 as slice,
    (f ->> 'name')::char(256) as name,
    (f ->> 'name')::char(256) as filename,
    0 as byte_offset,
    (f ->> 'lines')::integer as lines_scanned,
    0 as errors,
    l.end_time as curtime,
    1 as status,
    (case l.file_format when 'json' then 'JSON' when 'parquet' then 'Parquet' else 'Text' end)::char(16) as file_format,
    0 as is_partial,
    0::bigint as start_offset,
    0::bigint as copy_job_id
from redshift.visible_loads as l
cross join lateral jsonb_array_elements(l.files) as f;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STL_FILE_SCAN.html
create or replace view redshift.stl_file_scan as
select
    l.user_id as userid,
    (2 * l.query_id + 1)::integer as query,
    0 as slice,
    left(f ->> 'name', 90)::char(90) as name,
    (f ->> 'lines')::bigint as lines,
    (f ->> 'bytes')::bigint as bytes,
    (extract(epoch from l.end_time - l.start_time) * 1000000)::bigint as loadtime,
    l.start_time as curtime,
    0 as is_partial,
    0::bigint as start_offset
from redshift.visible_loads as l
cross join lateral jsonb_array_elements(l.files) as f;

-- https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
create or replace view redshift.sys_load_error_detail as
select
    user_id,
    2 * query_id as query_id,
    transaction_id,
    session_id,
    current_database()::char(64) as database_name,
    table_id,
    start_time,
    file_name::char(256) as file_name,
    line_number,
    column_name::char(127) as column_name,
    column_type::char(10) as column_type,
    column_length::char(10) as column_length,
    position,
    error_code,
    error_message::char(512) as error_message
from redshift.visible_load_errors;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html
create or replace view redshift.stl_load_errors as
select
    user_id as userid,
    0 as slice,
    table_id as tbl,
    start_time as starttime,
    session_id as session,
    (2 * query_id + 1)::integer as query,
    file_name::char(256) as filename,
    line_number,
    column_name::char(127) as colname,
    column_type::char(10) as type,
    column_length::char(10) as col_length,
    position,
    raw_line::char(1024) as raw_line,
    raw_field_value::char(1024) as raw_field_value,
    error_code as err_code,
    error_message::char(100) as err_reason,
    0 as is_partial,
    0::bigint as start_offset,
    0::bigint as copy_job_id
from redshift.visible_load_errors;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOADERROR_DETAIL.html: here the field with the error only
create or replace view redshift.stl_loaderror_detail as
select
    e.user_id as userid,
    0 as slice,
    e.session_id as session,
    (2 * e.query_id + 1)::integer as query,
    e.file_name::char(256) as filename,
    e.line_number,
    a.attnum::integer - 1 as field,
    e.column_name::char(1024) as colname,
    e.raw_field_value::char(1024) as value,
    case when e.raw_field_value is null then 1 else 0 end as is_null,
    e.column_type::char(10) as type,
    e.column_length::char(10) as col_length
from redshift.visible_load_errors as e
left join pg_attribute as a on e.table_id::oid = a.attrelid and e.column_name = a.attname;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STL_REPLACEMENTS.html: which values ACCEPTINVCHARS changed is not kept
create or replace view redshift.stl_replacements as
select
    null::integer as userid,
    null::integer as query,
    null::integer as slice,
    null::integer as tbl,
    null::timestamp as starttime,
    null::integer as session,
    null::char(256) as filename,
    null::bigint as line_number,
    null::char(127) as colname,
    null::char(1024) as raw_line
where false;

-- The views of queries hold one row for each COPY that succeeded: other statements are not recorded here. Its text is
-- made of its table and its source.
create or replace view redshift.stl_query as
select
    l.user_id as userid,
    (2 * l.query_id + 1)::integer as query,
    'default'::char(320) as label,
    l.transaction_id as xid,
    l.session_id as pid,
    current_database()::char(32) as database,
    format('copy %s from %L', l.table_name, l.data_source)::char(4000) as querytxt,
    l.start_time as starttime,
    l.end_time as endtime,
    0 as aborted,
    0 as insert_pristine,
    0 as concurrency_scaling_status
from redshift.visible_loads as l;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STL_QUERYTEXT.html: 200 bytes a row
create or replace view redshift.stl_querytext as
select
    q.userid,
    q.xid,
    q.pid,
    q.query,
    s.number as sequence,
    substr(rtrim(q.querytxt), 200 * s.number + 1, 200)::char(200) as text
from redshift.stl_query as q
cross join lateral generate_series(0, (length(rtrim(q.querytxt)) - 1) / 200) as s (number);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVL_STATEMENTTEXT.html
create or replace view redshift.svl_statementtext as
select
    q.userid,
    q.xid,
    q.pid,
    q.label,
    q.starttime,
    q.endtime,
    t.sequence,
    'QUERY'::varchar(10) as type,
    t.text::varchar(200) as text
from redshift.stl_query as q
inner join redshift.stl_querytext as t on q.query = t.query;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVL_QLOG.html
create or replace view redshift.svl_qlog as
select
    userid,
    query,
    xid,
    pid,
    starttime,
    endtime,
    (extract(epoch from endtime - starttime) * 1000000)::bigint as elapsed,
    aborted,
    label,
    left(querytxt, 60)::char(60) as substring,
    null::integer as source_query,
    'Main cluster'::text as concurrency_scaling_status_txt,
    null::integer as from_sp_call
from redshift.stl_query;

-- https://docs.aws.amazon.com/redshift/latest/dg/SYS_QUERY_HISTORY.html
create or replace view redshift.sys_query_history as
select
    l.user_id,
    2 * l.query_id as query_id,
    'default'::char(320) as query_label,
    l.transaction_id,
    l.session_id,
    current_database()::char(128) as database_name,
    'COPY'::char(32) as query_type,
    'success'::char(10) as status,
    false as result_cache_hit,
    l.start_time,
    l.end_time,
    (extract(epoch from l.end_time - l.start_time) * 1000000)::bigint as elapsed_time,
    0::bigint as queue_time,
    (extract(epoch from l.end_time - l.start_time) * 1000000)::bigint as execution_time,
    null::char(512) as error_message,
    0::bigint as returned_rows,
    0::bigint as returned_bytes,
    format('copy %s from %L', l.table_name, l.data_source)::char(4000) as query_text,
    null::char(256) as redshift_version,
    null::char(150) as usage_limit,
    'primary'::varchar(32) as compute_type,
    0::bigint as compile_time,
    0::bigint as planning_time,
    0::bigint as lock_wait_time
from redshift.visible_loads as l;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVL_STORED_PROC_CALL.html: calls are not recorded
create or replace view redshift.svl_stored_proc_call as
select
    null::integer as userid,
    null::integer as session_userid,
    null::integer as query,
    null::char(320) as label,
    null::bigint as xid,
    null::integer as pid,
    null::char(32) as database,
    null::char(4000) as querytxt,
    null::timestamp as starttime,
    null::timestamp as endtime,
    null::integer as aborted,
    null::integer as from_sp_call
where false;
