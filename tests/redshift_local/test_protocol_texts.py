"""Texts of SQL at an endpoint: several statements of one text, transactions, what the session carries out itself:
https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from wire_client import SYNC, Client, bind, columns, error, execute, parse, query, row, tags

Put = Callable[..., str]


@pytest.fixture
def t(client: Client) -> Client:
    client.ask(query("create temp table t (a integer)"))
    return client


def count(client: Client, table: str = "t") -> str | None:
    return client.rows(f"select count(*) from {table}")[0][0]


def test_a_text_shows_the_results_of_all_its_statements(client: Client) -> None:
    answer = client.ask(query("select 1 as a; select 'x' as b where false; set query_group to c; select 2"))
    assert "".join(kind for kind, _ in answer) == "TDCTCCTDCZ"
    assert tags(answer) == ["SELECT 1", "SELECT 0", "SET", "SELECT 1"]


@pytest.mark.parametrize("text", ["", " ; ", "-- nothing\n", "/* nothing */;"])
def test_a_text_without_a_statement(client: Client, text: str) -> None:
    assert client.kinds(query(text)) == "IZ"


@pytest.mark.parametrize(
    "others", ["", "analyze t; ", "create temp table u as select 1 as a; ", "alter table t alter distkey a; "]
)
def test_a_text_is_one_transaction(t: Client, others: str) -> None:
    """Whether PostgreSQL runs it at once or the session carries out a part of it."""
    answer = t.ask(query(f"insert into t values (1); {others}select 1/0 from t; insert into t values (2)"))
    assert error(answer)["C"] == "22012"
    assert answer[-1] == ("Z", b"I")
    assert count(t) == "0"
    assert t.ask(query(f"insert into t values (1); {others}insert into t values (2)"))[-1] == ("Z", b"I")
    assert count(t) == "2"


@pytest.mark.parametrize("others", ["", "analyze t; "])
def test_begin_and_commit_in_a_text(t: Client, others: str) -> None:
    """ "the implicit transaction block" becomes the one that is begun; what follows COMMIT is another."""
    answer = t.ask(query(f"insert into t values (1); {others}begin; insert into t values (2)"))
    assert answer[-1] == ("Z", b"T")
    assert "BEGIN" in tags(answer)
    answer = t.ask(
        query(f"{others}insert into t values (3); commit; insert into t values (4); select 1/0 from t")
    )
    assert error(answer)["C"] == "22012"
    assert answer[-1] == ("Z", b"I")
    assert count(t) == "3"
    t.ask(query(f"begin; {others}insert into t values (5)"))
    t.ask(query("rollback"))
    assert count(t) == "3"


def test_truncate_commits_what_was_before_it(t: Client) -> None:
    """r_TRUNCATE; two of one text in autocommit are what dlt sends."""
    t.ask(query("create temp table u as select 1 as a"))
    answer = t.ask(query("begin; insert into u values (2); truncate t; insert into u values (3); rollback"))
    assert tags(answer)[:3] == ["BEGIN", "INSERT 0 1", "TRUNCATE TABLE"]
    assert count(t, "u") == "2"
    assert tags(t.ask(query("truncate t; truncate table u"))) == ["TRUNCATE TABLE"] * 2
    assert count(t, "u") == "0"
    answer = t.ask(query("insert into u values (1); truncate t; insert into u values (2); select 1/0 from u"))
    assert error(answer)["C"] == "22012"
    assert count(t, "u") == "1"


def test_what_is_refused_runs_nothing_of_the_text_and_aborts_the_transaction(t: Client) -> None:
    told = error(t.ask(query("insert into t values (1); select distinct on (a) a from t")))
    assert (told["S"], told["C"]) == ("ERROR", "42601")
    assert "DISTINCT ON" in told["M"]
    t.ask(query("begin; insert into t values (1)"))
    assert t.ask(query("select distinct on (a) a from t"))[-1] == ("Z", b"E")
    assert error(t.ask(query("select 1")))["C"] == "25P02"
    assert tags(t.ask(query("commit"))) == ["ROLLBACK"]
    assert count(t) == "0"


def test_errors_carry_what_postgresql_tells(t: Client) -> None:
    told = error(t.ask(query("select aa from t")))
    assert (told["S"], told["C"], told["P"]) == ("ERROR", "42703", "8")
    told = error(t.ask(query("select upper(1, 2)")))
    assert "No function matches" in told["H"] or "No function" in told.get("D", "")
    t.ask(query("create temp table n (a integer not null)"))
    told = error(t.ask(query("insert into n values (null)")))
    assert told["C"] == "23502"
    assert told["D"].startswith("Failing row contains")


@pytest.mark.parametrize("value", ["'abcd'", "'ää'"])
def test_a_text_that_is_too_long(client: Client, value: str) -> None:
    """r_Character_types: "Attempts to store a longer character string into a column of these types result in an error,
    unless the excess characters are all spaces, in which case the string is truncated to the maximum length."
    """
    client.ask(query("create temp table t (a varchar(3))"))
    told = error(client.ask(query(f"insert into t values ({value})")))
    assert (told["C"], told["M"]) == ("22001", "value too long for type character varying(3)")
    client.ask(query("insert into t values ('ab     ')"))
    assert client.rows("select len(a), a from t") == [("3", "ab ")]


def test_isolation_levels_have_no_impact(client: Client) -> None:
    """r_BEGIN: all "have no operational impact and map to SERIALIZABLE"; here all are the snapshot isolation of the
    session (c_serial_isolation).
    """
    for text in (
        "begin isolation level read committed",
        "start transaction isolation level serializable read write",
    ):
        assert client.ask(query(text))[-1] == ("Z", b"T")
        assert client.rows("show transaction_isolation") == [("repeatable read",)]
        client.ask(query("commit"))
    for text in (
        "set session characteristics as transaction isolation level read committed",
        "set default_transaction_isolation to 'read committed'",
        "begin; set transaction isolation level read committed",
    ):
        assert tags(client.ask(query(text)))[-1] == "SET"
        assert client.rows("show transaction_isolation") == [("repeatable read",)]
    client.ask(
        query(
            "rollback; set session characteristics as transaction isolation level read committed, read only"
        )
    )
    assert error(client.ask(query("create table t (a integer)")))["C"] == "25006"
    client.ask(query("set session characteristics as transaction read write"))
    client.ask(query("begin isolation level read uncommitted, read only"))
    assert error(client.ask(query("create table t (a integer)")))["C"] == "25006"


def test_a_backslash_is_an_escape(client: Client) -> None:
    assert client.rows(r"select 'it\'s', len('a\\b')") == [("it's", "3")]
    answer = client.ask(parse(r"select 'it\'s'"), bind(), execute(), SYNC)
    assert row(answer[2][1]) == ("it's",)


# --- session parameters: cm_chap_ConfigurationRef


def test_parameters_that_only_redshift_has(client: Client) -> None:
    assert client.rows("show query_group") == [("unset",)]  # r_SHOW
    assert client.rows("show enable_result_cache_for_session") == [("on",)]
    answer = client.ask(query("set enable_result_cache_for_session to false; set wlm_query_slot_count = 3"))
    assert tags(answer) == ["SET", "SET"]
    answer = client.ask(query("show enable_result_cache_for_session"))
    assert columns(answer[0][1])[0][0] == "enable_result_cache_for_session"
    assert tags(answer) == ["SHOW"]
    assert client.rows("show wlm_query_slot_count") == [("3",)]
    client.ask(query("reset wlm_query_slot_count"))
    assert client.rows("show wlm_query_slot_count") == [("1",)]
    client.ask(query("begin; set local query_group to 'priority'"))
    assert client.rows("show query_group") == [("priority",)]
    client.ask(query("commit"))
    assert client.rows("show query_group") == [("unset",)]


def test_show_all_lists_what_set_takes(client: Client) -> None:
    shown = dict(client.rows("show all"))
    assert shown["analyze_threshold_percent"] == "10"
    assert shown["datestyle"] == "ISO, MDY"
    assert shown["wlm_query_slot_count"] == "1"
    assert "work_mem" not in shown


def test_session_context_variables(client: Client) -> None:
    """r_SET: a name of two parts; RESET makes it null."""
    client.ask(query("set app_context.user_id to 738"))
    assert client.rows("show app_context.user_id") == [("738",)]
    assert client.rows("select current_setting('app_context.user_id')") == [("738",)]


@pytest.mark.parametrize(
    "text",
    [
        "set enable_result_cache_for_session to maybe",
        "set wlm_query_slot_count to many",
        "set client_encoding to 'LATIN1'",
        "set names 'LATIN1'",
    ],
)
def test_values_that_a_parameter_cannot_have(client: Client, text: str) -> None:
    assert error(client.ask(query(text)))["C"] == "42601"


def test_field_names_in_upper_case(client: Client) -> None:
    """r_describe_field_name_in_uppercase, with its example."""
    client.ask(query("set describe_field_name_in_uppercase to on"))
    answer = client.ask(query("show describe_field_name_in_uppercase"))
    assert columns(answer[0][1])[0][0] == "DESCRIBE_FIELD_NAME_IN_UPPERCASE"
    assert row(answer[1][1]) == ("on",)
    client.ask(query("reset all"))
    assert columns(client.ask(query("select 1 as a"))[0][1])[0][0] == "a"


def test_statements_are_prepared_in_sql(client: Client) -> None:
    """r_PREPARE, with its example, and a statement that has to be rewritten."""
    client.ask(query("create temp table prep1 (c1 int, c2 char(20))"))
    answer = client.ask(
        query(
            "prepare plan1 (int, char) as insert into prep1 values ($1, $2); execute plan1 (1, 'o');"
            " execute plan1 (2, 't'); deallocate plan1;"
            " prepare plan2 (int) as select * from prep1 where c1 = $1; execute plan2 (2); deallocate prepare plan2"
        )
    )
    assert tags(answer) == [
        "PREPARE", "INSERT 0 1", "INSERT 0 1", "DEALLOCATE", "PREPARE", "SELECT 1", "DEALLOCATE",
    ]  # fmt: skip
    assert error(client.ask(query("prepare p as create table t (a integer)")))["C"] == "42601"
    assert error(client.ask(query("prepare p as")))["C"] == "42601"


# --- COPY in the client's transaction


@pytest.mark.parametrize("way", ["text", "prepared"])
def test_copy_in_the_clients_transaction(t: Client, put: Put, way: str) -> None:
    def run(text: str) -> list[tuple[str, bytes]]:
        if way == "text":
            return t.ask(query(text))
        return t.ask(parse(text), bind(), execute(), SYNC)

    good, bad = put("good.json", '{"a": 1}\n{"a": 2}'), put("bad.json", '{"a": "x"}')
    answer = run(f"copy t from '{good}' iam_role default json 'auto'")
    assert [kind for kind, _ in answer][-3:] == ["N", "C", "Z"]
    assert answer[-1] == ("Z", b"I")
    assert count(t) == "2"
    run("begin")
    assert tags(run(f"copy t from '{good}' iam_role default json 'auto'")) == ["COPY"]
    assert count(t) == "4"
    run("rollback")
    assert count(t) == "2"
    run("begin")
    run("insert into t values (7)")
    answer = run(f"copy t from '{bad}' iam_role default json 'auto'")
    assert "Load into table 't' failed" in error(answer)["M"]
    assert answer[-1] == ("Z", b"E")
    run("rollback")
    assert count(t) == "2"
    errors = t.rows(
        "select trim(column_name) from sys_load_error_detail order by query_id desc, line_number limit 1"
    )
    assert errors == [("a",)]


def test_copy_among_other_statements_of_a_text(t: Client, put: Put) -> None:
    url = put("a.json", '{"a": 1}')
    copy = f"copy t from '{url}' iam_role default json 'auto'"
    answer = t.ask(query(f"insert into t values (1); {copy}; select count(*) from t; analyze t"))
    assert tags(answer) == ["INSERT 0 1", "COPY", "SELECT 1", "ANALYZE"]
    assert count(t) == "2"
    assert error(t.ask(query(f"{copy}; select 1/0 from t")))["C"] == "22012"
    assert count(t) == "2"


@pytest.mark.parametrize("end", ["select 1", "select 1/0 from t"])
def test_load_errors_stay_whether_a_text_is_committed_or_not(t: Client, put: Put, end: str) -> None:
    url = put("a.json", '{"a": "x"}\n{"a": 1}')
    t.ask(
        query(f"insert into t values (1); copy t from '{url}' iam_role default json 'auto' maxerror 5; {end}")
    )
    assert t.rows(f"select line_number from sys_load_error_detail where file_name = '{url}'") == [("1",)]


def test_copy_while_dates_are_written_otherwise(t: Client, put: Put) -> None:
    url = put("a.json", '{"a": 1}\n{"a": "x"}')
    t.ask(query("set datestyle to german"))
    assert tags(t.ask(query(f"copy t from '{url}' iam_role default json 'auto' maxerror 2"))) == ["COPY"]
    assert t.rows("select start_time > getdate() - interval '1 day' from sys_load_error_detail limit 1") == [
        ("t",)
    ]


@pytest.mark.parametrize(
    ("text", "state", "told"),
    [
        ("select st_point(1, 2)", "42883", "the function st_point is not in the local Redshift"),
        ("select * from stl_wlm_rule_action", "42P01", "the system view stl_wlm_rule_action is not in"),
        ("select a from missing", "42P01", 'relation "missing" does not exist'),
    ],
)
def test_what_only_redshift_has_is_named(client: Client, text: str, state: str, told: str) -> None:
    told_by = error(client.ask(query(text)))
    assert told_by["C"] == state
    assert told in told_by["M"]


def test_the_size_of_a_column_changes_outside_a_transaction_only(client: Client) -> None:
    client.ask(query("create temp table sized (a varchar(3), b integer)"))
    assert tags(client.ask(query("alter table sized alter column a type varchar(9)"))) == ["ALTER TABLE"]
    assert (
        "another type than VARCHAR"
        in error(client.ask(query("alter table sized alter column b type varchar(9)")))["M"]
    )
    client.ask(query("begin"))
    refused = error(client.ask(query("alter table sized alter column a type varchar(12)")))
    assert refused["M"] == "ALTER TABLE ALTER COLUMN cannot run inside a transaction block"


def test_a_function_of_the_user_s_may_be_named_as_one_of_postgresql_s(client: Client) -> None:
    assert "the function lcm is not portable" in error(client.ask(query("select lcm(1, 2)")))["M"]
    client.ask(
        query("create function lcm(integer, integer) returns integer stable as $$ select 7 $$ language sql")
    )
    assert client.rows("select lcm(1, 2)") == [("7",)]
    client.ask(query("drop function lcm(integer, integer)"))
