"""Rewritten statements over the wire: parameters keep their places, and what has to be asked is asked in time."""

from __future__ import annotations

from wire_client import SYNC, Client, bind, columns, describe, execute, parse, query, row, tags

INTEGER, VARCHAR, NUMERIC = 23, 1043, 1700
_DECIMAL_17_9 = (17 << 16 | 9) + 4


def test_parameters_keep_their_places(client: Client) -> None:
    statement = parse(
        "select datediff(day, '2018-11-01', dateadd(month, $2, $1::date)), decode($3, 'a', 1, 2)"
    )
    answer = client.ask(statement, bind(b"2018-11-05", b"1", b"a"), describe("P"), execute(), SYNC)
    assert row(answer[3][1]) == ("34", "1")


def test_a_quotient_is_described_with_its_digits(client: Client) -> None:
    client.ask(query("create temp table r as select 10.00::decimal(8,2) as m, 5 as i"))
    statement = parse("select i * 2 as x, x + $1::integer as y, m / 3.00::decimal(8,2) as q from r")
    answer = client.ask(statement, describe("S"), bind(b"1"), execute(), SYNC)
    assert columns(answer[2][1])[2][1:3] == (NUMERIC, _DECIMAL_17_9)
    assert row(answer[4][1]) == ("10", "11", "3.333333333")


def test_statements_of_one_text_are_asked_one_by_one(client: Client) -> None:
    answer = client.ask(
        query("create temp table s as select 10.0 / 3 as q; select q / 2, q * 0 as x, x + 1 from s")
    )
    assert tags(answer) == ["SELECT 1", "SELECT 1"]
    [shown] = [body for kind, body in answer if kind == "D"]
    assert row(shown) == ("1.66666666666650000000000", "0.000000000000", "1.000000000000")


def test_a_refusal_in_a_transaction_aborts_it(client: Client) -> None:
    client.ask(query("begin"))
    client.ask(query("create temp table s as select sum(1.5) as x"))
    answer = client.ask(query("select x / 3 from s"))
    assert next(kind for kind, _ in answer) == "E"
    assert b"a::decimal(18,2) / b::decimal(18,2)" in answer[0][1]
    assert answer[-1][1] == b"E"
    assert tags(client.ask(query("rollback"))) == ["ROLLBACK"]


def test_a_cast_has_the_length_of_its_type(client: Client) -> None:
    answer = client.ask(query("select 'ééé'::varchar(3) as v, cast('abc' as varchar(max)) as w"))
    assert [column[1:3] for column in columns(answer[0][1])] == [(VARCHAR, 3 + 4), (VARCHAR, 65535 + 4)]
    assert row(answer[1][1]) == ("é", "abc")
