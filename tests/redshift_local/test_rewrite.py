"""How statements are rewritten: what keeps its text, and what becomes of comments and parameters.

The values are in conformance/.
"""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import pytest

from redshift_local.rewrite import aliases, asks, questions, rewrite, with_aliases, without_parameters
from redshift_local.tokens import NotPortable, tokens

# Statements that both understand.
UNTOUCHED = [
    "select a, b from t where a between 1 and 5 and b = 'dateadd(day, 1, c)'",
    "select case a when 0 then 'Sunday' else 'x' end from t",
    "select t.top, t.minus from t",
    "select minus from t",
    "select t.sysdate, 1 as sysdate from t",
    "delete from t where a = 2",
    "insert into t values (1, 'it''s', 2.5e3, %s)",
    "select 5 # 3, a # b from t",
    "select a::integer, b::timestamp with time zone, c::decimal(8,2), cast(d as date) from t",
    "select lag(a, 1) over (order by b), percentile_cont from t",
    "update t set a = 1, b = top from s where t.c = s.c",
]


@pytest.mark.parametrize("statement", UNTOUCHED)
def test_what_both_understand_keeps_its_text(statement: str) -> None:
    assert rewrite(statement) == statement


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        (
            "select /* of */ dateadd( month , %s, a ) -- end\n, b  from t",
            "select /* of */ redshift.date_add('month', %s, a) -- end\n, b  from t",
        ),
        ("select datediff(d, a, dateadd(h, $2, $1))", "select redshift.date_diff('d', a, redshift.date_add('h', $2, $1))"),
        ("select extract(hour from %(ts)s)", "select redshift.extract('hour', %(ts)s)"),
        ("select sysdate, t.a from t", "select redshift.sysdate(), t.a from t"),
        ("select a.b::numeric, -c::decimal", "select a.b::decimal(18,0), -c::decimal(18,0)"),
        ("select sum(a) over (order by b)::decimal", "select sum(a) over (order by b)::decimal(18,0)"),
        ("select case when a then b end::decimal", "select case when a then b end::decimal(18,0)"),
        ("select date '2018-11-01'::varchar(4)", "select redshift.cut((date '2018-11-01')::text, 4)::varchar(4)"),
        ("select (a + b)::varchar(9)::integer", "select redshift.cut(((a + b))::text, 9)::varchar(9)::integer"),
        ("select decode(a, 1, %s, 2, %s, %s)", "select case a when 1 then %s when 2 then %s else %s end"),
        ("select a from t where a in (select top 5 b from s) limit 3", "select a from t where a in (select b from s limit 5) limit 3"),
        ("select top %s a from t order by a", "select a from t order by a limit %s"),
        ("select a from t minus (select b from s)", "select a from t except (select b from s)"),
        ("select approximate count(distinct a) from t", "select count(distinct a) from t"),
        ("select case when a then 4when b then 3end", "select case when a then 4 when b then 3 end"),
        ("select a from t where 1 and b between 2 and 3 and 0", "select a from t where (1 <> 0) and b between 2 and 3 and (0 <> 0)"),
        ("create table #t (a integer)", 'create temp table "#t" (a integer)'),
        ("select a into #t from b", 'select a into temp "#t" from b'),
        ("select #t.a from #t, #u", 'select "#t".a from "#t", "#u"'),
        ("delete s.t where a = 1", "delete from s.t where a = 1"),
        ("create view v as select a from s.t with no schema binding", "create view v with (security_barrier = false) as select a from s.t"),
        (
            "create materialized view v backup no diststyle key distkey (a) sortkey (a, b) auto refresh yes as select a",
            "create materialized view v as select a",
        ),
        ("show tables from schema dev.public like 'a%'", "select * from redshift_information.show_tables where database_name = 'dev' and schema_name = 'public' and table_name like 'a%' order by 1, 2, 3"),
    ],
)  # fmt: skip
def test_only_the_construct_is_replaced(statement: str, written: str) -> None:
    assert rewrite(statement) == written


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("select decode(%s, null, 1)", "DECODE of a parameter and NULL"),
        ("select decode(a, 1)", "at least three arguments"),
        ("select ratio_to_report(%s) over () from t", "RATIO_TO_REPORT of a parameter"),
        ("select concat(a, b, c) from t", "CONCAT has two arguments"),
        ("select a::varchar(65536) from t", "1 to 65535 bytes"),
        ("select * from a join b using (c) qualify row_number() over (order by d) = 1", "name the columns"),
        ("select * from t pivot (sum(a) for b in (1))", "PIVOT of a table"),
        (f"select 1 as {'é' * 32}, sysdate", "more than 63 bytes"),
        ("select (dateadd(day, 1, a) from t", "not closed"),
        ("select dateadd(day, 1, a)) from t", "closed that is not open"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name(statement: str, reason: str) -> None:
    with pytest.raises(NotPortable, match=reason):
        rewrite(statement)


@pytest.mark.parametrize(
    "statement",
    [
        *UNTOUCHED,
        "with a as (select sum(m) as s from d) select a.s / 3 as x, x + 1 from a where x > -m / case i when 1 then 2 end",
        "select listagg(distinct v, ',') within group (order by v) over (partition by i), median(m)::decimal(8, 2) from d",
        "select top 2 *, lag(a, 2) ignore nulls over (order by b) as c from s.t as t join u on true qualify c = 1 order by a",
        "select * from (select a, b from t) unpivot include nulls (c for d in (a as x, b)) minus select dateadd(day, 1, e), 2",
        "select * from (select a, b from t) pivot (sum(b) as s for a in (1, null as n)) where 1 and decode(a, null, 1, 2) = 3",
        "merge into t using (select 1 as a) as s on t.a = s.a remove duplicates",
        "show columns from table dev.public.t like 'a%' limit 3",
    ],
)  # fmt: skip
def test_of_what_cannot_be_read_postgresql_tells_the_error(statement: str) -> None:
    parts = [token.text for token in tokens(statement)]
    for place in range(len(parts)):
        mangled = " ".join(parts[:place] + parts[place + 1 :])
        for read in (
            rewrite,
            asks,
            without_parameters,
            lambda sql: questions(sql, {}),
            lambda sql: with_aliases(sql, {"x"}),
        ):
            try:
                read(mangled)
            except NotPortable:
                continue


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("select a * 2 as x, x + 1 as y from t", {"x"}),
        ("select a as x from t where x = 1", {"x"}),
        ("select a as x from t group by x order by x", set()),
        ("select lower(title) as title, title || '!' as loud from t", set()),  # title is a column
        ("select s.title as title from s where title = 'x'", set()),
        ("select a as x, s.x as y from t, s", set()),
        ("select q.x from (select a + 1 as x, x * 2 as y from t) as q", {"x"}),
        ("select a as x from t union select x from s", set()),
        ("insert into s select a + %s as x, x from t", {"x"}),
    ],
)
def test_names_that_may_be_aliases(statement: str, names: set[str]) -> None:
    assert aliases(statement) == names
    assert asks(statement) == bool(names)


def test_an_alias_is_inlined_where_it_is_used() -> None:
    statement = "select a + 1 as x, x * 2 as y, x + y as z from t where y > 4 and t.x = 1 order by x"
    assert with_aliases(statement, {"x", "y"}) == (
        "select a + 1 as x, (a + 1) * 2 as y, (a + 1) + ((a + 1) * 2) as z"
        " from t where ((a + 1) * 2) > 4 and t.x = 1 order by x"
    )


def test_parameters_become_null_when_the_server_is_asked() -> None:
    assert without_parameters("select %s, f($1), %(a)s, 5 %% 3") == "select null, f(null), null, 5 % 3"
