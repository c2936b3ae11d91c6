"""The constructs that do not run on Redshift, or not as on PostgreSQL: what the local Redshift refuses.

Belongs here: one rule for each construct that a pattern of words expresses. Does not belong here: how the patterns are
applied (`dialect.refusals`), and rules that go by a list of names or need more than a pattern (`checks`).
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Rule(NamedTuple):
    """A construct that is refused, what to write instead, and the page of AWS's documentation that says so.

    `pattern` is searched, token by token, in a statement's normal form: keywords and plain names in upper case, strings
    as 's', one blank between two tokens; `checks` makes rules without one. What is `leader` is accepted in a query that
    the leader node runs alone: "any", or one over its "catalog".
    """

    construct: str
    pattern: str
    instead: str
    page: str
    leader: Literal["", "any", "catalog"] = ""
    absent: bool = False  # Redshift runs it, and the local Redshift does not
    function: str = ""  # the function that is called; the user may have one of that name


def _functions(names: str) -> str:
    return rf"(?:{'|'.join(names.split())}) \("


_NAME = r'(?:\w+|"[^"]*")(?: \. (?:\w+|"[^"]*"))*'
_INNERMOST = r"\([^()]*\)"
_NESTED = rf"\((?:[^()]|\((?:[^()]|{_INNERMOST})*\))*\)"
_ARGUMENTS = rf"\((?:[^()]|{_NESTED})*\)"

_MERGE = (
    rf"INTO {_NAME} USING (?:{_NAME}|{_ARGUMENTS})(?: (?:AS )?(?!ON )\w+)? ON (?:(?:(?! WHEN ).)+"
    r" WHEN MATCHED THEN (?:DELETE|UPDATE SET (?:(?! WHEN (?:NOT )?MATCHED ).)+)"
    rf" WHEN NOT MATCHED THEN INSERT (?:{_ARGUMENTS} )?VALUES {_ARGUMENTS}|(?:(?! WHEN ).)+ REMOVE DUPLICATES)$"
)
_FRAMED = r"(?:AVG|COUNT|MAX|MIN|SUM|STDDEV\w*|VAR\w*|FIRST_VALUE|LAST_VALUE|NTH_VALUE)"

_FEATURE = "c_unsupported-postgresql-features"
_FUNCTION = "c_unsupported-postgresql-functions"
_TYPE = "c_unsupported-postgresql-datatypes"
_LEADER = "c_SQL_functions_leader_node_only"

REFUSED: tuple[Rule, ...] = (
    # Writing
    Rule("ON CONFLICT", r"ON CONFLICT", "delete the keys, then insert", "merge-replacing-existing-rows"),
    Rule("RETURNING", r"(?<!\. )RETURNING", "select the rows by their key", "r_INSERT_30"),
    Rule("OVERRIDING", r"OVERRIDING (?:SYSTEM|USER) VALUE", "leave the identity column out", "r_INSERT_30"),
    Rule("SET (a, b) =", r"^UPDATE .* SET \(", "set one column after the other", "r_UPDATE"),
    Rule("SET t.column =", r"^UPDATE (?:(?! SET ).)* SET \w+ \.", "the column without its table", "r_UPDATE"),
    Rule(
        "DELETE with an alias",
        rf"^DELETE FROM {_NAME} (?:AS )?(?!USING\b|WHERE\b|LIMIT\b)\w+",  # noqa: S608
        "the table's own name",
        "r_DELETE",
    ),
    Rule(
        "MERGE beyond its plain form",
        rf"^MERGE (?!{_MERGE}).*",
        "MERGE INTO t USING s ON ... WHEN MATCHED THEN UPDATE or DELETE WHEN NOT MATCHED THEN INSERT ... VALUES",
        "r_MERGE",
    ),
    Rule("writing in WITH", r"AS \( (?:INSERT|UPDATE|DELETE|MERGE)", "two statements", "r_WITH_clause"),
    Rule("FOR UPDATE", r"FOR (?:NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)", "lock the table", "r_LOCK"),
    Rule(
        "TRUNCATE with options",
        r"^TRUNCATE .*(?:,|CASCADE|RESTRICT|RESTART|CONTINUE)",
        "truncate one table",
        "r_TRUNCATE",
    ),
    # Transactions
    Rule(
        "savepoint",
        r"^(?:SAVEPOINT|RELEASE|ROLLBACK (?:WORK |TRANSACTION )?TO)",
        "repeat the transaction",
        _FUNCTION,
    ),
    Rule("LOCK with a mode", r"^LOCK .*(?:MODE|NOWAIT)$", "lock t", "r_LOCK"),
    # Cursors
    Rule(
        "DECLARE beyond its plain form",
        r'^DECLARE (?!(?:\w+|"[^"]*") CURSOR (?:WITHOUT HOLD )?FOR ).*',  # as named cursors of psycopg2 say
        "declare c cursor for ...",
        "declare",
    ),
    Rule(
        "FETCH other than forward, MOVE",
        r"^(?:FETCH (?!(?:(?:NEXT|ALL|FORWARD(?: (?:\d+|ALL))?) )?FROM ).*|MOVE)",
        "fetch forward n from c",
        "fetch",
    ),
    # Queries
    Rule("DISTINCT ON", r"DISTINCT ON \(", "row_number() over (...) = 1 in an outer query", "r_SELECT_list"),
    Rule("IS DISTINCT FROM", r"IS (?:NOT )?DISTINCT FROM", "a = b or (a is null and b is null)", _FUNCTION),
    Rule("FILTER", r"\) FILTER \(", "aggregate over case when ... end", "c_Aggregate_Functions"),
    Rule("LATERAL", r"LATERAL", "join a subquery", "r_FROM_clause30"),
    Rule("TABLESAMPLE", r"TABLESAMPLE", "order by random() limit n", "r_FROM_clause30"),
    Rule("WITH ORDINALITY", r"WITH ORDINALITY", "row_number()", _FEATURE),
    Rule("VALUES as a table", r"(?:\( VALUES \(|^VALUES)", "select ... union all select ...", _FEATURE),
    Rule("FETCH FIRST", r"(?:FETCH (?:FIRST|NEXT) (?:\S+ )?ROWS?|WITH TIES)", "limit n", "r_ORDER_BY_clause"),
    Rule("EXCEPT ALL, INTERSECT ALL", r"(?:EXCEPT|INTERSECT) ALL", "except, intersect", "r_UNION"),
    Rule("MATERIALIZED in WITH", r"AS (?:NOT )?MATERIALIZED \(", "leave the word out", "r_WITH_clause"),
    Rule("named window", r"WINDOW \w+ AS \(", "write the window in over (...)", "r_Window_function_synopsis"),
    Rule(
        "RANGE or GROUPS frame",
        r"(?:RANGE|GROUPS) (?:BETWEEN|UNBOUNDED|CURRENT)",
        "rows between ... and ...",
        "r_Window_function_synopsis",
    ),
    Rule(
        "aggregate over (order by ...) without a frame",
        rf"{_FRAMED} {_ARGUMENTS} OVER \( (?:[^()]|{_NESTED})*ORDER BY (?:(?! ROWS )(?:[^()]|{_NESTED}))*\)",
        "add rows between ... and ...",
        "r_Window_function_synopsis",
    ),
    Rule(
        "comparison of rows",
        r"(?:WHERE|AND|OR|ON|NOT|WHEN) \( [^()]* , [^()]* \) (?:=|<>|!=|<|>|<=|>=)",
        "compare the columns",
        _FEATURE,
        leader="catalog",
    ),
    Rule("row constructor", r"ROW \(", "name the columns", _FEATURE),
    Rule(
        "ANY or ALL of an array",
        r"(?<!GRANT )(?<!REVOKE )(?:ANY|ALL|SOME) \((?! SELECT| WITH)",
        "in (...)",
        _TYPE,
        leader="any",
    ),
    Rule("COLLATE", r"COLLATE(?! CASE_)", "leave it out: strings compare by their bytes", _FEATURE),
    Rule("AT LOCAL", r"AT LOCAL", "at time zone 'name'", "r_AT_TIME_ZONE"),
    # Operators
    Rule("array", r"ARRAY \[", "a table with a row for each element", _FEATURE, leader="catalog"),
    Rule("subscript", r"(?<!ARRAY )\[", "a table with a row for each element", _FEATURE, leader="any"),
    Rule(
        "operator of JSON or arrays",
        r"(?:->|->>|#>|#>>|@>|<@|\?|\?\||\?&|&&|@@|@\?)",
        "columns, filled when the data is loaded",
        _FEATURE,
    ),
    Rule(
        "operator ~*, !~*, ~~",
        r"(?:~\*|!~\*|~~|~~\*|!~~|!~~\*|\^@)",
        "lower(x) ~ pattern, like, ilike",
        "pattern-matching-conditions-posix",
        leader="any",
    ),
    Rule(
        "backslash in a string",
        r"'\\'",
        "a parameter: Redshift reads it as an escape",
        "r_patternmatching_condition_like",
    ),
    # Functions
    Rule(
        "leader-node function",
        _functions(r"NOW AGE CURRENT_SCHEMAS? HAS_\w+_PRIVILEGE PG_\w+_IS_VISIBLE"),
        "getdate(), or a parameter",
        _LEADER,
        leader="any",
    ),
    Rule(
        "CURRENT_TIMESTAMP",
        r"(?<!\. )(?:CURRENT_TIMESTAMP|CURRENT_TIME|LOCALTIME|LOCALTIMESTAMP)",
        "getdate(), or a parameter",
        _LEADER,
        leader="any",
    ),
    Rule(
        "TO_TIMESTAMP of a number",
        rf"TO_TIMESTAMP \((?:[^(),]|{_NESTED})*\)",
        "timestamp 'epoch' + n * interval '1 second'",
        "r_TO_TIMESTAMP",
    ),
    # Types and definitions
    Rule(
        "system column",
        r"(?:CTID|XMIN|XMAX|CMIN|CMAX|TABLEOID)",
        "a key of your own",
        _FEATURE,
        leader="catalog",
    ),
    Rule(
        "index",
        r"^(?:(?:CREATE|DROP|ALTER) (?:UNIQUE )?INDEX|REINDEX|CLUSTER)",
        "a sort key (here: a lookup of the connection)",
        _FEATURE,
    ),
    Rule(
        "trigger, rule, sequence, domain, type or extension",
        r"^(?:CREATE|ALTER|DROP) (?:OR REPLACE )?(?:CONSTRAINT |EVENT )?(?:TRIGGER|RULE|SEQUENCE|DOMAIN|TYPE|EXTENSION"
        r"|TABLESPACE|COLLATION|AGGREGATE|OPERATOR|CAST|POLICY|STATISTICS|PUBLICATION|SUBSCRIPTION|FOREIGN)",
        "statements in the load",
        _FEATURE,
    ),
    Rule(
        "CHECK or EXCLUDE",
        r"^(?:CREATE|ALTER) (?:TEMP |TEMPORARY )?TABLE .*(?:CHECK \(|EXCLUDE (?:USING|\())",
        "a query that looks for violations",
        _FEATURE,
    ),
    Rule(
        "inheritance or partitions",
        r"^(?:CREATE|ALTER) .*(?:INHERITS? \(|\) PARTITION BY|PARTITION OF|ATTACH PARTITION)",
        "a sort key",
        _FEATURE,
    ),
    Rule(
        "storage options",
        r"^CREATE (?:UNLOGGED|(?:TEMP |TEMPORARY )?TABLE (?:(?! AS (?:SELECT|WITH) ).)*\) (?:WITH \(|TABLESPACE))",
        "leave them out",
        _FEATURE,
    ),
    Rule(
        "generated column", r"GENERATED ALWAYS AS", "generated by default as identity", "r_CREATE_TABLE_NEW"
    ),
    Rule(
        "ON COMMIT", r"^CREATE .*ON COMMIT (?:DROP|DELETE|PRESERVE)", "drop the table", "r_CREATE_TABLE_NEW"
    ),
    Rule(
        "LIKE ... INCLUDING",
        r"^CREATE .*(?:INCLUDING|EXCLUDING) (?!DEFAULTS)\w+",
        "including defaults",
        "r_CREATE_TABLE_NEW",
    ),
    Rule("WITH [NO] DATA", r"^CREATE .*WITH (?:NO )?DATA$", "where false", "r_CREATE_TABLE_AS"),
    # Redshift only
    Rule(
        "ALTER TABLE APPEND",
        r"^ALTER TABLE .* APPEND FROM",
        "insert into ... select",
        "r_ALTER_TABLE_APPEND",
        absent=True,
    ),
    Rule(
        "ANALYZE COMPRESSION",
        r"^ANALYZE COMPRESSION",
        "encode auto",
        "r_ANALYZE_COMPRESSION",
        absent=True,
    ),
    # PostgreSQL only
    Rule(
        "COPY from or to the client",
        r"^COPY .*(?:FROM (?:STDIN|PROGRAM)|TO (?:STDOUT|PROGRAM|'s'))",
        "copy t from 's3://...'",
        "r_COPY",
    ),
    Rule(
        "options of VACUUM and ANALYZE",
        r"^(?:VACUUM|ANALYZE) (?:\(|FREEZE|ANALYZE)",
        "vacuum t; analyze t",
        "r_VACUUM_command",
    ),
    Rule("EXPLAIN ANALYZE", r"^EXPLAIN (?:\(|ANALYZE)", "explain", "r_EXPLAIN"),
    Rule(
        "command",
        r"^(?:DO|LISTEN|NOTIFY|UNLISTEN|DISCARD|CHECKPOINT|LOAD|REASSIGN|IMPORT|SECURITY|SET CONSTRAINTS"
        r"|ALTER SYSTEM|PREPARE TRANSACTION|COMMIT PREPARED|ROLLBACK PREPARED)",
        "statements in the load",
        "c_SQL_commands",
    ),
)
