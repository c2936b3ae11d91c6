"""Functions: PostgreSQL's are refused unless AWS documents one of that name.

Belongs here: which call is Redshift's. Does not belong here: the names (`redshift_local.vocabulary`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from redshift_local.checks import scope
from redshift_local.portability import Rule
from redshift_local.tokens import closing_or_end
from redshift_local.vocabulary import TYPES, functions, postgresql_functions

UNDOCUMENTED = Rule(
    "function that AWS does not document",
    "",
    "a function of AWS's list, or one of your own (CREATE FUNCTION)",
    "c_SQL_functions",
)

#: What to write instead of those that are used most. All others have the hint above.
_INSTEAD = {
    name.upper(): hint
    for hint, names in {
        "getdate(), date_trunc(), dateadd()": "clock_timestamp statement_timestamp transaction_timestamp pg_sleep"
        " date_bin"
        " date_add date_subtract make_date make_time make_timestamp make_timestamptz make_interval justify_days"
        " justify_hours justify_interval",
        "a table of numbers": "generate_series generate_subscripts regexp_matches regexp_split_to_table"
        " regexp_split_to_array string_to_table jsonb_array_elements json_array_elements json_each jsonb_each",
        "listagg(), or aggregate in the client": "string_agg array_agg json_agg jsonb_agg json_object_agg"
        " jsonb_object_agg xmlagg every corr covar_pop covar_samp regr_slope regr_intercept regr_r2",
        "a || b": "concat_ws format",
        "md5(), sha2()": "sha224 sha256 sha384 sha512 gen_random_uuid uuidv4 uuidv7",
        "identity (seed, step)": "nextval currval setval lastval",
        "like": "to_tsvector to_tsquery plainto_tsquery ts_rank ts_headline starts_with",
        "regexp_instr(), regexp_substr(), regexp_count()": "regexp_like regexp_match",
        "svv_transactions": "txid_current txid_current_snapshot pg_current_xact_id pg_current_snapshot",
        "lock t": "pg_advisory_lock pg_advisory_xact_lock pg_try_advisory_lock pg_try_advisory_xact_lock",
        "json_extract_path_text(), json_parse()": "json_build_object jsonb_build_object to_json to_jsonb row_to_json",
        "the types in pg_table_def": "pg_typeof",
        "trunc(a / b)": "div",
    }.items()
    for name in names.split()
}

#: What PostgreSQL parses as a call, though its catalog has no function of that name.
_GRAMMAR = (
    "json json_scalar json_value json_query json_exists json_table json_object json_array json_objectagg json_arrayagg"
    " xmlconcat xmlelement xmlexists xmlforest xmlparse xmlpi xmlroot xmlserialize xmltable merge_action normalize"
    " overlay treat"
)

#: Functions of PostgreSQL 8.0 by which clients read the catalog on the leader node: "some unsupported functions will
#: not return an error when run on the leader node" (c_unsupported-postgresql-functions). AWS's examples use some.
_CATALOG = frozenset(
    "ARRAY_DIMS ARRAY_LOWER ARRAY_TO_STRING ARRAY_UPPER COL_DESCRIPTION FORMAT_TYPE OBJ_DESCRIPTION OIDVECTORTYPES"
    " PG_CLIENT_ENCODING PG_ENCODING_TO_CHAR PG_GET_CONSTRAINTDEF PG_GET_EXPR PG_GET_INDEXDEF PG_GET_RULEDEF"
    " PG_GET_SERIAL_SEQUENCE PG_GET_TRIGGERDEF PG_GET_USERBYID PG_GET_VIEWDEF PG_TIMEZONE_NAMES"
    " REGPROCEDUREOUT TEXTIN TO_REGCLASS GENERATE_SERIES".split()
)

#: How the functions begin that newer clients use beside those.
_OF_CATALOG = re.compile(
    r"GENERATE_SERIES|PG_(?:GET|MY_TEMP|IS_OTHER_TEMP|RELATION|TABLE|TOTAL|STAT_GET)_\w+"
)

#: After these words a name before a parenthesis is that of a table, a type or a set of columns.
_NO_CALL = {
    *(
        "TABLE",
        "INTO",
        "VIEW",
        "EXISTS",
        "WITH",
        "RECURSIVE",
        "REFERENCES",
        "AS",
        "COPY",
        "FUNCTION",
        "PROCEDURE",
    ),
    *("CALL", "PREPARE", "EXECUTE"),
}


@cache
def _undocumented() -> frozenset[str]:
    """PostgreSQL's functions that AWS does not document, in upper case; a type's name is also that of its cast."""
    names = (postgresql_functions() | set(_GRAMMAR.split())) - functions().keys()
    return frozenset(name.upper() for name in names) - TYPES.keys()


def undocumented(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """Each call of a function that PostgreSQL has and Redshift lacks."""
    if _undocumented().isdisjoint(words) or words[0] in ("COPY", "UNLOAD"):
        return
    for index, word in enumerate(words):
        if word in _undocumented() and words[index + 1 : index + 2] == ["("] and _is_call(words, index):
            if _reads_catalog(word, words):
                continue
            hint = _INSTEAD.get(word, UNDOCUMENTED.instead)
            name = word.lower()
            yield UNDOCUMENTED._replace(construct=f"the function {name}", instead=hint, function=name), index


def _is_call(words: Sequence[str], index: int) -> bool:
    """Whether a name before a parenthesis calls PostgreSQL's function: not a table's, nor one of another schema."""
    before = words[index - 1] if index else ""
    if before == ".":
        return words[index - 2] == "PG_CATALOG"
    if before in _NO_CALL:
        return False
    end = closing_or_end(words, index + 1)
    return words[end : end + 2] != ["AS", "("]  # a table of WITH


def _reads_catalog(word: str, words: Sequence[str]) -> bool:
    if not scope.reads_catalog(words):
        return False
    if word in _CATALOG or word.endswith("_IS_VISIBLE"):
        return True
    return bool(_OF_CATALOG.fullmatch(word) and any(scope.tables(words)))
