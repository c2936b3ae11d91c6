"""PostgreSQL's syntax that Redshift's grammar lacks, and Redshift's that the local one lacks, as patterns of words.

Belongs here: rules as in `portability`, for what is newer in PostgreSQL than Redshift's grammar, or was changed there.
"""

from __future__ import annotations

from redshift_local.portability import Rule

_NAME = r'(?:\w+|"[^"]*")(?: \. (?:\w+|"[^"]*"))*'
_INNERMOST = r"\([^()]*\)"
_NESTED = rf"\((?:[^()]|\((?:[^()]|{_INNERMOST})*\))*\)"
_ARGUMENT = rf"(?:[^(),]|{_NESTED})+"
_ARGUMENTS = rf"\((?:[^()]|{_NESTED})*\)"
_LIST = rf"\( {_NAME}(?: , {_NAME})* \)"

#: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html: every action of a table of the database
_ACTION = "|".join(
    [
        r"ADD (?:CONSTRAINT \S+ )?(?:UNIQUE|PRIMARY KEY|FOREIGN KEY) .*",
        rf"ADD (?:COLUMN )?(?!COLUMN |IF |PARTITION |CONSTRAINT |CHECK |EXCLUDE ){_NAME}"
        r" (?:(?!, (?:ADD|DROP|ALTER|RENAME) ).)+",
        r"DROP CONSTRAINT \S+(?: RESTRICT| CASCADE)?",
        rf"DROP (?:COLUMN )?(?!CONSTRAINT |PARTITION |IF ){_NAME}(?: RESTRICT| CASCADE)?",
        r"OWNER TO \S+",
        rf"RENAME (?:COLUMN )?(?:{_NAME} )?TO {_NAME}",
        rf"ALTER COLUMN {_NAME} TYPE (?:VARCHAR|NVARCHAR|CHARACTER VARYING|TEXT)(?: \( \w+ \))?",
        rf"ALTER (?:COLUMN )?{_NAME} ENCODE \w+(?: , ALTER (?:COLUMN )?{_NAME} ENCODE \w+)*",
        rf"ALTER (?:COMPOUND )?SORTKEY (?:{_LIST}|AUTO|NONE)"
        rf"(?: , ALTER (?:DISTKEY {_NAME}|DISTSTYLE (?:ALL|EVEN|AUTO|KEY DISTKEY {_NAME})))?",
        rf"ALTER (?:DISTKEY {_NAME}|DISTSTYLE (?:ALL|EVEN|AUTO|KEY DISTKEY {_NAME}))"
        rf"(?: , ALTER (?:COMPOUND )?SORTKEY {_LIST})?",
        r"ALTER ENCODE AUTO",
        r"APPEND FROM .*",
        r"ROW LEVEL SECURITY .*",
        r"(?:SET (?:LOCATION|FILE FORMAT|TABLE PROPERTIES)|PARTITION|(?:ADD(?: IF NOT EXISTS)?|DROP) PARTITION) .*",
    ]
)

_FEATURE = "c_unsupported-postgresql-features"

SYNTAX: tuple[Rule, ...] = (
    # Queries
    Rule(
        "TABLE t",
        r"(?:^|\( |AS |(?:UNION|EXCEPT)(?: ALL)? )TABLE (?!\()\w+(?= \)|$| UNION| ORDER| LIMIT)",
        "select * from t",
        "r_SELECT_synopsis",
    ),
    Rule("SELECT without columns", r"SELECT(?= FROM(?: |$)|$)", "select 1", "r_SELECT_synopsis"),
    Rule(
        "ONLY before a table",
        r"(?:FROM|JOIN|UPDATE|INTO) ONLY",
        "leave it out: there is no inheritance",
        _FEATURE,
    ),
    Rule(
        "number in hexadecimal, octal or binary, or with underscores",
        r"(?:0[xXoObB]\w+|\d+_[\d_]+)",
        "the digits of the decimal number",
        "r_numeric_literals201",
    ),
    Rule("string or name with U&", r"U & (?:'.?'|\"[^\"]*\")", "the characters themselves", "r_names"),
    Rule("IS JSON", r"IS (?:NOT )?JSON", "is_valid_json(text)", "IS_VALID_JSON"),
    Rule("IS NORMALIZED", r"IS (?:NOT )?(?:NF\w+ )?NORMALIZED", "leave it out", "c_SQL_functions"),
    Rule(
        "EXCLUDE in a frame",
        r"EXCLUDE (?:TIES|GROUP|CURRENT ROW|NO OTHERS)",
        "leave it out",
        "r_Window_function_synopsis",
    ),
    Rule(
        "SEARCH or CYCLE",
        r"\) (?:SEARCH (?:DEPTH|BREADTH) FIRST|CYCLE \w+)",
        "a column for the path",
        "r_WITH_clause",
    ),
    Rule("alias of JOIN ... USING", rf"USING {_LIST} AS", "an alias of each table", "r_FROM_clause30"),
    Rule("OPERATOR(...)", r"OPERATOR \(", "the operator", _FEATURE, leader="any"),
    Rule(
        "BETWEEN SYMMETRIC",
        r"BETWEEN (?:SYMMETRIC|ASYMMETRIC)",
        "the smaller bound first",
        "r_range_condition",
    ),
    Rule(
        "rank of a hypothetical row",
        rf"(?:DENSE_RANK|RANK|PERCENT_RANK|CUME_DIST) {_ARGUMENTS} WITHIN GROUP",
        "count the smaller rows",
        "c_Aggregate_Functions",
    ),
    Rule(
        "percentiles in an array",
        r"PERCENTILE_(?:CONT|DISC) \( (?:ARRAY|'s')",
        "one percentile each",
        "r_PERCENTILE_CONT",
    ),
    Rule("GROUP BY DISTINCT", r"GROUP BY DISTINCT", "leave the word out", "r_GROUP_BY_clause"),
    Rule("CORRESPONDING, UNION DISTINCT", r"(?:UNION|INTERSECT|EXCEPT) DISTINCT", "union", "r_UNION"),
    Rule("OFFSET ... ROWS", r"OFFSET \S+ ROWS?", "offset n", "r_ORDER_BY_clause"),
    Rule("ORDER BY ... USING", r"USING [<>]", "asc or desc", "r_ORDER_BY_clause"),
    Rule(
        "current role, catalog or system user",
        r"(?<!\. )(?:CURRENT_CATALOG|CURRENT_ROLE|SYSTEM_USER)",
        "current_user, current_database()",
        "r_System_information_functions",
    ),
    # Functions with other arguments
    Rule("LOG with a base", rf"LOG \( {_ARGUMENT} ,", "ln(x) / ln(base)", "r_LOG"),
    Rule(
        "LAG or LEAD with a default",
        rf"(?:LAG|LEAD) \( {_ARGUMENT} , {_ARGUMENT} ,",
        "coalesce(lag(x) over (...), value)",
        "r_WF_LAG",
    ),
    Rule(
        "LEFT or RIGHT with a negative length",
        rf"(?:LEFT|RIGHT) \( {_ARGUMENT} , - \d",
        "substring(x, ...): the length must be positive",
        "r_LEFT",
    ),
    Rule(
        'SPLIT_PART from the end ("Must be an integer greater than 0")',
        rf"SPLIT_PART \( {_ARGUMENT} , {_ARGUMENT} , (?:- \d|0 \))",
        "reverse(split_part(reverse(x), d, n))",
        "SPLIT_PART",
    ),
    # Writing
    Rule("INSERT with an alias", rf"^INSERT INTO {_NAME} AS", "the table's own name", "r_INSERT_30"),
    # Definitions
    Rule(
        "ALTER TABLE beyond AWS's forms",
        rf"^ALTER TABLE (?!{_NAME} (?:{_ACTION})$).*",
        "a new table, insert into ... select, and rename",
        "r_ALTER_TABLE",
    ),
    Rule(
        "IDENTITY on other than INT or BIGINT",
        rf"^CREATE .*TABLE .*(?:\(|,) {_NAME} (?!INT |INT4 |INTEGER |BIGINT |INT8 )\w+(?: {_INNERMOST})?"
        r"(?: (?!IDENTITY)\w+)* IDENTITY \(",
        "bigint identity (seed, step)",
        "r_CREATE_TABLE_NEW",
    ),
    Rule(
        "IDENTITY without seed and step",
        r"^CREATE .*TABLE .* IDENTITY(?! \()",
        "identity (1, 1)",
        "r_CREATE_TABLE_NEW",
        absent=True,
    ),
    Rule(
        "COMPRESSION or STORAGE of a column",
        r"^(?:CREATE|ALTER) .*TABLE .*(?:COMPRESSION|STORAGE) (?:PGLZ|LZ4|DEFAULT|PLAIN|EXTERNAL|EXTENDED|MAIN)",
        "encode",
        "c_Compression_encodings",
    ),
    Rule(
        "table of a type, or with an access method",
        rf"^CREATE .*TABLE (?:IF NOT EXISTS )?{_NAME} (?:OF|USING) \w+",
        "the columns",
        "r_CREATE_TABLE_NEW",
    ),
    Rule(
        "view with options",
        rf"^CREATE .*VIEW {_NAME}(?: {_LIST})? WITH \(",
        "leave them out",
        "r_CREATE_VIEW",
    ),
    Rule(
        "CHECK OPTION", r"WITH (?:LOCAL |CASCADED )?CHECK OPTION", "a condition in the load", "r_CREATE_VIEW"
    ),
    Rule(
        "recursive or temporary view",
        r"^CREATE (?:OR REPLACE )?(?:TEMP |TEMPORARY |LOCAL )?(?:RECURSIVE|TEMP|TEMPORARY) (?:RECURSIVE )?VIEW",
        "create view ... as with recursive ..., create temp table",
        "r_CREATE_VIEW",
    ),
    Rule(
        "function in another language than SQL or Python",
        r"^CREATE .*FUNCTION .* LANGUAGE (?!SQL|PLPYTHONU)\w+",
        "language sql",
        "r_CREATE_FUNCTION",
    ),
    Rule(
        "function in Python",
        r"^CREATE .*FUNCTION .* LANGUAGE PLPYTHONU",
        "language sql",
        "r_CREATE_FUNCTION",
        absent=True,
    ),
    Rule(
        "function that returns rows",
        r"^CREATE .*FUNCTION .* RETURNS (?:TABLE|SETOF|VOID|RECORD|TRIGGER)",
        "a view",
        "r_CREATE_FUNCTION",
    ),
    Rule(
        "function whose body is no string",
        r"^CREATE .*FUNCTION .* (?:BEGIN ATOMIC|RETURN)",
        "as $$ select ... $$",
        "r_CREATE_FUNCTION",
    ),
    Rule(
        "attribute of a function",
        r"^CREATE .*FUNCTION .*(?:STRICT|ON NULL INPUT|PARALLEL|COST|ROWS|LEAKPROOF|SECURITY|WINDOW|SUPPORT)",
        "volatile, stable or immutable",
        "r_CREATE_FUNCTION",
    ),
    # Redshift only
    Rule("GROUP BY ALL", r"GROUP BY ALL", "the columns", "r_GROUP_BY_clause", absent=True),
    Rule("CONNECT BY", r"CONNECT BY", "with recursive", "r_CONNECT_BY_clause", absent=True),
    Rule("EXCLUDE of columns", r"\* EXCLUDE", "the columns", "r_EXCLUDE_list", absent=True),
    Rule("TRY_CAST", r"TRY_CAST \(", "cast, of what a pattern has checked", "r_TRY_CAST", absent=True),
    Rule("grant to a role", r"^(?:GRANT|REVOKE) .*(?:TO|FROM) ROLE", "a group", "r_GRANT", absent=True),
    Rule(
        "CANCEL, USE, or SHOW of a definition",
        r"^(?:CANCEL|USE|SHOW (?:TABLE|VIEW|PROCEDURE|GRANTS))",
        "pg_cancel_backend(pid), another connection, svv_columns",
        "c_SQL_commands",
        absent=True,
    ),
    Rule(
        "quota of a schema",
        r"^(?:CREATE|ALTER) SCHEMA .*QUOTA",
        "leave it out",
        "r_CREATE_SCHEMA",
        absent=True,
    ),
    Rule(
        "partition of an external table",
        r"^ALTER TABLE .*PARTITION \(",
        "copy the objects into a table",
        "r_ALTER_TABLE_external-table",
        absent=True,
    ),
    Rule(
        "UNNEST of a SUPER array",
        r"UNNEST \(",
        "a table with a row for each element",
        "query-super",
        leader="catalog",
        absent=True,
    ),
    Rule(
        "procedure",
        r"^(?:CALL|(?:CREATE|ALTER|DROP)(?: OR REPLACE)? PROCEDURE)",
        "the statements themselves",
        "r_CREATE_PROCEDURE",
        absent=True,
    ),
    Rule(
        "external schema, table, function or view",
        r"^(?:CREATE|ALTER|DROP|SHOW) EXTERNAL",
        "copy the objects into a table",
        "c-spectrum-external-tables",
        absent=True,
    ),
    Rule(
        "machine learning, datashare, library, masking or row-level security",
        r"^(?:CREATE|ALTER|DROP|DESC|ATTACH|DETACH|SHOW)(?: OR REPLACE)?"
        r" (?:MODEL|DATASHARES?|LIBRARY|MASKING POLICY|RLS POLICY|IDENTITY PROVIDER|TEMPLATE)",
        "leave it out",
        "c_SQL_commands",
        absent=True,
    ),
)
