"""What the server is asked: which names are columns, and of which types."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import psycopg2
import pytest

from redshift_local.session import Connection
from redshift_local.tokens import NotPortable

Sql = Callable[..., list[tuple]]


@pytest.fixture
def rows(sql: Sql) -> None:
    """The table r with one row."""
    sql("create temp table r as select 5 as i, 10.00::decimal(8,2) as m")


@pytest.mark.usefixtures("rows")
def test_a_name_is_an_alias_only_where_no_column_has_it(sql: Sql) -> None:
    assert sql("select i * 2 as x, x + 1 as y from r") == [(10, 11)]
    sql("alter table r add column x integer default 7")
    assert sql("select i * 2 as x, x + 1 as y from r") == [(10, 8)]


@pytest.mark.usefixtures("rows")
def test_asking_leaves_the_transaction_as_it_was(sql: Sql, connection: Connection) -> None:
    sql("update r set i = 6")
    assert sql("select i * 2 as x, x / 5.0 as y from r where i = %s", (6,))[0][0] == 12
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        sql("select i as x, x + nothing as y from r")
    connection.rollback()
    with pytest.raises(psycopg2.errors.UndefinedTable):  # the table was made in the transaction
        sql("select i * 2 as x, x + 1 as y from r")


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("expression", "quotient"),
    [
        ("m / 3", "3.3333333333333"),
        ("m / %(three)s", "3.3333333333333"),
        ("m / %(decimal)s", "6.6666"),
        ("-m / i::smallint", "-2.00000000"),
        ("i / 2", "2"),
        ("i / 2.0::float8", "2.5"),
        ("2 + m / 3 * 2", "8.6666666666666"),
        ("(m + 1) / 3", "3.6666666666666"),
        ("m * m / 3", "33.333333333333333"),
        ("round(m / 3, 1)", "3.3"),
        ("case when i / 2 = 2 then m / 3 end", "3.3333333333333"),
        ("(select sum(m) from r) / 3", "3.3333"),
        ("sum(m) over () / 3", "3.3333"),
    ],
)
def test_a_quotient_has_the_digits_of_its_types(sql: Sql, expression: str, quotient: str) -> None:
    [(found,)] = sql(f"select {expression} from r", {"three": 3, "decimal": Decimal("1.5")})
    assert str(found) == quotient


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("query", "quotient"),
    [
        (
            "with a as (select m as x from r), b as (select x / 3 as y from a) select y from b",
            "3.3333333333333",
        ),
        ("with a as (select sum(m) as x from r) select q.x / 3 from a as q", "3.3333"),
        (
            "select q.x / 3 from (select m as x from r union all select null where false) as q",
            "3.3333333333333",
        ),
        ("select r.m / q.i from r inner join (select i from r) as q on r.i = q.i", "2.0000000000000"),
        ("select m / 3 from r where m / 3 > (select min(m / 4) from r)", "3.3333333333333"),
        ("insert into r (m) select m / 3 from r; select m from r where i is null", "3.33"),
        (
            "update r set m = r.m / q.n from (select i, 3 as n from r) as q where q.i = r.i; select m from r",
            "3.33",
        ),
        (
            "delete from r where m / 3 = 3.3333333333333; select count(*) / 1.0 from r",
            "0.0000",
        ),
        ("create view v as select m / 3 as q from r; select q from v", "3.3333333333333"),
    ],
)
def test_types_are_found_in_every_scope(sql: Sql, query: str, quotient: str) -> None:
    assert str(sql(query)[0][0]) == quotient


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    "query",
    [
        "with a (y, x) as (select m, sum(m) over () from r) select x / 3 from a",
        "select q.x / 3 from (select m, sum(m) over () from r) as q (y, x)",
        "select (select sum(q.i) / outside.x from r as q) from (select sum(m) as x from r) as outside",
    ],
)
def test_names_of_elsewhere_are_not_guessed(sql: Sql, query: str) -> None:
    with pytest.raises(NotPortable):
        sql(query)


@pytest.mark.usefixtures("rows")
def test_types_are_asked_each_time(sql: Sql) -> None:
    assert str(sql("select m / 3 from r")[0][0]) == "3.3333333333333"
    sql("drop table r; create temp table r as select 10.0::decimal(5,1) as m")
    assert str(sql("select m / 3 from r")[0][0]) == "3.333333333333"


@pytest.mark.usefixtures("rows")
def test_in_several_statements_each_is_asked_when_its_turn_comes(sql: Sql) -> None:
    assert str(
        sql("create temp table s as select m / 3 as q from r; select q / 2 as h from s")[0][0]
    ).startswith("1.66666666666665")


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("expression", ["x / 3", "3 / x", "unknown(m) / 3", "m / (select max(x) from sums)"])
def test_a_division_whose_digits_nobody_knows_is_refused(sql: Sql, expression: str) -> None:
    sql("create temp table sums as select sum(m) as x, max(m) as m from r")
    with pytest.raises(NotPortable, match=r"a::decimal\(18,2\) / b::decimal\(18,2\)"):
        sql(f"select {expression} from sums")
    assert str(sql("select x::decimal(18,2) / 3 from sums")[0][0]) == "3.3333333333333"
