"""What Redshift lacks, or would do otherwise, as a table: the deny-list of the embedded warehouse and of the tests over sql/.

Belongs here: one line for each construct. How the patterns are applied: `dialect.refusals`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A construct that is refused.

    `pattern` is matched against the statement in its normal form: keywords and plain identifiers in upper case,
    strings as 's', every two tokens one blank apart.
    """

    construct: str
    pattern: str
    instead: str
    page: str


_NAME = r'(?:\w+|"[^"]*")(?: \. (?:\w+|"[^"]*"))*'
_ARGUMENTS = r"\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)"  # four levels deep
_LACKED_TYPES = (
    r"(?:SMALLSERIAL|BIGSERIAL|SERIAL|SERIAL2|SERIAL4|SERIAL8|JSON|JSONB|UUID|BYTEA|MONEY|XML|INET|CIDR|MACADDR|BIT"
    r"|HSTORE|TSVECTOR|TSQUERY|OID|REGCLASS|REGTYPE|POINT|INT4RANGE|INT8RANGE|NUMRANGE|DATERANGE|TSRANGE|TSTZRANGE)"
)
_PLAIN_MERGE = (
    rf"MERGE INTO {_NAME} USING {_NAME}(?: (?:AS )?(?!ON )\w+)? ON (?:(?! WHEN ).)+"
    r" WHEN MATCHED THEN (?:DELETE|UPDATE SET (?:(?! WHEN MATCHED | WHEN NOT ).)+)"
    rf" WHEN NOT MATCHED THEN INSERT (?:{_ARGUMENTS} )?VALUES {_ARGUMENTS}$"
)

_FEATURES = "c_unsupported-postgresql-features"
_FUNCTIONS = "c_unsupported-postgresql-functions"
_TYPES = "c_unsupported-postgresql-datatypes"
_LEADER = "c_SQL_functions_leader_node_only"

REFUSED: tuple[Rule, ...] = (
    # writing
    Rule(
        "ON CONFLICT",
        r"ON CONFLICT",
        "delete the keys, then insert",
        "t_updating-inserting-using-staging-tables-",
    ),
    Rule("RETURNING", r"(?<!\. )RETURNING (?!AS )", "select the rows by their key", "r_INSERT_30"),
    Rule(
        "INSERT ... OVERRIDING",
        r"OVERRIDING (?:SYSTEM|USER) VALUE",
        "leave the identity column out",
        "r_INSERT_30",
    ),
    Rule(
        "UPDATE with an alias",
        rf"^UPDATE {_NAME} (?:AS )?(?!SET )\w+ SET",
        "use the table's own name",
        "r_UPDATE",
    ),
    Rule("UPDATE ... SET (a, b) =", r"^UPDATE .* SET \(", "set one column after the other", "r_UPDATE"),
    Rule(
        "UPDATE ... SET t.column",
        r"^UPDATE (?:(?! SET ).)* SET \w+ \.",
        "name the column without its table",
        "r_UPDATE",
    ),
    Rule(
        "DELETE with an alias",
        rf"^DELETE FROM {_NAME} (?:AS )?(?!USING |WHERE )\w+",
        "use the table's own name",
        "r_DELETE",
    ),
    Rule("DELETE ... RETURNING or LIMIT", r"^DELETE .* LIMIT \d+$", "delete by a condition", "r_DELETE"),
    Rule(
        "MERGE beyond the plain form",
        rf"^MERGE (?!{_PLAIN_MERGE[6:]})",
        "merge one table into another with WHEN MATCHED THEN UPDATE | DELETE and WHEN NOT MATCHED THEN INSERT",
        "r_MERGE",
    ),
    Rule(
        "INSERT, UPDATE or DELETE in WITH",
        r"AS \( (?:INSERT|UPDATE|DELETE|MERGE)",
        "write two statements",
        "r_WITH_clause",
    ),
    Rule(
        "FOR UPDATE",
        r"FOR (?:NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)(?: OF| NOWAIT| SKIP|$| \))",
        "lock the table",
        "r_LOCK",
    ),
    Rule(
        "TRUNCATE with options",
        r"^TRUNCATE .*(?:,|CASCADE|RESTRICT|RESTART|CONTINUE)",
        "truncate one table",
        "r_TRUNCATE",
    ),
    # transactions
    Rule(
        "savepoints",
        r"^(?:SAVEPOINT|RELEASE|ROLLBACK (?:WORK |TRANSACTION )?TO)",
        "repeat the transaction",
        _FUNCTIONS,
    ),
    Rule("LOCK with a mode", r"^LOCK .*(?:MODE|NOWAIT)$", "LOCK t", "r_LOCK"),
    Rule("advisory locks", r"PG_(?:TRY_)?ADVISORY\w* \(", "LOCK t", _FUNCTIONS),
    # querying
    Rule("DISTINCT ON", r"DISTINCT ON \(", "row_number() over (...) = 1 in an outer query", "r_SELECT_list"),
    Rule("IS DISTINCT FROM", r"IS (?:NOT )?DISTINCT FROM", "a = b or (a is null and b is null)", _FUNCTIONS),
    Rule("FILTER", r"\) FILTER \(", "aggregate over case when ... end", "c_Aggregate_Functions"),
    Rule("LATERAL", r"LATERAL", "join a subquery", "r_FROM_clause30"),
    Rule("TABLESAMPLE", r"TABLESAMPLE", "order by random() limit n", "r_FROM_clause30"),
    Rule("WITH ORDINALITY", r"WITH ORDINALITY", "row_number()", _FEATURES),
    Rule("VALUES as a table", r"(?:\( VALUES \(|^VALUES)", "select ... union all select ...", _FEATURES),
    Rule(
        "FETCH FIRST, WITH TIES",
        r"(?:FETCH (?:FIRST|NEXT)(?: \S+)? ROWS?|WITH TIES)",
        "limit n",
        "r_ORDER_BY_clause",
    ),
    Rule("EXCEPT ALL, INTERSECT ALL", r"(?:EXCEPT|INTERSECT) ALL", "except, intersect", "r_UNION"),
    Rule("[NOT] MATERIALIZED in WITH", r"AS (?:NOT )?MATERIALIZED \(", "leave the word out", "r_WITH_clause"),
    Rule("a named window", r"WINDOW \w+ AS \(", "write the window in over (...)", "c_Window_functions"),
    Rule(
        "RANGE or GROUPS frame",
        r"(?:RANGE|GROUPS) (?:BETWEEN|UNBOUNDED|CURRENT ROW|\d)",
        "rows between ...",
        "c_Window_functions",
    ),
    Rule(
        "aggregate over (order by) without frame",
        rf"(?:AVG|COUNT|MAX|MIN|SUM|STDDEV\w*|VAR\w*|FIRST_VALUE|LAST_VALUE|NTH_VALUE) {_ARGUMENTS} OVER"
        r" \( (?:[^()]|\((?:[^()]|\([^()]*\))*\))*ORDER BY (?:(?! ROWS )(?:[^()]|\((?:[^()]|\([^()]*\))*\)))*\)",
        "add rows between ... and ...",
        "c_Window_functions",
    ),
    Rule(
        "comparison of rows",
        r"(?:WHERE|AND|OR|ON|NOT|WHEN) \( [^()]* , [^()]* \) (?:=|<>|!=|<|>|<=|>=)",
        "compare the columns",
        _FEATURES,
    ),
    Rule("row constructor", r"ROW \(", "name the columns", _FEATURES),
    Rule("ANY or ALL of an array", r"(?:ANY|ALL|SOME) \( (?!SELECT |WITH )", "in (...)", _TYPES),
    # operators
    Rule("array or subscript", r"\[", "a table with one row for each element", _FEATURES),
    Rule(
        "JSON or array operator",
        r"(?:->|->>|#>|#>>|@>|<@|\?|\?\||\?&|&&|@@)",
        "json_extract_path_text at load time",
        _FEATURES,
    ),
    Rule(
        "~*, !~*, ~~",
        r"(?:~\*|!~\*|~~|~~\*|!~~|!~~\*)",
        "lower(x) ~ pattern, like, ilike",
        "pattern-matching-conditions-posix",
    ),
    Rule("COLLATE", r"COLLATE (?!CASE_)", "leave it out: strings compare by their bytes", _FEATURES),
    Rule(
        "AT TIME ZONE INTERVAL, AT LOCAL",
        r"AT (?:LOCAL|TIME ZONE INTERVAL)",
        "at time zone 'name'",
        "r_AT_TIME_ZONE",
    ),
    # functions
    Rule(
        "set-returning function",
        r"(?:GENERATE_SERIES|GENERATE_SUBSCRIPTS|UNNEST|REGEXP_MATCHES|REGEXP_SPLIT_TO_\w+|STRING_TO_TABLE|JSONB?_(?:ARRAY_ELEMENTS|EACH|OBJECT_KEYS|TO_RECORD|POPULATE_RECORD)\w*|JSON_TABLE) \(",
        "a table of numbers",
        _FUNCTIONS,
    ),
    Rule(
        "STRING_AGG, ARRAY_AGG and the like",
        r"(?:STRING_AGG|ARRAY_AGG|JSONB?_AGG|JSONB?_OBJECT_AGG|XMLAGG|EVERY|CORR|COVAR_\w+|REGR_\w+|RANGE_AGG) \(",
        "aggregate in the client",
        _FUNCTIONS,
    ),
    Rule(
        "leader-node function",
        r"(?:NOW|AGE|CURRENT_SCHEMA|CURRENT_SCHEMAS|HAS_\w+_PRIVILEGE|PG_\w+_IS_VISIBLE) \(",
        "getdate(), or a parameter",
        _LEADER,
    ),
    Rule(
        "CURRENT_TIMESTAMP",
        r"(?<!\. )(?:CURRENT_TIMESTAMP|CURRENT_TIME|LOCALTIME|LOCALTIMESTAMP)(?! AS )",
        "getdate(), or a parameter",
        _LEADER,
    ),
    Rule(
        "clock function",
        r"(?:CLOCK_TIMESTAMP|STATEMENT_TIMESTAMP|TRANSACTION_TIMESTAMP|PG_SLEEP|JUSTIFY_\w+|DATE_BIN|MAKE_(?:DATE|TIME|TIMESTAMP|TIMESTAMPTZ|INTERVAL)) \(",
        "getdate(), date_trunc(), date + integer",
        _FUNCTIONS,
    ),
    Rule("TO_TIMESTAMP", r"TO_TIMESTAMP \(", "timestamp 'epoch' + n * interval '1 second'", "r_TO_TIMESTAMP"),
    Rule("CONCAT", r"(?:CONCAT|CONCAT_WS) \(", "a || b, which is null with a null on both", "r_CONCAT"),
    Rule(
        "REGEXP_REPLACE",
        r"REGEXP_REPLACE \(",
        "replace(), for only Redshift replaces every match",
        "REGEXP_REPLACE",
    ),
    Rule(
        "string or number function",
        r"(?:FORMAT|OVERLAY|BIT_LENGTH|ENCODE|CONVERT_FROM|CONVERT_TO|QUOTE_NULLABLE|DIV|SETSEED|WIDTH_BUCKET|GEN_RANDOM_UUID|NUM_NULLS|NUM_NONNULLS|STARTS_WITH|STRING_TO_ARRAY|ARRAY_TO_STRING|ROW_TO_JSON|TO_JSONB?|JSONB?_BUILD_\w+) \(",
        "a function of both",
        _FUNCTIONS,
    ),
    Rule("sequence", r"(?:NEXTVAL|CURRVAL|SETVAL|LASTVAL) \(", "identity (seed, step)", _FUNCTIONS),
    Rule("text search", r"(?:TO_TSVECTOR|TO_TSQUERY|PLAINTO_TSQUERY|TS_RANK) \(", "like", _FUNCTIONS),
    Rule("transaction ids", r"(?:TXID_\w+|PG_CURRENT_\w+) \(", "svv_transactions", _FUNCTIONS),
    # types and definitions
    Rule(
        "a type that Redshift lacks",
        rf"(?:(?::: |AS ){_LACKED_TYPES}(?= \)| ,|$)|^(?:CREATE|ALTER) .*(?:\(|,|ADD|ADD COLUMN|TYPE) (?:{_NAME} )?{_LACKED_TYPES}(?= \)| ,| NOT| NULL| DEFAULT| PRIMARY| UNIQUE| ENCODE|$))",
        "bigint, varchar(n), identity (seed, step)",
        _TYPES,
    ),
    Rule("system column", r"(?:CTID|XMIN|XMAX|CMIN|CMAX|TABLEOID)", "a key of your own", _FEATURES),
    Rule(
        "index",
        r"^(?:CREATE (?:UNIQUE )?INDEX|DROP INDEX|ALTER INDEX|REINDEX|CLUSTER)",
        "a sort key",
        _FEATURES,
    ),
    Rule(
        "trigger, rule, sequence, domain or type",
        r"^(?:CREATE|ALTER|DROP) (?:OR REPLACE )?(?:CONSTRAINT |EVENT )?(?:TRIGGER|RULE|SEQUENCE|DOMAIN|TYPE|EXTENSION|TABLESPACE|COLLATION|AGGREGATE|OPERATOR|CAST|POLICY|STATISTICS|PUBLICATION|SUBSCRIPTION|FOREIGN)",
        "statements in the load",
        _FEATURES,
    ),
    Rule(
        "CHECK or EXCLUDE constraint",
        r"^(?:CREATE|ALTER) (?!.* AS SELECT ).*(?:CHECK \(|EXCLUDE (?:USING|\())",
        "a query in sql/checks",
        _FEATURES,
    ),
    Rule(
        "inheritance or partitions",
        r"^(?:CREATE|ALTER) .*(?:INHERITS? \(|\) PARTITION BY|PARTITION OF|ATTACH PARTITION)",
        "a sort key",
        _FEATURES,
    ),
    Rule(
        "UNLOGGED, TABLESPACE or storage options",
        r"^CREATE (?:UNLOGGED .*|(?!.* AS SELECT ).*\) (?:WITH \(|TABLESPACE))",
        "leave it out",
        _FEATURES,
    ),
    Rule(
        "generated column",
        r"^(?:CREATE|ALTER) .*GENERATED ALWAYS AS",
        "generated by default as identity (seed, step)",
        "r_CREATE_TABLE_NEW",
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
    Rule(
        "CREATE TABLE AS ... WITH [NO] DATA",
        r"^CREATE .*WITH (?:NO )?DATA$",
        "where false",
        "r_CREATE_TABLE_AS",
    ),
    Rule(
        "ALTER TABLE ... IF [NOT] EXISTS, several actions",
        r"^ALTER TABLE (?:IF EXISTS|.*(?:ADD|DROP)(?: COLUMN)? IF (?:NOT )?EXISTS|(?:(?!\().)*, (?:ADD|DROP|ALTER) )",
        "one plain action",
        "r_ALTER_TABLE",
    ),
    Rule(
        "ALTER TABLE APPEND",
        r"^ALTER TABLE .* APPEND FROM",
        "insert into ... select (the embedded warehouse cannot append)",
        "r_ALTER_TABLE_APPEND",
    ),
    Rule(
        "#table", r"\#\w+", "create temp table (the embedded warehouse knows no #table)", "r_CREATE_TABLE_NEW"
    ),
    Rule(
        "quoted identifier with capitals",
        r'"[^"]*[A-Z][^"]*"',
        "lower case: Redshift folds quoted names too",
        "r_names",
    ),
    # commands
    Rule(
        "UNLOAD",
        r"^UNLOAD",
        "select and write in the client (the embedded warehouse cannot unload)",
        "r_UNLOAD",
    ),
    Rule(
        "COPY ... STDIN, PROGRAM or TO",
        r"^COPY .*(?:FROM (?:STDIN|PROGRAM)|TO (?:STDOUT|PROGRAM|'s'))",
        "copy from an object or a manifest",
        "r_COPY",
    ),
    Rule(
        "ANALYZE COMPRESSION",
        r"^ANALYZE COMPRESSION",
        "leave it out: encode auto (the embedded warehouse stores no columns)",
        "r_ANALYZE_COMPRESSION",
    ),
    Rule(
        "VACUUM or ANALYZE with PostgreSQL's options",
        r"^(?:VACUUM|ANALYZE) (?:\(|FREEZE|ANALYZE)",
        "vacuum t; analyze t",
        "r_VACUUM_command",
    ),
    Rule("EXPLAIN ANALYZE", r"^EXPLAIN (?:\(|ANALYZE)", "explain", "r_EXPLAIN"),
    Rule(
        "a command of PostgreSQL",
        r"^(?:DO|LISTEN|NOTIFY|UNLISTEN|DISCARD|CHECKPOINT|LOAD|REASSIGN|IMPORT|SECURITY|SET CONSTRAINTS|ALTER SYSTEM|PREPARE TRANSACTION|COMMIT PREPARED|ROLLBACK PREPARED)",
        "statements in the load",
        "c_SQL_commands",
    ),
)
