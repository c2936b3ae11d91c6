"""Which SQL runs verbatim, what is removed from it, and what is refused."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import re

import pytest

from redshift_local import dialect
from redshift_local.dialect import NotPortable, plan, refusals, shape, split
from redshift_local.portability import REFUSED

# Each construct as it may be written. Every rule has an example, which is refused for the construct that it shows.
NOT_PORTABLE: list[tuple[str, str]] = [
    ("ON CONFLICT", "insert into t values (1) on conflict do nothing"),
    ("ON CONFLICT", "insert into t (a) select b from s on conflict (a) do update set a = 1"),
    ("RETURNING", "insert into t values (1) returning a"),
    ("RETURNING", "delete from t where a = 1 returning *"),
    ("OVERRIDING", "insert into t overriding system value values (1)"),
    ("SET (a, b) =", "update t set (a, b) = (select 1, 2)"),
    ("SET t.column =", "update t set t.a = 1"),
    ("DELETE with an alias", "delete from s.t as x where x.a = 1"),
    ("DELETE with an alias", "delete from t x using s where x.a = s.a"),
    ("MERGE beyond its plain form", "merge into t using s on t.a = s.a when matched then update set b = s.b"),
    ("MERGE beyond its plain form", "merge into t using s on t.a = s.a when not matched then insert values (s.a)"),
    (
        "MERGE beyond its plain form",
        "merge into t using s on t.a = s.a when matched and s.b > 1 then delete when not matched then insert values (s.a)",
    ),
    (
        "MERGE beyond its plain form",
        "merge into t using s on t.a = s.a when matched then do nothing when not matched then insert values (s.a)",
    ),
    ("writing in WITH", "with gone as (delete from t) select 1"),
    ("FOR UPDATE", "select a from t for update"),
    ("FOR UPDATE", "select a from t for share nowait"),
    ("TRUNCATE with options", "truncate table a, b"),
    ("TRUNCATE with options", "truncate t cascade"),
    ("savepoint", "savepoint a"),
    ("savepoint", "release savepoint a"),
    ("savepoint", "rollback to savepoint a"),
    ("savepoint", "rollback work to a"),
    ("LOCK with a mode", "lock table t in share mode"),
    ("LOCK with a mode", "lock t in access exclusive mode nowait"),
    ("DISTINCT ON", "select distinct on (a) a, b from t order by a"),
    ("IS DISTINCT FROM", "select a is distinct from b from t"),
    ("IS DISTINCT FROM", "select a from t where a is not distinct from b"),
    ("FILTER", "select count(*) filter (where a > 1) from t"),
    ("LATERAL", "select a from t, lateral (select t.a) as s"),
    ("TABLESAMPLE", "select a from t tablesample system (10)"),
    ("WITH ORDINALITY", "select a from f() with ordinality"),
    ("VALUES as a table", "select a from (values (1), (2)) as t (a)"),
    ("VALUES as a table", "select a from t where a in (values (1))"),
    ("VALUES as a table", "values (1), (2)"),
    ("FETCH FIRST", "select a from t order by a fetch first 3 rows only"),
    ("FETCH FIRST", "select a from t order by a fetch first 3 rows with ties"),
    ("EXCEPT ALL, INTERSECT ALL", "select a from t except all select a from s"),
    ("EXCEPT ALL, INTERSECT ALL", "select a from t intersect all select a from s"),
    ("MATERIALIZED in WITH", "with x as not materialized (select 1) select * from x"),
    ("named window", "select rank() over w from t window w as (order by a)"),
    ("RANGE or GROUPS frame", "select sum(a) over (order by b range between 1 preceding and current row) from t"),
    ("RANGE or GROUPS frame", "select sum(a) over (order by b groups unbounded preceding) from t"),
    ("aggregate over (order by ...) without a frame", "select sum(a) over (partition by c order by b) from t"),
    ("aggregate over (order by ...) without a frame", "select last_value(coalesce(a, abs(b))) over (order by (b)) from t"),
    ("comparison of rows", "select a from t where (a, b) = (1, 2)"),
    ("comparison of rows", "select 1 from t join s on (t.a, t.b) <= (s.a, s.b)"),
    ("row constructor", "select row(1, 2)"),
    ("ANY or ALL of an array", "select a from t where a = any(%s)"),
    ("COLLATE", 'select a from t order by a collate "C"'),
    ("AT LOCAL", "select a at local from t"),
    ("array", "select array[1, 2]"),
    ("subscript", "select a[1] from t"),
    ("subscript", "create table t (a integer[])"),
    ("operator of JSON or arrays", "select a ->> 'b' from t"),
    ("operator of JSON or arrays", "select a->'b' from t"),
    ("operator of JSON or arrays", "select a @> b from t"),
    ("operator of JSON or arrays", "select a ? 'b' from t"),
    ("operator ~*, !~*, ~~", "select a from t where a ~* 'x'"),
    ("operator ~*, !~*, ~~", "select a from t where a !~* 'x'"),
    ("operator ~*, !~*, ~~", "select a from t where a !~~ 'x'"),
    ("backslash in a string", r"select a from t where a ~ '\d'"),
    ("leader-node function", "select now() from t"),
    ("leader-node function", "select age(a, b) from t"),
    ("leader-node function", "select current_schema(), userid from users"),
    ("leader-node function", "select current_schema() from svv_tables"),
    ("leader-node function", "insert into t select now()"),
    ("leader-node function", "create table t as select now()"),
    ("leader-node function", "with x as (select a from t) select has_table_privilege(a, 'select') from x"),
    ("CURRENT_TIMESTAMP", "insert into t values (current_timestamp)"),
    ("CURRENT_TIMESTAMP", "select localtimestamp, a from t"),
    ("TO_TIMESTAMP of a number", "select to_timestamp(ts / 1000) from t"),
    ("system column", "select ctid from t"),
    ("index", "create index i on t (a)"),
    ("index", "create unique index i on t (a)"),
    ("index", "drop index i"),
    ("trigger, rule, sequence, domain, type or extension", "create trigger g after insert on t execute function f()"),
    ("trigger, rule, sequence, domain, type or extension", "create or replace rule r as on insert to t do nothing"),
    ("trigger, rule, sequence, domain, type or extension", "create sequence s"),
    ("trigger, rule, sequence, domain, type or extension", "create domain d as integer"),
    ("trigger, rule, sequence, domain, type or extension", "create extension vector"),
    ("CHECK or EXCLUDE", "create table t (a integer check (a > 0))"),
    ("CHECK or EXCLUDE", "alter table t add constraint c check (a > 0)"),
    ("inheritance or partitions", "create table t (a integer) partition by range (a)"),
    ("inheritance or partitions", "create table t () inherits (s)"),
    ("storage options", "create unlogged table t (a integer)"),
    ("storage options", "create table t (a integer) with (fillfactor = 70)"),
    ("generated column", "create table t (a integer, b integer generated always as (a + 1) stored)"),
    ("ON COMMIT", "create temp table t (a integer) on commit drop"),
    ("ON COMMIT", "create temp table t on commit preserve rows as select 1"),
    ("LIKE ... INCLUDING", "create table t (like s including all)"),
    ("WITH [NO] DATA", "create table t as select 1 with no data"),
    ("DECLARE beyond its plain form", "declare c scroll cursor for select a from t"),
    ("DECLARE beyond its plain form", "declare c cursor with hold for select a from t"),
    ("FETCH other than forward, MOVE", "fetch backward 5 from c"),
    ("FETCH other than forward, MOVE", "fetch first from c"),
    ("FETCH other than forward, MOVE", "fetch 5 from c"),
    ("FETCH other than forward, MOVE", "move 5 from c"),
    ("ALTER TABLE APPEND", "alter table t append from s"),
    ("ANALYZE COMPRESSION", "analyze compression t"),
    ("COPY from or to the client", "copy t from stdin"),
    ("COPY from or to the client", "copy t to stdout"),
    ("options of VACUUM and ANALYZE", "vacuum (analyze) t"),
    ("options of VACUUM and ANALYZE", "analyze (verbose) t"),
    ("EXPLAIN ANALYZE", "explain analyze select 1"),
    ("command", "do $$ begin end $$"),
    ("command", "listen x"),
]  # fmt: skip


@pytest.mark.parametrize(("construct", "statement"), NOT_PORTABLE)
def test_refused(construct: str, statement: str) -> None:
    assert construct in [refusal.rule.construct for refusal in refusals(statement)]
    with pytest.raises(
        NotPortable,
        match=r"^.* is not (portable to|in the local) Redshift .*instead: .+https://docs\.aws\.amazon\.com",
    ):
        plan(statement)


def test_every_rule_has_its_example() -> None:
    assert {rule.construct for rule in REFUSED} == {construct for construct, _ in NOT_PORTABLE}


# What Redshift runs (syntax pages of the Database Developer Guide), with words that look like something refused.
PORTABLE = [
    "select a, count(*) from t group by a having count(*) > 1 order by 2 desc limit 10",
    "select 'on conflict returning distinct on (a) now() ->> array[1]' as text -- lateral /* for update",
    "select t.returning, filter, format, now, ctid_of from t",
    "select /* create index i on t (a) */ 1",
    "select row_number() over (partition by a order by b desc nulls last, c) from t",
    "select sum(a) over (partition by b order by c rows between unbounded preceding and current row) from t",
    "select sum(a) over (partition by b), max(count(*)) over () from t group by b",
    "select first_value(a) over (order by b rows between 1 preceding and current row) from t",
    "select a from t where a = any (select a from s)",
    "select a from t where (a, b) in (select a, b from s)",
    "select coalesce(a, b) = coalesce(b, a) from t where nullif(a, b) <> 1 and lower(a) = (select max(a) from s)",
    "select a from t where a like 'x%%' and a ~ '[0-9]+' and a !~ 'x' and a ilike 'y'",
    "select timestamp 'epoch' + ts * interval '0.001 second', extract(hour from d) from t",
    "select getdate(), current_date, nvl(a, b), len(a) from t",
    "select cast(a as varchar(16)), a::date, a :: double precision from t",
    "select a - 1, a -1, a*-1, b || 'x' from t",
    "declare c cursor for select a from t order by a",
    'declare "c" cursor without hold for select a from t',
    "fetch forward 1000 from c",
    "fetch from c",
    "fetch next from c",
    "fetch all from c",
    "close c",
    "with recursive x (n) as (select 1 union all select n + 1 from x where n < 5) select n from x",
    "insert into t (a, b) values (1, 'x'), (2, null)",
    "insert into t (a) select b from s union all select 1",
    "update t set a = s.a, b = (select max(b) from s) from s where t.c = s.c",
    "delete from t",
    "delete from s.t where a between 1 and 2",
    "delete from t using s where t.a = s.a",
    "merge into s.t using s.u as x on t.a = x.a and t.b = x.b when matched then update set b = x.b, c = upper(x.c)"
    " when not matched then insert (a, b) values (x.a, coalesce(x.b, 1))",
    "merge into t using s on t.a = s.a when matched then delete when not matched then insert values (s.a)",
    "create temp table t as select a from s where false",
    "create table if not exists s.t (a integer not null, b varchar(10) default 'x' encode lzo, primary key (a))",
    "create table t (like s including defaults)",
    "create table t (a bigint generated by default as identity (1, 1), time timestamp, level varchar(9))",
    "create view v as select a from t",
    "alter table t add column a varchar(10) default 'x'",
    "alter table t rename to u",
    "begin; lock s.t; truncate t; commit; rollback",
    "lock table a, b",
    "vacuum full t to 99 percent; analyze t (a, b); analyze t predicate columns",
    "set search_path to s; set statement_timeout to 1000; comment on table t is 'uuid'",
    "grant select on t to public",
    "explain select 1",
    "copy t (a) from 's3://b/k' iam_role default format as json 'auto' maxerror 5 gzip",
    "select a from t limit 5 offset 3",
]


@pytest.mark.parametrize("text", PORTABLE)
def test_not_refused(text: str) -> None:
    assert refusals(text) == []


def test_a_refusal_names_its_place() -> None:
    (found,) = refusals("select 1;\n-- a comment\nselect a\nfrom t\nfor update")
    assert (found.line, found.text) == (5, "for update")
    assert str(found) == (
        "FOR UPDATE is not portable to Redshift (line 5: for update); instead: lock the table."
        " https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html"
    )


def test_statements_are_split_where_they_end() -> None:
    text = """
        select ';' as a, "x;y" -- ; a comment
        from t; /* ; */ ;
        create function f() returns integer language sql as $$ select 1; $$;
        select E'\\';' , $tag$ ; $$ ; $tag$
    """
    assert [statement.split()[0] for statement in split(text)] == ["select", "create", "select"]
    assert split(" ; -- nothing\n;") == []


def cut(statement: str) -> str:
    (step,) = plan(statement)
    return " ".join(re.sub(r"\s+([,)])", r"\1", step.sql).split())


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        # physical attributes: r_CREATE_TABLE_NEW
        ("create table t (a integer encode az64 distkey sortkey)", "create table t (a integer)"),
        ("create table t (a integer) diststyle key distkey (a) compound sortkey (a, b)", "create table t (a integer)"),
        ("create table t (a integer) backup no diststyle even interleaved sortkey (a)", "create table t (a integer)"),
        ("create table t (a integer) diststyle auto sortkey auto encode auto", "create table t (a integer)"),
        ("create temp table t diststyle all sortkey (a) as select a from s", "create temp table t as select a from s"),
        # keys are declared, not enforced: t_Defining_constraints
        ("create table t (a integer primary key, b integer unique)", "create table t (a integer not null, b integer)"),
        ("create table t (a integer references s (a) not null)", "create table t (a integer not null)"),
        (
            "create table t (a integer, primary key (a, b), unique (b), constraint c foreign key (a) references x.s (a))",
            "create table t (a integer, not null a, not null b)",
        ),
        # types: r_Character_types, r_Numeric_types201
        ("create table t (a varchar(5), b varchar, c text)", "create table t (a redshift.varchar_5, b redshift.varchar_256, c redshift.varchar_256)"),
        ("create table t (a char(3), b char, c bpchar)", "create table t (a redshift.char_3, b redshift.char_1, c redshift.char_256)"),
        ("create table t (a varchar(max), b character varying(7), c nvarchar(2))", "create table t (a redshift.varchar_65535, b redshift.varchar_7, c redshift.varchar_2)"),
        ("create table t (a decimal, b numeric(5, 2), text integer)", "create table t (a decimal(18,0), b numeric(5, 2), text integer)"),
        ("create table t (a bigint identity(0, 1))", "create table t (a bigint generated always as identity (start with 0 increment by 1 minvalue 0))"),
        ("create table t (a int generated by default as identity(5,2))", "create table t (a int generated by default as identity (start with 5 increment by 2 minvalue 1))"),
        ("alter table t add column a varchar(9) encode lzo default 'x'", "alter table t add column a redshift.varchar_9 default 'x'"),
        ("alter table t alter column a type varchar(20)", "alter table t alter column a type redshift.varchar_20"),
        # types in the query count bytes too
        ("create table t as select cast(a as varchar(3)) as b, unique_id from s", "create table t as select redshift.cut((a)::text, 3)::redshift.varchar_3 as b, unique_id from s"),
        ("create /* encode */ table t (a varchar(4))", "create /* encode */ table t (a redshift.varchar_4)"),
        ("vacuum delete only s.t to 75 percent", "vacuum s.t"),
        ("analyze s.t all columns", "analyze s.t"),
        ("set search_path to a, b", "set search_path to a, b, redshift, pg_catalog"),
    ],
)  # fmt: skip
def test_what_is_cut_and_replaced(statement: str, expected: str) -> None:
    assert cut(statement) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "alter table t alter diststyle all",
        "alter table s.t alter distkey a",
        "alter table t alter sortkey (a, b)",
        "alter table t alter column a encode zstd",
        "alter table t add constraint p primary key (a)",
        "alter table t add foreign key (a) references s (a)",
    ],
)
def test_changes_of_physical_attributes_and_keys_do_nothing(statement: str) -> None:
    (step,) = plan(statement)
    assert step.sql == f"alter table {step.table} set without oids"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('select "userId" as "Ä B" from "T"', 'select "userid" as "Ä b" from "t"'),
        ('select "This ""IS IT""" from "group"', 'select "this ""is it""" from "group"'),
        ("""select '"A"', $$"B"$$ /* "C" */, 1""", """select '"A"', $$"B"$$ /* "C" */, 1"""),
        ('create table "T" ("A B" varchar(3))', 'create table "t" ("a b" redshift.varchar_3)'),
    ],
)
def test_quoted_names_are_folded(statement: str, expected: str) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_names.html"""
    (step,) = plan(statement)
    assert (step.sql, step.verbatim) == (expected, statement == expected)


@pytest.mark.parametrize("type_", ["varchar(65536)", "varchar(0)", "char(4097)"])
def test_lengths_that_redshift_does_not_allow(type_: str) -> None:
    with pytest.raises(NotPortable, match="Redshift allows 1 to"):
        plan(f"create table t (a {type_})")


def test_portable_queries_run_byte_for_byte() -> None:
    text = "select  a\n from t -- why\n where b = %(b)s"
    (step,) = plan(text)
    assert step.verbatim
    assert step.sql == text


def test_long_lists_of_values_have_a_short_shape() -> None:
    row = "(1, -2.5e-3, 'it''s (), array[1]', E'a\\\\\\'b', NULL, true, '2018-11-01'::date)"
    one, many = f"insert into t (a, b) values {row}", f"insert into t (a, b) values {','.join([row] * 5000)}"
    assert len(shape(many)) < 200
    assert shape(many) == shape(f"insert into t (a, b) values {row},{row}")
    assert refusals(one) == refusals(shape(many)) == []


def test_quotes_in_comments_do_not_hide_what_follows() -> None:
    text = "select 1 -- it's\n from t /* don't */ for update -- 'x'\n" + " " * 5000
    assert refusals(shape(text))
    assert shape("select $$ it's -- $$, '--', 1") == "select '', '', 1"


@pytest.mark.parametrize(
    "tail", [" on conflict do nothing", " returning a", ", (now())", ", (current_timestamp)", ", (array[1])"]
)
def test_nothing_hides_behind_a_long_list_of_values(tail: str) -> None:
    assert refusals(shape("insert into t values " + ",".join(["(1, 'x')"] * 5000) + tail))


def test_tokens_cover_the_text() -> None:
    text = "select a-- x\n ,%s,%(b)s,'%s',\"q\"::int/*y*/ from #t where a>=1.5e3 and b<>$$z$$"
    assert "".join(token.text for token in dialect.tokens(text)) == re.sub(r"--.*|/\*.*?\*/|\s+", "", text)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("select a from pg_catalog.pg_class", "select a from redshift.pg_class"),
        ('select a from "pg_catalog"."pg_class"', 'select a from redshift."pg_class"'),
        ("select PG_CATALOG.pg_class.oid from pg_catalog.pg_rewrite", "select redshift.pg_class.oid from pg_catalog.pg_rewrite"),
        ("select a from information_schema.columns", "select a from redshift_information.columns"),
        ("select pg_catalog.format_type(23, null)", "select format_type(23, null)"),
        ("select 'pg_class'::regclass, 'pg_catalog.pg_class'", "select 'pg_catalog.pg_class'::regclass, 'pg_catalog.pg_class'"),
        ("select pg_catalog.pg_get_userbyid(10), 1 operator(pg_catalog.+) 1", "select pg_catalog.pg_get_userbyid(10), 1 operator(pg_catalog.+) 1"),
    ],
)  # fmt: skip
def test_names_of_postgresqls_catalog_mean_redshifts(statement: str, expected: str) -> None:
    assert plan(statement)[0].sql == expected
