"""The extended query protocol at an endpoint, message by message, as PostgreSQL's documentation says:
https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY.
"""

from __future__ import annotations

import struct

import pytest
from wire_client import (
    FLUSH,
    SYNC,
    Client,
    bind,
    close,
    columns,
    describe,
    error,
    execute,
    message,
    parse,
    query,
    row,
    tags,
    values,
)

INTEGER, VARCHAR, TEXT, TIMESTAMP = 23, 1043, 25, 1114


def test_a_statement_is_parsed_bound_described_and_executed(client: Client) -> None:
    answer = client.ask(parse("select 1 as a"), bind(), describe("P"), execute(), SYNC)
    assert "".join(kind for kind, _ in answer) == "12TDCZ"
    assert columns(answer[2][1]) == [("a", INTEGER, -1, 0)]
    assert row(answer[3][1]) == ("1",)
    assert (answer[4][1], answer[5][1]) == (b"SELECT 1\0", b"I")


def test_a_statement_tells_its_parameters_and_its_columns(client: Client) -> None:
    answer = client.ask(
        parse("select $1 + 1, $2", types=(INTEGER, TIMESTAMP), name="s"), describe("S", "s"), SYNC
    )
    assert [kind for kind, _ in answer] == ["1", "t", "T", "Z"]
    assert answer[1][1] == struct.pack("!hii", 2, INTEGER, TIMESTAMP)
    assert [oid for _, oid, _, _ in columns(answer[2][1])] == [INTEGER, TIMESTAMP]


def test_types_of_parameters_are_inferred_and_of_columns_that_count_bytes_varchar(client: Client) -> None:
    client.ask(query("create temp table t (a varchar(20), b char(3), c decimal(8, 2), d varchar)"))
    answer = client.ask(parse("insert into t values ($1, $2, $3, $4)"), describe("S"), SYNC)
    assert answer[1][1] == struct.pack("!hiiii", 4, VARCHAR, 1042, 1700, VARCHAR)
    assert answer[2][0] == "n"
    answer = client.ask(parse("select a, b, c from t"), describe("S"), SYNC)
    assert [column[1:3] for column in columns(answer[2][1])] == [
        (VARCHAR, 20 + 4), (1042, 3 + 4), (1700, (8 << 16 | 2) + 4),
    ]  # fmt: skip


def test_values_are_bound_and_returned_as_text_or_binary(client: Client) -> None:
    statement = parse("select $1::integer + 1, $2::varchar, $3::float8")
    answer = client.ask(statement, bind(b"41", "ä".encode(), None), execute(), SYNC)
    assert row(answer[2][1]) == ("42", "ä", None)
    given = (struct.pack("!i", 41), b"x", struct.pack("!d", 1.5))
    answer = client.ask(statement, bind(*given, binary=True, binary_result=True), execute(), SYNC)
    assert values(answer[2][1]) == [struct.pack("!i", 42), b"x", struct.pack("!d", 1.5)]


def test_a_named_statement_stays_until_it_is_closed(client: Client) -> None:
    assert client.kinds(parse("select $1::integer", name="s"), SYNC) == "1Z"
    for given in (b"1", b"2"):
        assert client.kinds(bind(given, name="s"), execute(), SYNC) == "2DCZ"
    refused = client.ask(parse("select 2", name="s"), SYNC)
    assert error(refused)["C"] == "42P05"  # duplicate_prepared_statement
    assert client.kinds(bind(b"3", name="s"), execute(), SYNC) == "2DCZ"
    assert client.kinds(close("S", "s"), close("S", "never"), SYNC) == "33Z"
    assert error(client.ask(bind(b"3", name="s"), SYNC))["C"] == "26000"  # invalid_sql_statement_name


def test_a_portal_gives_its_rows_in_pieces(client: Client) -> None:
    client.ask(query("begin"))
    rows = parse(
        "select level from (select 1 as level union all select 2 union all select 3) as l order by 1"
    )
    assert client.kinds(rows, bind(portal="p"), execute("p", 2), SYNC) == "12DDsZ"
    assert client.kinds(query("select 9")) == "TDCZ"  # another in between
    assert client.kinds(execute("p", 2), execute("p", 2), SYNC) == "DCCZ"
    client.ask(query("commit"))
    assert error(client.ask(execute("p"), SYNC))["C"] == "34000"  # invalid_cursor_name


def test_one_error_is_told_and_all_is_skipped_to_the_next_sync(client: Client) -> None:
    answer = client.ask(
        parse("select 1/0"), bind(), execute(), parse("select 1"), bind(), execute(), FLUSH, query("select 2"), SYNC
    )  # fmt: skip
    assert "".join(kind for kind, _ in answer) == "1EZ"
    assert error(answer)["C"] == "22012"
    assert client.kinds(parse("select 1"), bind(), execute(), SYNC) == "12DCZ"


@pytest.mark.parametrize(
    "behind",
    [
        (parse("select length($1::text)"), bind(b"x" * 100_000), execute()),
        (parse("select distinct on (a) a from t"),),
        (parse("create temp table t (a varchar(77))"), bind(), execute()),
        (parse("alter table t alter distkey a"), bind(), execute()),
        (parse("select a + 1 as b, b / 2.5 from t"), bind(), execute()),
        (bind(portal="p"), describe("P", "p"), close("P", "p"), message(b"P", b"no end")),
    ],
)
def test_whatever_comes_behind_an_error_is_skipped(client: Client, behind: tuple[bytes, ...]) -> None:
    assert client.kinds(parse("selec"), *behind, SYNC) == "EZ"
    assert client.kinds(parse("select 1"), bind(), execute(), SYNC) == "12DCZ"


def test_what_the_server_has_to_be_asked_aborts_no_transaction(client: Client) -> None:
    client.ask(query("begin; create temp table t (a integer); insert into t values (4)"))
    for answer in (
        client.ask(query("select a + 1 as b, b * 2 from t")),
        client.ask(parse("select a + 1 as b, b * 2 from t"), bind(), execute(), SYNC),
    ):
        assert [row(body) for kind, body in answer if kind == "D"] == [("5", "10")]
        assert answer[-1] == ("Z", b"T")


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("select distinct on (a) a from t", "42601"),  # what Redshift refuses
        ("selec", "42601"),
        ("select 1; select 2", "42601"),  # "cannot insert multiple commands into a prepared statement"
        ("select * from missing", "42P01"),
    ],
)
def test_what_is_refused_is_one_error_too_and_aborts_the_transaction(
    client: Client, statement: str, state: str
) -> None:
    client.ask(query("begin"))
    answer = client.ask(
        parse("select 1"), bind(), execute(), parse(statement), bind(), describe("P"), execute(), SYNC
    )
    assert "".join(kind for kind, _ in answer) == "12DCEZ"
    assert error(answer)["C"] == state
    assert answer[-1][1] == b"E"
    assert error(client.ask(parse("select 1"), SYNC))["C"] == "25P02"
    assert tags(client.ask(query("rollback"))) == ["ROLLBACK"]


def test_an_error_names_its_position_in_what_the_client_wrote(client: Client) -> None:
    told = error(client.ask(parse("select nope from pg_class"), SYNC))
    assert (told["S"], told["P"]) == ("ERROR", "8")
    assert "P" not in error(client.ask(parse("create table t (a varchar(9)) sortkey(a) nope"), SYNC))


def test_statements_before_one_sync_are_one_transaction(client: Client) -> None:
    client.ask(query("create temp table t (a integer)"))
    one = (parse("insert into t values (1)"), bind(), execute())
    assert client.kinds(*one, parse("select 1/0"), bind(), execute(), SYNC) == "12C1EZ"
    assert client.rows("select count(*) from t") == [("0",)]
    assert client.kinds(*one, *one, SYNC) == "12C12CZ"
    assert client.rows("select count(*) from t") == [("2",)]


def test_an_empty_statement(client: Client) -> None:
    assert client.kinds(parse(""), bind(), describe("P"), execute(), SYNC) == "12nIZ"
    assert client.kinds(parse("-- nothing"), bind(), execute(), SYNC) == "12IZ"


def test_flush_brings_the_answers_but_not_the_end(client: Client) -> None:
    client.send(parse("select 1"), FLUSH)
    assert client.read() == ("1", b"")
    client.send(bind(), execute(), FLUSH)
    assert [kind for kind, _ in client.until("C")] == ["2", "D", "C"]
    assert client.kinds(SYNC) == "Z"


def test_a_transaction_is_begun_and_ended_by_prepared_statements(client: Client) -> None:
    """As redshift_connector does it; TRUNCATE commits (r_TRUNCATE)."""

    def run(statement: str) -> tuple[str, bytes]:
        answer = client.ask(parse(statement), bind(), describe("P"), execute(), SYNC)
        return tags(answer)[0], answer[-1][1]

    assert run("begin transaction") == ("BEGIN", b"T")
    assert run("create temp table t (a integer) distkey (a)") == ("CREATE TABLE", b"T")
    assert run("commit") == ("COMMIT", b"I")
    assert run("begin read write") == ("BEGIN", b"T")
    assert run("insert into t values (1)") == ("INSERT 0 1", b"T")
    assert run("rollback") == ("ROLLBACK", b"I")
    assert client.rows("select count(*) from t") == [("0",)]
    assert run("insert into t values (1)") == ("INSERT 0 1", b"I")
    assert run("begin") == ("BEGIN", b"T")
    assert run("truncate t") == ("TRUNCATE TABLE", b"I")
    assert client.rows("select count(*) from t") == [("0",)]


@pytest.mark.parametrize(
    ("statement", "tag"),
    [
        ("create temp table u (a varchar(5) encode zstd, primary key (a))", "CREATE TABLE"),
        ("create temp table u as select 1 as a", "SELECT 1"),
        ("alter table t alter distkey a", "ALTER TABLE"),
        ("analyze t", "ANALYZE"),
        ("vacuum full t to 99 percent", "VACUUM"),
        ("truncate t", "TRUNCATE TABLE"),
        ("set query_group to 'a'", "SET"),
        ("show query_group", "SHOW"),
        ("prepare other (integer) as select $1 + 1", "PREPARE"),
    ],
)
def test_what_is_rewritten_or_carried_out_is_prepared_too(client: Client, statement: str, tag: str) -> None:
    client.ask(query("create temp table t (a integer)"))
    answer = client.ask(parse(statement, name="s"), bind(name="s"), describe("P"), execute(), SYNC)
    assert "E" not in [kind for kind, _ in answer], error(answer)
    assert tags(answer) == [tag]


def test_a_large_result_and_large_values_pass(client: Client) -> None:
    """More than the buffers of all sockets, while the client has not begun to read."""
    many = parse("select a.oid, b.oid from pg_class a, pg_class b")
    large = b"x" * 5_000_000
    answer = client.ask(
        many, bind(), execute(), parse("select length($1::text)"), bind(large), execute(), SYNC
    )
    rows = [body for kind, body in answer if kind == "D"]
    assert len(rows) > 100_000
    assert row(rows[-1]) == ("5000000",)


@pytest.mark.parametrize(
    "broken",
    [
        message(b"P", b"no end"),
        message(b"B", b"\0"),
        message(b"P", b"\0select '\xff'\0\0\0"),
        message(b"D", b""),
        message(b"E", b""),
    ],
)
def test_a_message_that_cannot_be_read_is_an_error_of_its_own(client: Client, broken: bytes) -> None:
    assert error(client.ask(broken, parse("select 1"), SYNC))["C"] in ("08P01", "22021")
    assert client.kinds(parse("select 1"), bind(), execute(), SYNC) == "12DCZ"


def test_a_function_is_not_called_by_its_number(client: Client) -> None:
    assert error(client.ask(message(b"F", struct.pack("!ihhh", 89, 0, 0, 0))))["C"] == "0A000"
