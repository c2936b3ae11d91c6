"""What is refused by AWS's lists of words, by Redshift's grammar, and by rules with a memory; and what is not."""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest

from redshift_local import checks, refusals
from redshift_local.checks import functions, names, statements, types
from redshift_local.checks.syntax import SYNTAX
from redshift_local.dialect import UnknownFunction, plan
from redshift_local.tokens import NotHere, NotPortable
from redshift_local.vocabulary import postgresql_functions, reserved_words

Sql = Callable[..., list[tuple]]

# Each rule of SYNTAX, by its construct, with statements that it refuses.
SYNTAX_EXAMPLES: dict[str, list[str]] = {
    "TABLE t": ["table t", "create table s as table t", "select 1 union all table t", "(table t) order by 1"],
    "SELECT without columns": ["select from t", "select", "select exists (select from t)"],
    "ONLY before a table": ["select a from only t", "update only t set a = 1", "select 1 from s join only t on s.a = t.a"],
    "number in hexadecimal, octal or binary, or with underscores": ["select 0x1F", "select 0b11, a from t", "select 1_000", "select 0o17"],
    "string or name with U&": [r"select U&'\0041'", 'select U&"a" from t'],
    "IS JSON": ["select a is json from t", "select a is not json object from t"],
    "IS NORMALIZED": ["select a is normalized from t", "select a is nfc normalized from t"],
    "EXCLUDE in a frame": ["select sum(a) over (order by b rows between unbounded preceding and current row exclude ties) from t"],
    "SEARCH or CYCLE": ["with recursive r (n) as (select 1 union all select n + 1 from r where n < 3) search depth first by n set o select n from r"],
    "alias of JOIN ... USING": ["select j.a from t join s using (a) as j"],
    "OPERATOR(...)": ["select 1 operator(pg_catalog.+) a from t"],
    "BETWEEN SYMMETRIC": ["select a from t where a between symmetric 3 and 1"],
    "rank of a hypothetical row": ["select rank(3) within group (order by a) from t", "select cume_dist(coalesce(1, 2)) within group (order by a) from t"],
    "percentiles in an array": ["select percentile_cont(array[0.1, 0.2]) within group (order by a) from t", "select percentile_disc('{0.1}' :: text) within group (order by a) from t"],
    "GROUP BY DISTINCT": ["select a from t group by distinct rollup (a, b)"],
    "CORRESPONDING, UNION DISTINCT": ["select 1 union distinct select 2"],
    "OFFSET ... ROWS": ["select a from t order by a offset 3 rows"],
    "ORDER BY ... USING": ["select a from t order by a using <"],
    "current role, catalog or system user": ["select current_catalog", "select current_role", "select system_user, a from t"],
    "LOG with a base": ["select log(2, 8)", "select log(abs(2), 8.0)"],
    "LAG or LEAD with a default": ["select lag(a, 1, 0) over (order by a) from t", "select lead(coalesce(a, b), 1, 0) over (order by a) from t"],
    "LEFT or RIGHT with a negative length": ["select left('abc', -1)", "select right(lower(a), -2) from t"],
    'SPLIT_PART from the end ("Must be an integer greater than 0")': ["select split_part('a,b', ',', -1)", "select split_part(a, ',', 0) from t"],
    "INSERT with an alias": ["insert into s.t as x select 1"],
    "ALTER TABLE beyond AWS's forms": [
        "alter table t alter column a type bigint",
        "alter table t alter a type varchar(9)",
        "alter table t alter column a type varchar(9) using a || 'x'",
        "alter table t alter column a set data type varchar(9)",
        "alter table t alter column a set default 1",
        "alter table t alter column a drop default",
        "alter table t alter column a set not null",
        "alter table t alter column a drop not null",
        "alter table t alter column a set storage plain",
        "alter table t alter column a set statistics 100",
        "alter table t set schema s",
        "alter table t set unlogged",
        "alter table t set (fillfactor = 70)",
        "alter table t set tablespace x",
        "alter table t inherit s",
        "alter table t enable row level security",
        "alter table t disable trigger all",
        "alter table t validate constraint c",
        "alter table t rename constraint a to b",
        "alter table t replica identity full",
        "alter table t cluster on i",
        "alter table t add column if not exists a integer",
        "alter table if exists t rename to s",
        "alter table t add column a integer, add column b integer",
    ],
    "IDENTITY on other than INT or BIGINT": ["create table t (a smallint identity(0, 1))", "create table t (b int, a decimal(8, 0) not null identity(0, 1))"],
    "IDENTITY without seed and step": ["create table t (a int identity not null)"],
    "COMPRESSION or STORAGE of a column": ["create table t (a varchar(9) compression pglz)", "create table t (a varchar(9) storage external)"],
    "table of a type, or with an access method": ["create table t of s", "create table t using heap as select 1"],
    "view with options": ["create view v with (security_barrier) as select 1", "create or replace view s.v (a) with (security_invoker = true) as select 1"],
    "CHECK OPTION": ["create view v as select a from t where a > 1 with check option"],
    "recursive or temporary view": ["create recursive view v (n) as select 1", "create temp view v as select 1", "create or replace temporary view v as select 1"],
    "function in another language than SQL or Python": ["create function f(integer) returns integer stable as $$ begin return 1; end $$ language plpgsql", "create or replace function f() returns integer as 'x' language c"],
    "function in Python": ["create function f(a integer) returns integer stable as $$ return a $$ language plpythonu"],
    "function that returns rows": ["create function f(integer) returns table (a integer) stable as $$ select 1 $$ language sql", "create function f() returns setof integer as $$ select 1 $$ language sql"],
    "function whose body is no string": ["create function f(integer) returns integer return $1 + 1", "create function f(integer) returns integer language sql begin atomic select 1; end"],
    "attribute of a function": ["create function f(integer) returns integer immutable strict as $$ select 1 $$ language sql", "create function f(integer) returns integer parallel safe as $$ select 1 $$ language sql", "create function f(integer) returns integer as $$ select 1 $$ language sql security definer"],
    "GROUP BY ALL": ["select a, count(*) from t group by all"],
    "CONNECT BY": ["select a from t start with a = 1 connect by prior a = b"],
    "EXCLUDE of columns": ["select * exclude (a) from t"],
    "TRY_CAST": ["select try_cast(a as integer) from t"],
    "grant to a role": ["grant select on t to role r", "revoke select on t from role r"],
    "CANCEL, USE, or SHOW of a definition": ["cancel 17", "use dev", "show table t", "show view v"],
    "quota of a schema": ["create schema s quota 10 gb"],
    "partition of an external table": ["alter table s.t add if not exists partition (d = '2018-11-01') location 's3://b/k'", "alter table s.t drop partition (d = 1)"],
    "UNNEST of a SUPER array": ["select unnest(a) from t"],
    "procedure": ["create procedure p() as $$ begin end $$ language plpgsql", "call p()", "create or replace procedure p(a int) as $$ begin end $$ language plpgsql", "drop procedure p()"],
    "external schema, table, function or view": ["create external table s.t (a integer) location 's3://b/k'", "create external schema s from data catalog database 'd'"],
    "machine learning, datashare, library, masking or row-level security": ["create model m from t target a function f iam_role default", "create datashare d", "attach rls policy p on t to public", "desc datashare d"],
}  # fmt: skip

# The other rules, with statements that they refuse.
CHECK_EXAMPLES: dict[str, list[str]] = {
    names.RESERVED.construct: [
        "create table t (tag integer)",
        "create table t (a integer, timestamp timestamp)",
        "create table t (a integer, primary key (tag))",
        "create table tag (a integer)",
        "create table if not exists s.t (a integer) sortkey (timestamp)",
        "create table t as select 1 as a, open from s",
        "alter table t add column new integer",
        "alter table t add old integer",
        "alter table t rename column a to partition",
        "alter table t rename to snapshot",
        "insert into t (a, timestamp) values (1, 2)",
        "insert into tag values (1)",
        "update t set tag = 1",
        "delete from t where system = 1",
        "select timestamp, a from t",
        "select a from t where timestamp > 1 order by timestamp",
        "select count(*) from tag",
        "select tag.a from t as tag",
        "select a from t tag",
        "select a raw from t",
        "select a user from t",
        "select 1 table, 2",
        "with old as (select 1 as a) select a from s",
        "select max(offline) from t",
        "create view v as select wallet from t",
        "select sum(a) over (partition by partition) from t",
        "select interval from t",
    ],
    names.LONG.construct: [f"select a as {'b' * 64} from t", f'create table "{"é" * 32}" (a integer)'],
    functions.UNDOCUMENTED.construct: [
        "select regexp_like(a, 'x') from t",
        "select gcd(4, 6), a from t",
        "select pg_typeof(1)",
        "select pg_size_pretty(1024::bigint)",
        "select random_normal()",
        "select mode() within group (order by a) from t",
        "select a from t, generate_series(1, 3) as s (a)",
        "select string_agg(a, ',') from t",
        "select json_object('a': 1)",
        "select json_value(a, '$.b') from t",
        "select xmlelement(name a)",
        "select pg_catalog.sha256(a) from t",
        "select date_add(a, b), bit_xor(c) from t",
        "select nextval('s')",
        "select pg_sleep(1), a from pg_class",
        "select format_type(1, 2) from t",
        "create function f(integer) returns integer stable as $$ select gcd($1, 2) $$ language sql",
    ],
    types.UNDOCUMENTED.construct: [
        "create table t (a serial)",
        "create temp table t (a integer, b jsonb not null)",
        "create table t (a uuid primary key)",
        "create table t (a name, b varchar(9))",
        'create table t (a "char")',
        "create table t (a box)",
        "alter table t add column a bytea",
        "alter table t add a money",
        "select a::jsonb from t",
        "select cast(a as uuid) from t",
        "select cast(cast(a as varchar(9)) as xml) from t",
        "select a::pg_catalog.pg_lsn from t",
        "select bit '101'",
        "select uuid '00000000-0000-0000-0000-000000000000', a from t",
        "select 't'::regclass, a from t",
    ],
    statements.COMMAND.construct: [
        "do $$ begin end $$",
        "listen x",
        "alter view v rename to w",
        "import foreign schema s from server x into y",
        "checkpoint",
        "drop owned by u",
    ],
    statements.EQUIJOIN.construct: [
        "update t set a = 1 from s",
        "update t set a = s.b from s where t.a < s.a",
        "update t set a = s.b from s where t.a = 1 and s.a = 1",
        "update t set a = s.b from s left join u on s.a = u.a where t.a = s.a",
        "update t set a = 1 from (select 10 as n) as x where t.b = 2",
        "with x as (select 1 as a) update t set a = 1 from x where t.a > x.a",
        "update t x set a = 1 from s where s.a = s.b",
    ],
    statements.SELF_JOIN.construct: ["update category set catid = 100 from event join category cat on event.catid = cat.catid where cat.catgroup = 'Concerts'"],
    statements.MERGE_CONDITION.construct: [
        "merge into t using s on t.a < s.a when matched then delete when not matched then insert values (s.a)",
        "merge into t using s on t.a = s.a or t.b = s.b when matched then delete when not matched then insert values (s.a)",
    ],
    statements.MERGE_ITSELF.construct: [
        "merge into t using t on t.a = t.b when matched then delete when not matched then insert values (1)",
        "merge into t using t as s on t.a = s.a when matched then delete when not matched then insert values (1)",
    ],
    statements.MANY_ROWS.construct: ["insert into t values (1), ((select max(a) from t))", "insert into t (a) values ((select 1)), ((select 2))"],
    statements.RECURSIVE.construct: [
        "with recursive r as (select 1 as n union all select n + 1 from r where n < 3) select count(*) from r",
        "with recursive r (n) as (select 1 union select n + 1 from r where n < 3) select count(*) from r",
        "select count(*) from (with recursive r (n) as (select 1 union all select n + 1 from r where n < 3) select n from r) as q",
    ],
    statements.ARGUMENTS.construct: [
        "create function f(a integer) returns integer stable as $$ select a $$ language sql",
        "create function f(integer, b varchar(9)) returns integer stable as $$ select $1 $$ language sql",
        "create function f(integer default 1) returns integer stable as $$ select $1 $$ language sql",
        "create function f(inout integer) stable as $$ select $1 $$ language sql",
    ],
}  # fmt: skip


def test_every_rule_has_its_example() -> None:
    assert {rule.construct for rule in SYNTAX} == SYNTAX_EXAMPLES.keys()
    assert {rule.construct for rule in checks.RULES if not rule.pattern} == CHECK_EXAMPLES.keys()


@pytest.mark.parametrize(
    ("construct", "statement"), [(c, s) for c, examples in SYNTAX_EXAMPLES.items() for s in examples]
)
def test_syntax_that_redshift_lacks_is_refused(construct: str, statement: str) -> None:
    assert construct in [refusal.rule.construct for refusal in refusals(statement)]
    with pytest.raises(NotPortable, match=r"instead: .+ https://docs\.aws\.amazon\.com"):
        plan(statement)


@pytest.mark.parametrize(
    ("construct", "statement"), [(c, s) for c, examples in CHECK_EXAMPLES.items() for s in examples]
)
def test_what_a_check_finds_is_refused(construct: str, statement: str) -> None:
    [rule] = [rule for rule in checks.RULES if rule.construct == construct]
    assert (rule.page, rule.absent) in [(r.rule.page, r.rule.absent) for r in refusals(statement)]
    with pytest.raises(NotPortable, match=r"instead: .+ https://docs\.aws\.amazon\.com"):
        plan(statement)


# Statements of AWS's pages, and others that Redshift runs, with words that look like something refused.
PORTABLE = [
    "create table t (a bigint identity(0, 1), b bigint generated by default as identity(1, 1), c char(3) encode bytedict)",
    "create table t (a varchar(9) encode raw, b integer encode az64, c date encode delta32k) backup no",
    'create table t ("tag" integer, "timestamp" timestamp without time zone, ts timestamptz, i timestamp)',
    "create table t (a double precision, b character varying(9), c character(3), d numeric(8, 2) default 0)",
    "create table t (a integer, b varchar(10) references s (a), primary key (a), foreign key (b) references s (a))",
    "create table if not exists t (like s including defaults)",
    "create table t as select timestamp '2018-11-01' as a, interval '1 day' as b, a::timestamp, cast(a as timestamp) from s",
    "create table t (a, b) as select 1, 2",
    "select 1 as tag, 2 as timestamp, t.partition, t.open from t",
    'select "tag" from t as "old"',
    "select start, level from t",
    "select sum(a) over (partition by b order by c rows between unbounded preceding and current row) from t",
    "select lag(a) ignore nulls over (order by b nulls first) from t",
    "select sysdate, current_user_id, user from t",
    "select a from t where ts between timestamp '2018-11-01' and %s and a is not null order by a desc, b asc",
    "select a from t where b isnull or c notnull",
    "select case when a then b else c end, d from t",
    "select a from t minus select a from s",
    "select date(a), text(b), int4(c), varchar(d) from t",
    "select convert(timestamp, a) from t",
    "create table t as select cast(a as timestamp) as b from s where c > (interval '1 day') and d in (timestamp '2018-11-01')",
    "insert into format (a) values (1)",
    "with mode (a) as (select 1), format as (select 2) select a from mode",
    "select my.gcd(1, 2), public.sha256(a) from t",
    "select pg_get_userbyid(relowner), oid, relname::name from pg_class",
    "select pg_catalog.format_type(atttypid, atttypmod), attrelid::regclass::oid from pg_catalog.pg_attribute",
    "with a as (select oid from pg_class) select array_to_string(reloptions, ','), pg_get_viewdef(oid) from pg_class",
    "select obj_description('public.sales'::regclass)",
    "select trim(b.relname), a.tbl::oid, generate_series(1, 3) from stv_blocklist a join pg_class b on a.tbl = b.oid",
    "create view v as select textin(regprocedureout(oid::regprocedure))::varchar(500) from pg_proc",
    "update t set a = s.a from s where t.b = s.b",
    "update sch.t set a = s.a from s join u on s.c = u.c where u.b = t.b and t.c > 1",
    "update t set a = 1 from s where a = b",
    "update t set a = 1 from s where trim(t.b) = upper(s.b)",
    "update t set a = (select max(a) from s left join u on s.a = u.a) where b in (select b from u)",
    "update category set catid = 100 from (select event.catid from event left join category cat on event.catid = cat.catid) eventcat where category.catid = eventcat.catid and catgroup = 'Concerts'",
    "merge into t using s as x on t.a = x.a and t.b = x.b when matched then update set c = x.c when not matched then insert values (x.a, x.b, x.c)",
    "insert into t values (1, 'select'), (2, 'x')",
    "insert into t values ((select max(a) from s))",
    "with recursive r (n) as (select 1 union all select n + 1 from r where n < 3) select n from r",
    "with recursive s as (select 1 as n), r (n) as (select n from s union all select n + 1 from r where n < 3) select n from r",
    "alter table t add column a integer default 0",
    "alter table t add a varchar(9) encode lzo not null",
    "alter table t drop column a cascade",
    "alter table s.t rename to u",
    "alter table t rename column a to b",
    "alter table t owner to u",
    "alter table t alter column a type varchar(30)",
    "alter table t alter distkey a, alter sortkey (a, b)",
    "alter table t alter sortkey (a), alter diststyle all",
    "alter table t alter column a encode lzo, alter column b encode az64",
    "alter table t alter encode auto",
    "alter table t add constraint c primary key (a)",
    "alter table t drop constraint c",
    "create or replace view v (a) as select 1",
    "create function f(float, varchar(9), double precision) returns float stable as $$ select case when $1 > 1 then $1 else 2 end $$ language sql",
    "grant all(a, b) on t to u",
    "select count(*) from t limit 10 offset 20",
    "select grouping(a), a from t group by rollup (a)",
    "select date_part('year', a), pow(2, 3) from t",
    "select 1 as exclude, 2 as search, 3 as cycle from t",
    "show search_path",
    "reset all",
    "set query_group to 'off'",
    "(select 1) union all (select 2)",
    "comment on table t is 'x'",
    "drop table if exists t cascade",
    "refresh materialized view v",
]  # fmt: skip


@pytest.mark.parametrize("statement", PORTABLE)
def test_not_refused(statement: str) -> None:
    assert refusals(statement) == []


# --- the lists ----------------------------------------------------------------------------------------------------


#: Reserved words that PostgreSQL's grammar refuses as a name of a column too, or else `names.TAKEN` lists them.
@pytest.mark.parametrize("word", sorted(reserved_words()))
def test_a_reserved_word_is_no_name_unless_it_is_quoted(word: str, sql: Sql) -> None:
    for statement in (f"create temp table t ({word} integer)", f"create temp table {word} (a integer)"):
        with pytest.raises((NotPortable, psycopg2.errors.SyntaxError)):
            sql(statement)
        sql("rollback")
    sql(f'create temp table "{word.lower()}" ("{word.lower()}" integer)')


def test_start_and_connect_are_listed_and_not_reserved() -> None:
    """r_pg_keywords: "START and CONNECT are not reserved words"."""
    assert len(reserved_words()) == 157
    assert reserved_words().isdisjoint({"START", "CONNECT"})
    assert reserved_words() > names.TAKEN


def test_most_functions_of_postgresql_are_refused(server: str) -> None:
    refused = {name for name in postgresql_functions() if refusals(f"select {name}(a) from t")}
    documented = postgresql_functions() - refused
    assert len(refused) > 2500
    assert {"abs", "avg", "date_trunc", "lower", "row_number", "trunc"} < documented
    assert {"gcd", "jsonb_set", "uuidv7", "factorial", "casefold", "unistr", "erf", "sha256"} < refused
    with closing(psycopg2.connect(server)) as plain, plain.cursor() as cursor:
        cursor.execute("select proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace")
        in_server = {name for (name,) in cursor.fetchall()}
    assert postgresql_functions() == in_server


# --- in a session -------------------------------------------------------------------------------------------------


def test_a_function_of_the_user_s_may_have_the_name_of_one_of_postgresql_s(sql: Sql, schema: str) -> None:
    with pytest.raises(UnknownFunction, match=r"^the function gcd is not portable"):
        sql("select gcd(4, 6)")
    sql(f"set search_path to {schema}")
    sql(
        "create function gcd(integer, integer) returns integer immutable as $$ select $1 + $2 $$ language sql"
    )
    assert sql("select gcd(4, 6)") == [(10,)]
    assert sql(f"select {schema}.gcd(4, 6)") == [(10,)]
    with pytest.raises(UnknownFunction, match=r"^the function lcm is not portable"):
        sql("select gcd(4, 6), lcm(4, 6)")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("select st_point(1, 2)", "the function st_point is not in the local Redshift. .*/ST_Point-function.html"),
        ("create temp table t (a hllsketch)", "the type hllsketch is not in .*/r_HLLSKTECH_type.html"),
        ("select * from stl_wlm_rule_action", "the system view stl_wlm_rule_action is not in .*/r_STL_WLM_RULE_ACTION.html"),
    ],
)  # fmt: skip
def test_what_only_redshift_has_is_named(statement: str, told: str, sql: Sql) -> None:
    with pytest.raises(NotHere, match=told):
        sql(statement)


@pytest.mark.parametrize(
    "statement",
    ["select len(1, 2, 3)", "select f_missing(1)", "select a from missing", "select abs('a', 'b')"],
)
def test_what_redshift_does_not_have_either_is_the_server_s_error(statement: str, sql: Sql) -> None:
    with pytest.raises((psycopg2.errors.UndefinedFunction, psycopg2.errors.UndefinedTable)):
        sql(statement)


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("selec 1", "selec"),
        ("creat table t (a integer)", "creat"),
        ("create tabel t (a integer)", "tabel"),
        ("drop tables t", "tables"),
        ("create or replace veiw v as select 1", "veiw"),
        ("(selec 1)", "selec"),
    ],
)
def test_a_misspelt_command_is_the_server_s_syntax_error(statement: str, word: str, sql: Sql) -> None:
    with pytest.raises(psycopg2.errors.SyntaxError, match=f'at or near "{word}"'):
        sql(statement)


def test_an_identity_takes_no_value_unless_it_is_one_by_default(sql: Sql) -> None:
    """r_CREATE_TABLE_NEW: only GENERATED BY DEFAULT AS IDENTITY takes values, in INSERT and UPDATE."""
    sql("create temp table t (a int identity(5, 2), b int generated by default as identity(0, 1), c int)")
    sql("insert into t (c) values (1)")
    sql("insert into t (b, c) values (7, 2)")
    sql("update t set b = 8 where c = 1")
    assert sql("select a, b, c from t order by c") == [(5, 8, 1), (7, 7, 2)]
    for statement in ("insert into t (a, c) values (1, 1)", "update t set a = 1"):
        sql("commit")
        with pytest.raises(psycopg2.errors.GeneratedAlways):
            sql(statement)
        sql("rollback")


class TestTheSizeOfAColumn:
    """r_ALTER_TABLE, ALTER COLUMN TYPE."""

    @pytest.fixture(autouse=True)
    def _table(self, connection: psycopg2.extensions.connection, sql: Sql) -> None:
        connection.autocommit = True
        sql("create temp table t (a varchar(5), b varchar(5) default 'x', c integer)")
        sql("insert into t values ('abcde', 'x', 1)")

    def test_can_grow_and_shrink_to_what_the_data_need(self, sql: Sql) -> None:
        sql("alter table t alter column a type varchar(30)")
        sql("update t set a = 'abcdefghij'")
        sql("alter table t alter column a type varchar(10)")
        with pytest.raises(psycopg2.errors.StringDataRightTruncation):
            sql("alter table t alter column a type varchar(9)")

    @pytest.mark.parametrize("column", ["b", "c"])
    def test_of_another_column_cannot_change(self, column: str, sql: Sql) -> None:
        with pytest.raises(NotPortable, match=rf"^ALTER COLUMN TYPE: {column} has "):
            sql(f"alter table t alter column {column} type varchar(30)")

    def test_cannot_change_in_a_transaction(self, sql: Sql) -> None:
        sql("begin")
        with pytest.raises(
            NotPortable, match=r"^ALTER TABLE ALTER COLUMN cannot run inside a transaction block"
        ):
            sql("alter table t alter column a type varchar(30)")


def test_messages_tell_what_is_missing_where() -> None:
    [refusal] = refusals("select 1;\nselect pg_typeof(1)")
    assert re.match(
        r"the function pg_typeof is not portable to Redshift \(line 2: pg_typeof\(1\)\); ", str(refusal)
    )
    with pytest.raises(NotHere, match=r"^procedure is not in the local Redshift \(line 1: call p\(\)\); "):
        plan("call p()")
