"""Which queries the leader node runs alone, and that it has what the compute nodes lack.

https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from redshift_local.dialect import refusals, tokens
from redshift_local.leader_node import relations, runs_alone

Sql = Callable[..., list[tuple]]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("select 1", []),
        ("select a from t", ["t"]),
        ("select a from t, s.u as x, (select b from v) as y where a in (select c from w, z)", "t s.u v w z".split()),
        ("select a from (t join u on a = b) cross join v", ["t", "u", "v"]),
        ("select extract(day from a), trim(both from b), substring(c from 2) from t", ["t"]),
        ("select a is distinct from b from t order by c, d", ["t"]),
        ("select a from t group by b, c union all select d, e from u limit 1", ["t", "u"]),
        ("select f(a, b), c from generate_series(1, 2) as s (a, b), t", ["t"]),
        ("select a from pg_get_late_binding_view_cols() cols(a name, b int), t", ["t"]),
        ('select a from "DB"."S"."T" left join only u on true', ["db.s.t", "u"]),
    ],
)  # fmt: skip
def test_the_tables_of_a_query(query: str, names: list[str]) -> None:
    assert [".".join(name) for name in relations(tokens(query))] == names


@pytest.mark.parametrize(
    ("query", "alone"),
    [
        ("select current_schema()", True),
        ("select * from pg_table_def where schemaname = current_schema() limit 1", True),
        ("select current_schema(), userid from users", False),
        ("select a from pg_catalog.pg_class c, information_schema.columns", True),
        (
            "with x (a, b) as (select c, d from pg_class), y as (select 1) select a from x join y on true",
            True,
        ),
        ("with x as (select a from t) select a from x", False),
        ("(select 1) union (select 2)", True),
        ("explain select now()", True),
        ("select now() into t", False),
        ("select a from public.pg_class", False),
        ("select a from svv_tables", False),
        ("select a from pg_catalog.stv_slices", False),
        ("insert into t select now()", False),
        ("create table t as select now()", False),
        ("update t set a = now()", False),
    ],
)
def test_what_the_leader_node_runs(query: str, alone: bool) -> None:
    assert runs_alone(tokens(query)) is alone


@pytest.mark.parametrize(
    "expression",
    [
        "now()",
        "current_timestamp",
        "age(timestamp '2018-11-02', timestamp '2018-11-01')",
        "current_schema()",
        "current_schemas(true)",
        "has_table_privilege('pg_class', 'select')",
        "has_schema_privilege('public', 'usage')",
        "array_to_string(current_schemas(false), ',')",
        "'public' = any(current_schemas(false))",
        "(current_schemas(false))[1]",
        "'ab' ~* 'A'",
        "'pg_class'::regclass::oid",
        "pg_table_is_visible(1259)",
    ],
)
def test_only_the_leader_node_has_it(sql: Sql, expression: str) -> None:
    assert len(sql(f"select {expression}")) == 1
    assert refusals(f"select {expression} from t")
