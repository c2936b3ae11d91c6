"""Redshift's SQL on PostgreSQL, token by token: what runs verbatim, what is removed, what is refused.

Belongs here: pure functions from SQL text to a plan. Does not belong here: anything that talks to a server (`session`),
or the grammar of COPY (`copy.statement`).

Nothing is transpiled. A statement in the subset that both understand runs byte for byte. From DDL the physical
attributes and keys are removed, and VARCHAR(n) and CHAR(n) become types that count bytes. What Redshift lacks is
refused (`refusing`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from redshift_local import catalog, parameters, physical, rewrite, search_path
from redshift_local.refusing import Refusal, refusals
from redshift_local.search_path import SCHEMA
from redshift_local.tokens import DOCUMENTATION, NotHere, NotPortable, Token, closing, split, tokens


class UnknownFunction(NotPortable):
    """A call of a function that AWS does not document; `name` may be one of the user's own."""

    name = ""


# --- the plan of a statement --------------------------------------------------------------------------------------

Action = Literal[
    "run", "fill", "resize", "begin", "copy", "unload", "analyze", "vacuum", "truncate", "commit", "rollback"
]


@dataclass(frozen=True, slots=True)
class Step:
    """One statement: what to do with it, its text for PostgreSQL, and the types that count bytes which it needs.

    `attributes` are those of the `table` that PostgreSQL does not keep (`physical.attributes`). `source` is its text as
    it was given, if the server has to be asked before it runs (`resolving`). `column` gets another size.
    """

    action: Action
    sql: str
    table: str = ""
    column: str = ""
    domains: tuple[str, ...] = ()
    attributes: str = ""
    verbatim: bool = False
    source: str = ""


@lru_cache(maxsize=1024)
def plan(sql: str, own: frozenset[str] = frozenset()) -> tuple[Step, ...]:
    """The steps of `sql`, which may contain psycopg2's parameters. Raises NotPortable, with the first refusal.

    `own` are functions of the user's that have the name of one of PostgreSQL's, in lower case.
    """
    for refusal in refusals(sql):
        if refusal.rule.function not in own:
            raise _error(refusal)
    return tuple(_renamed_step(statement) for statement in split(sql))


def _renamed_step(sql: str) -> Step:
    renamed = catalog.renamed(sql)
    return _step(sql) if renamed is sql else replace(_step(renamed), verbatim=False)


def _error(refusal: Refusal) -> NotPortable:
    if refusal.rule.function:
        error = UnknownFunction(str(refusal))
        error.name = refusal.rule.function
        return error
    return (NotHere if refusal.rule.absent else NotPortable)(str(refusal))


_LITERAL = re.compile(
    r"--[^\n]*|/\*.*?\*/|(?:[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(\$\w*\$).*?\1)", re.DOTALL
)
_VALUE = r"(?:''|-?\d[\d.]*(?:e[-+]?\d+)?|null|true|false)(?:::[a-z ]+)?"
_ROWS = re.compile(rf"(?:\(\s*{_VALUE}(?:\s*,\s*{_VALUE})*\s*\)\s*,\s*)+(?=\()", re.IGNORECASE)


def shape(sql: str) -> str:
    """A short statement with the same plan: without comments, the content of literals, and the rows but one."""
    return _ROWS.sub("", _LITERAL.sub(lambda match: " " if match[0][0] in "-/" else "''", sql))


_UNREAD = re.compile(r"(?:copy|unload)\b", re.IGNORECASE)  # whose queries and options are strings


def _step(sql: str) -> Step:
    """The step of one statement, in PostgreSQL's syntax."""
    if _UNREAD.match(sql):
        return _portable_step(sql)
    step = settled(sql)
    return replace(step, verbatim=False, source=sql) if rewrite.asks(sql) else step


def settled(sql: str) -> Step:
    """The step of one statement about which the server need not be asked, or was asked already."""
    return (_settled if len(sql) < rewrite.LONG else _settled.__wrapped__)(sql)


@lru_cache(maxsize=1024)
def _settled(sql: str) -> Step:
    written = rewrite.rewrite(sql)
    step = _portable_step(written)
    if written == sql:
        return step
    domains = {*step.domains, *(f"varchar_{length}" for length in rewrite.DOMAIN.findall(written))}
    return replace(step, verbatim=False, domains=tuple(sorted(domains)))


def _portable_step(sql: str) -> Step:
    parts = tokens(sql)
    match parts[0].upper:
        case "COPY":
            return Step("copy", sql)
        case "UNLOAD":
            return Step("unload", sql)
        case "ANALYZE":
            return _analyze(sql, parts)
        case "VACUUM":
            return Step("vacuum", f"vacuum {_table_of(parts, 1, skip=_VACUUM_WORDS)}")
        case "TRUNCATE":
            return Step("truncate", sql)
        case "BEGIN" | "START":
            return _begin(sql, parts)
        case "COMMIT" | "END":
            return Step("commit", sql)
        case "ROLLBACK" | "ABORT":
            return Step("rollback", sql)
        case "SET" if behind := search_path.setting([token.upper for token in parts]):
            start = parts[behind].start if behind < len(parts) else len(sql)
            return Step("run", sql[:start] + search_path.searching(sql[start:]))
        case "SET" | "SHOW" | "RESET":
            return _parameter(sql, parts)
        case "PREPARE":
            return _prepared(sql, parts)
        case "CREATE" | "ALTER" if "TABLE" in [token.upper for token in parts[1:5]]:
            return _definition(sql, parts)
    return Step("run", sql, verbatim=True)


def _parameter(sql: str, parts: Sequence[Token]) -> Step:
    try:
        rewritten = parameters.rewritten([token.upper for token in parts], [token.text for token in parts])
    except parameters.Invalid as error:
        raise NotPortable(f"{error}: {DOCUMENTATION}cm_chap_ConfigurationRef.html") from None
    return Step("run", rewritten or sql, verbatim=not rewritten)


def _begin(sql: str, parts: Sequence[Token]) -> Step:
    """BEGIN without ISOLATION LEVEL: the levels "have no operational impact" (r_BEGIN)."""
    words = [token.upper for token in parts]
    if "ISOLATION" not in words:
        return Step("begin", sql, verbatim=True)
    at = words.index("ISOLATION")
    end = at + (4 if words[at + 2 : at + 3] in (["READ"], ["REPEATABLE"]) else 3)
    return Step("begin", sql[: parts[at].start] + sql[parts[end - 1].end :].lstrip(" ,"))


def _prepared(sql: str, parts: Sequence[Token]) -> Step:
    """PREPARE name [(types)] AS statement, with the statement for PostgreSQL (r_PREPARE)."""
    behind = next((token.end for token in parts if token.upper == "AS"), len(sql))
    inner = _step(sql[behind:].strip()) if sql[behind:].strip() else Step("run", "", verbatim=True)
    if inner.action != "run":
        raise NotPortable(f"PREPARE takes SELECT, INSERT, UPDATE and DELETE: {DOCUMENTATION}r_PREPARE.html")
    return Step("run", sql[:behind] + " " + inner.sql, domains=inner.domains, verbatim=inner.verbatim)


_VACUUM_WORDS = {"FULL", "SORT", "ONLY", "DELETE", "REINDEX", "RECLUSTER"}


def _table_of(parts: Sequence[Token], start: int, skip: set[str]) -> str:
    """The table's name, with its schema, that begins at the first token from `start` on that is not in `skip`."""
    while start < len(parts) and parts[start].upper in skip:
        start += 1
    name = parts[start].text if start < len(parts) else ""
    while start + 2 < len(parts) and parts[start + 1].text == ".":
        name += "." + parts[start + 2].text
        start += 2
    return name.lower()


def _analyze(sql: str, parts: Sequence[Token]) -> Step:
    """ANALYZE [VERBOSE] [t [(columns)]] [PREDICATE COLUMNS | ALL COLUMNS]: all columns are always analyzed."""
    words = [token.upper for token in parts]
    if words[-2:] in (["PREDICATE", "COLUMNS"], ["ALL", "COLUMNS"]):
        sql = sql[: parts[-2].start]
        parts = parts[:-2]
    return Step("analyze", sql, table=_table_of(parts, 1, skip={"VERBOSE"}))


# --- DDL: without physical attributes and keys, and with types that count bytes ---------------------------------------

_TEXT_TYPES = {
    # https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html: the length if none is given
    "VARCHAR": ("varchar", 256), "NVARCHAR": ("varchar", 256), "TEXT": ("varchar", 256),
    "CHAR": ("char", 1), "CHARACTER": ("char", 1), "NCHAR": ("char", 1), "BPCHAR": ("char", 256),
}  # fmt: skip
_LONGEST = {"varchar": 65535, "char": 4096}


def _definition(sql: str, parts: Sequence[Token]) -> Step:
    """CREATE TABLE or ALTER TABLE without what only Redshift has, which the step remembers."""
    words = [token.upper for token in parts] + [""] * 4  # room to look ahead
    end = _end_of_definition(words, len(parts))
    table = _table_of(parts, words.index("TABLE") + 1, _BEFORE_NAME)
    attributes = physical.attributes(parts, end)
    if words[0] == "ALTER" and _only_physical(words):
        # It changes nothing, but takes the same lock and checks that the table exists and is the user's own.
        return Step("run", f"alter table {table} set without oids", table=table, attributes=attributes)
    cuts: list[tuple[int, int, str]] = []
    domains: set[str] = set()
    depth = index = 0
    while index < end:
        depth += {"(": 1, ")": -1}.get(words[index], 0)
        after, text = _cut(parts, words, index, depth)
        if after == index:
            index += 1
            continue
        if text.startswith(f"{SCHEMA}."):
            domains.add(text.removeprefix(f"{SCHEMA}."))
        start = parts[index].start
        if not text and words[index] in _KEYS and words[index - 1] == ",":
            start = parts[index - 1].start  # a table's key is removed with the comma before it
        cuts.append((start, parts[after - 1].end, text))
        index = after
    for start, stop, text in reversed(cuts):
        sql = sql[:start] + text + sql[stop:]
    if end < len(parts):
        # Redshift analyzes a table that CREATE TABLE ... AS created: r_CREATE_TABLE_AS.
        return Step("fill", sql, table=table, attributes=attributes)
    if resized := re.fullmatch(r"ALTER TABLE .* ALTER COLUMN (\S*) TYPE .*", " ".join(words)):
        column = parts[words.index("TYPE", 3) - 1].text.strip('"') or resized[1]
        return Step("resize", sql, table, column.lower(), tuple(sorted(domains)), attributes)
    return Step("run", sql, table=table, domains=tuple(sorted(domains)), attributes=attributes)


_BEFORE_NAME = {"IF", "NOT", "EXISTS"}


def _end_of_definition(words: Sequence[str], end: int) -> int:
    """The index of the definition's end, before the query of CREATE TABLE ... AS."""
    depth = 0
    for index, word in enumerate(words[:end]):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == "AS" and depth == 0 and words[index + 1] in ("SELECT", "WITH", "("):
            return index
    return end


def _only_physical(words: Sequence[str]) -> bool:
    """Whether ALTER TABLE changes only distribution, sorting, encoding or keys, which PostgreSQL does not have."""
    text = " ".join(words[3:])
    return bool(
        re.search(r"(?:^|\. \S* )ALTER (?:DISTKEY|DISTSTYLE|SORTKEY|COMPOUND SORTKEY|ENCODE)\b", text)
        or re.search(r"ALTER (?:COLUMN )?\S* ENCODE\b", text)
        or re.search(r"ADD (?:CONSTRAINT \S* )?(?:PRIMARY KEY|UNIQUE|FOREIGN KEY)\b|DROP CONSTRAINT\b", text)
    )


_KEYS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "REFERENCES")


def _cut(parts: Sequence[Token], words: Sequence[str], index: int, depth: int) -> tuple[int, str]:
    """The index after what has to be removed at `index`, and its replacement; `index` itself if nothing has to."""
    word = words[index]
    following = words[index + 1]
    if word in ("ENCODE", "DISTSTYLE", "BACKUP"):
        return index + 2, ""
    if word in ("COMPOUND", "INTERLEAVED") and following == "SORTKEY":
        return closing(parts, index + 2), ""
    if word in ("DISTKEY", "SORTKEY"):
        return (closing(parts, index + 1) if following == "(" else index + 1 + (following == "AUTO")), ""
    if word == "IDENTITY" and following == "(":
        return _identity(parts, words, index)
    if word in _KEYS and depth == 1:
        return _key(parts, words, index)
    if depth == 1 or words[0] == "ALTER":
        return _type(parts, words, index)
    return index, ""


def _identity(parts: Sequence[Token], words: Sequence[str], index: int) -> tuple[int, str]:
    """IDENTITY(seed, step), which takes no value, and GENERATED BY DEFAULT AS IDENTITY(seed, step), which does."""
    after = closing(parts, index + 1)
    seed, step = "".join(token.text for token in parts[index + 2 : after - 1]).split(",")
    begin = "" if words[index - 1] == "AS" else "generated always as "
    return after, f"{begin}identity (start with {seed} increment by {step} minvalue {min(int(seed), 1)})"


def _key(parts: Sequence[Token], words: Sequence[str], index: int) -> tuple[int, str]:
    """[CONSTRAINT name] PRIMARY KEY | UNIQUE | FOREIGN KEY [(...)] [REFERENCES t [(...)]]: as `_cut`.

    Of a primary key remains that its columns are NOT NULL
    (https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html).
    """
    not_null = ""
    if words[index] == "CONSTRAINT":
        index += 2
    primary = words[index] == "PRIMARY"
    if words[index] in ("PRIMARY", "FOREIGN"):
        index += 2
    elif words[index] == "UNIQUE":
        index += 1
    if primary:
        not_null = "not null"
    if words[index] == "(":
        after = closing(parts, index)
        if primary:
            columns = [token.text for token in parts[index + 1 : after - 1] if token.text != ","]
            not_null = ", ".join(f"not null {column}" for column in columns)
        index = after
    if words[index] == "REFERENCES":
        index += 2
        while words[index] == ".":
            index += 2
        if words[index] == "(":
            index = closing(parts, index)
    return index, not_null


def _type(parts: Sequence[Token], words: Sequence[str], index: int) -> tuple[int, str]:
    """As `_cut`, for a type with another meaning: text counts bytes, a bare DECIMAL is DECIMAL(18,0)."""
    word, after = words[index], index + 1
    if not index or words[index - 1] in ("(", ",", ".", "ADD", "COLUMN", "DROP", "RENAME", "TO"):
        return index, ""  # a name, not a type
    if word in ("DECIMAL", "NUMERIC"):
        return (index, "") if words[after] == "(" else (after, "decimal(18,0)")
    if word not in _TEXT_TYPES:
        return index, ""
    kind, length = _TEXT_TYPES[word]
    if words[after] == "VARYING":
        kind, length, after = "varchar", 256, after + 1
    if words[after] == "(":
        stop = closing(parts, after)
        given = words[after + 1] or parts[after + 1].text
        length = _LONGEST[kind] if given == "MAX" else int(given) if given.isdecimal() else 0
        after = stop
    if not 1 <= length <= _LONGEST[kind]:
        raise NotPortable(f"{kind}({length}): Redshift allows 1 to {_LONGEST[kind]} bytes")
    return after, f"{SCHEMA}.{kind}_{length}"
