"""The columns of Redshift's system views, as AWS's pages list them, and what the views of loads and sessions hold."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest

from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]

#: https://docs.aws.amazon.com/redshift/latest/dg/, one page for each view: r_SVV_TABLES, SYS_LOAD_HISTORY and so on.
COLUMNS = {
    "svv_tables": "table_catalog table_schema table_name table_type remarks",
    "svv_columns": """
        table_catalog table_schema table_name column_name ordinal_position column_default is_nullable data_type
        character_maximum_length numeric_precision numeric_precision_radix numeric_scale datetime_precision
        interval_type interval_precision character_set_catalog character_set_schema character_set_name
        collation_catalog collation_schema collation_name domain_name remarks""",
    "svv_all_schemas": """
        database_name schema_name schema_owner schema_type schema_acl source_database schema_option""",
    "svv_all_tables": "database_name schema_name table_name table_type table_acl remarks",
    "svv_all_columns": """
        database_name schema_name table_name column_name ordinal_position column_default is_nullable data_type
        character_maximum_length numeric_precision numeric_scale remarks""",
    "svv_redshift_databases": """
        database_name database_owner database_type database_acl database_options database_isolation_level""",
    "svv_redshift_schemas": "database_name schema_name schema_owner schema_type schema_acl schema_option",
    "svv_redshift_tables": "database_name schema_name table_name table_type table_acl remarks table_owner",
    "svv_redshift_columns": """
        database_name schema_name table_name column_name ordinal_position data_type column_default is_nullable encoding
        distkey sortkey column_acl remarks""",
    "svv_redshift_functions": """
        database_name schema_name function_name function_type argument_type result_type""",
    "svv_external_schemas": "esoid eskind schemaname esowner databasename esoptions",
    "svv_external_databases": "eskind esoptions databasename location parameters",
    "svv_external_tables": """
        redshift_database_name schemaname tablename tabletype location input_format output_format serialization_lib
        serde_parameters compressed parameters""",
    "svv_external_columns": """
        redshift_database_name schemaname tablename columnname external_type columnnum part_key is_nullable""",
    "svv_external_partitions": """
        schemaname tablename values location input_format output_format serialization_lib serde_parameters compressed
        parameters""",
    "svv_table_info": """
        database schema table_id table encoded diststyle sortkey1 max_varchar sortkey1_enc sortkey_num size pct_used
        empty unsorted stats_off tbl_rows skew_sortkey1 skew_rows estimated_visible_rows risk_event vacuum_sort_benefit
        create_time""",
    "pg_table_def": "schemaname tablename column type encoding distkey sortkey notnull",
    "pg_user": "usename usesysid usecreatedb usesuper usecatupd passwd valuntil useconfig",
    "pg_group": "groname grosysid grolist",
    "svv_user_info": """
        user_name user_id createdb superuser catalog_update connection_limit syslog_access last_ddl_timestamp
        session_timeout external_user_id""",
    "svl_user_info": """
        usename usesysid usecreatedb usesuper usecatupd useconnlimit syslogaccess last_ddl_ts sessiontimeout
        external_id""",
    "svv_mv_info": "database_name schema_name user_name name is_stale state autorewrite autorefresh",
    "stv_mv_info": """
        db_name schema name updated_upto_xid is_stale owner_user_name state autorewrite autorefresh""",
    "svv_relation_privileges": """
        namespace_name relation_name privilege_type identity_id identity_name identity_type admin_option""",
    "svv_schema_privileges": "namespace_name privilege_type identity_id identity_name identity_type admin_option",
    "svv_database_privileges": "database_name privilege_type identity_id identity_name identity_type admin_option",
    "svv_transactions": """
        txn_owner txn_db xid pid txn_start lock_mode lockable_object_type relation granted""",
    "stv_tbl_perm": """
        slice id name rows sorted_rows temp db_id insert_pristine delete_pristine backup""",
    "stv_sessions": "starttime process user_name db_name timeout_sec",
    "stv_recents": "userid status starttime duration user_name db_name query pid",
    "stv_inflight": """
        userid slice query label xid pid starttime text suspended insert_pristine concurrency_scaling_status""",
    "stv_slices": "node slice localslice type",
    "stl_query": """
        userid query label xid pid database querytxt starttime endtime aborted insert_pristine
        concurrency_scaling_status""",
    "stl_querytext": "userid xid pid query sequence text",
    "svl_statementtext": "userid xid pid label starttime endtime sequence type text",
    "svl_qlog": """
        userid query xid pid starttime endtime elapsed aborted label substring source_query
        concurrency_scaling_status_txt from_sp_call""",
    "svl_stored_proc_call": """
        userid session_userid query label xid pid database querytxt starttime endtime aborted from_sp_call""",
    "sys_query_history": """
        user_id query_id query_label transaction_id session_id database_name query_type status result_cache_hit
        start_time end_time elapsed_time queue_time execution_time error_message returned_rows returned_bytes query_text
        redshift_version usage_limit compute_type compile_time planning_time lock_wait_time""",
    "stl_load_errors": """
        userid slice tbl starttime session query filename line_number colname type col_length position raw_line
        raw_field_value err_code err_reason is_partial start_offset copy_job_id""",
    "stl_loaderror_detail": """
        userid slice session query filename line_number field colname value is_null type col_length""",
    "stl_load_commits": """
        userid query slice name filename byte_offset lines_scanned errors curtime status file_format is_partial
        start_offset copy_job_id""",
    "stl_file_scan": "userid query slice name lines bytes loadtime curtime is_partial start_offset",
    "stl_replacements": """
        userid query slice tbl starttime session filename line_number colname raw_line""",
    "sys_load_history": """
        user_id query_id transaction_id session_id database_name status table_name start_time end_time duration
        data_source file_format loaded_rows loaded_bytes source_file_count source_file_bytes file_count_scanned
        file_bytes_scanned error_count copy_job_id""",
    "sys_load_error_detail": """
        user_id query_id transaction_id session_id database_name table_id start_time file_name line_number column_name
        column_type column_length position error_code error_message""",
    "sys_load_detail": """
        user_id query_id file_name bytes_scanned lines_scanned record_time splits_scanned start_time end_time""",
}


@pytest.mark.parametrize("view", COLUMNS)
@pytest.mark.parametrize("schema_", ["", "pg_catalog."])
def test_a_view_has_the_columns_that_aws_lists(connection: Connection, view: str, schema_: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {schema_}{view}")
        assert [column.name for column in cursor.description or ()] == COLUMNS[view].split()


@pytest.mark.parametrize(
    ("view", "added"),
    [
        ("pg_class", "reldiststyle releffectivediststyle relexternid relhasoids reltriggers relhaspkey"),
        ("pg_attribute", "attispreloaded attisdistkey attsortkeyord attencodingtype attencrypttype"),
        ("pg_attrdef", "adsrc"),
        ("pg_class_info", "reloid reldiststyle relcreationtime releffectivediststyle"),
        ("pg_proc_info", "prooid prokind proargmodes proallargtypes"),
        ("pg_user_info", "usename useconnlimit"),
        ("pg_database_info", "datid datconnlimit"),
    ],
)
def test_redshift_adds_columns_to_postgresqls_catalog(sql: Sql, view: str, added: str) -> None:
    sql(f"select {', '.join(added.split())} from pg_catalog.{view} limit 1")


@pytest.fixture
def copies(sql: Sql, put: Put, connection: Connection) -> tuple[str, str]:
    """A COPY of two objects with one error; their names."""
    sql("create temp table t (a varchar(3), i integer)")
    good, bad = (
        put("d/a.json", '{"a": "x", "i": 1}\n{"a": "y", "i": 2}\n'),
        put("d/b.json", '{"a": "z", "i": "one"}'),
    )
    sql(f"copy t from '{good.removesuffix('a.json')}' iam_role default format json 'auto' maxerror 2")
    return good, bad


def test_each_object_of_a_copy_is_listed(sql: Sql, copies: tuple[str, str]) -> None:
    good, bad = copies
    assert sql("""
        select trim(filename), lines_scanned, trim(file_format) from stl_load_commits
        where query = pg_last_copy_id() order by 1
    """) == [(good, 2, "JSON"), (bad, 1, "JSON")]
    assert sql("""
        select lines, bytes, left(trim(name), 80) from stl_file_scan where query = pg_last_copy_id() order by name
    """) == [(2, 38, good[:80]), (1, 22, bad[:80])]
    assert sql("""
        select loaded_rows, error_count, source_file_count, source_file_bytes, status, file_format from sys_load_history
        where session_id = pg_backend_pid()
    """) == [(2, 1, 2, 60, "completed", "json")]


@pytest.mark.parametrize(
    ("text", "options", "of_history", "of_commits"),
    [("1,x", "csv", "csv", "Text"), ("1|x", "", "txt", "Text"), ('{"i": 1}', "json 'auto'", "json", "JSON")],
)
def test_a_copy_has_the_format_of_its_files(
    sql: Sql, put: Put, text: str, options: str, of_history: str, of_commits: str
) -> None:
    sql("create temp table t (i integer, a varchar(3))")
    sql(f"copy t from '{put('data', text)}' iam_role default {options}")
    assert sql("select file_format from sys_load_history where session_id = pg_backend_pid()") == [
        (of_history,)
    ]
    assert sql("select trim(file_format) from stl_load_commits where query = pg_last_copy_id()") == [
        (of_commits,)
    ]


def test_the_error_of_a_copy_is_listed_in_all_views(sql: Sql, copies: tuple[str, str]) -> None:
    """The first query is that of r_STL_LOAD_ERRORS."""
    assert sql("""
        select d.line_number as line, trim(substring(d.value,1,16)) as value, le.err_code, trim(d.colname), d.field
        from stl_loaderror_detail d, stl_load_errors le where d.query = le.query and d.query = pg_last_copy_id()
    """) == [(1, "one", 1207, "i", 1)]
    [(relation,)] = sql("select c.oid from pg_catalog.pg_class as c where c.oid = cast('t' as regclass)")
    assert sql("""
        select distinct tbl, trim(name) as table_name, query, is_partial from stl_load_errors as e
        inner join stv_tbl_perm as p on e.tbl = p.id where query = pg_last_copy_id()
    """) == [(relation, "t", sql("select pg_last_copy_id()")[0][0], 0)]


def test_a_copy_is_a_query(sql: Sql, copies: tuple[str, str]) -> None:
    [(text,)] = sql("select trim(querytxt) from stl_query where query = pg_last_copy_id()")
    assert text.startswith("copy t from 'file:///")
    assert sql("select aborted, trim(substring) from svl_qlog where query = pg_last_copy_id()") == [
        (0, text[:60])
    ]
    assert sql("select trim(text) from stl_querytext where query = pg_last_copy_id() and sequence = 0") == [
        (text[:200].strip(),)
    ]
    assert sql(
        "select trim(query_type), trim(status) from sys_query_history where session_id = pg_backend_pid()"
    ) == [("COPY", "success")]


def test_sessions_and_what_they_run(sql: Sql) -> None:
    assert sql("select trim(db_name) from stv_sessions where process = pg_backend_pid()") == [("dev",)]
    assert sql("select trim(status) from stv_recents where pid = pg_backend_pid()") == [("Running",)]
    assert sql(
        "select count(*) from stv_inflight where pid = pg_backend_pid() and text like '%stv_inflight%'"
    ) == [(1,)]


def test_nothing_of_the_package_itself_is_shown(sql: Sql) -> None:
    for query in (
        "select 1 from pg_namespace where nspname like 'redshift%'",
        "select 1 from pg_class where relname in ('loads', 'table_keys', 'query_ids', 'late_binding_views')",
        "select 1 from svv_tables where table_schema like 'redshift%' or table_name in ('loads', 'table_keys')",
        "select 1 from svv_all_schemas where schema_name like 'redshift%'",
        "select 1 from information_schema.columns where table_schema like 'redshift%'",
        "select 1 from pg_tables where schemaname like 'redshift%'",
        "select 1 from pg_attribute as a, pg_type as t where atttypid = t.oid and typname like 'varchar\x5f%'",
    ):
        assert sql(query) == []
    assert sql("select nspname from pg_class as c join pg_namespace as n on n.oid = relnamespace"
               " where relname = 'svv_tables'") == [("pg_catalog",)]  # fmt: skip


def test_a_user_sees_only_what_is_granted(server: str, sql: Sql, schema: str, connection: Connection) -> None:
    sql("create table shared.seen (a integer); create table shared.hidden (a integer) diststyle all")
    sql("create user catalog_reader; grant usage on schema shared to catalog_reader")
    sql("grant select on shared.seen to catalog_reader")
    try:
        sql("set session authorization catalog_reader")
        for query in (
            "select table_name from svv_tables where table_schema = 'shared'",
            "select table_name from svv_columns where table_schema = 'shared'",
            "select table_name from svv_all_tables where schema_name = 'shared'",
            "select table_name from svv_redshift_columns where schema_name = 'shared'",
            "select table_name from information_schema.tables where table_schema = 'shared'",
        ):
            assert sql(query) == [("seen",)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            sql("update redshift.table_attributes set diststyle = 0")
    finally:
        connection.rollback()
    with closing(psycopg2.connect(server)) as plain, plain.cursor() as cursor:
        cursor.execute("select count(*) from pg_roles where rolname = 'catalog_reader'")
        assert cursor.fetchall() == [(0,)]
