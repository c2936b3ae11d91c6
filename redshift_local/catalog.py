"""The catalog objects of schema `redshift`, and the names in a statement that mean them.

Belongs here: making what sql/ holds, and rewriting names token by token: Redshift folds quoted names, and a name that
is qualified with a schema of PostgreSQL's catalog means Redshift's object where there is one. Does not belong here:
the objects themselves (`sql/`), or when they are made (`session`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files

from psycopg2.extensions import cursor as PlainCursor

from redshift_local.search_path import SCHEMA
from redshift_local.tokens import Token, tokens

#: Where the catalog objects lie in sql/, in the order in which they are made; a folder's files by their names.
_PLACES = ("catalog.sql", "functions", "views")
#: The schemas of PostgreSQL's catalog, and those with what takes its place.
_SCHEMAS = {"pg_catalog": SCHEMA, "information_schema": f"{SCHEMA}_information"}


@lru_cache
def statements() -> str:
    """The statements that make the catalog objects."""
    root = files("redshift_local").joinpath("sql")
    found: list[str] = []
    for name in _PLACES:
        item = root.joinpath(name)
        inside = sorted(item.iterdir(), key=lambda file: file.name) if item.is_dir() else [item]
        found += (file.read_text("utf-8") for file in inside if file.name.endswith(".sql"))
    return "\n".join(found)


@lru_cache
def version() -> str:
    """The version of the catalog objects: a digest of their text."""
    return hashlib.sha256(statements().encode()).hexdigest()[:16]


def install(cursor: PlainCursor) -> None:
    """Create or replace the catalog objects, one session at a time."""
    cursor.execute("begin")
    cursor.execute("select pg_advisory_xact_lock(hashtext('redshift catalog'))")
    cursor.execute("set local search_path to pg_catalog")  # so that nothing made here calls what it replaces
    cursor.execute(statements())
    cursor.execute(f"comment on schema redshift is '{version()}'")
    cursor.execute("commit")


@lru_cache
def _replaced(kind: str) -> frozenset[str]:
    """The `schema.name` of all views, or all functions, that are made here."""
    return frozenset(re.findall(rf"create or replace {kind} ({SCHEMA}\w*\.\w+)", statements()))


_TRIGGER = re.compile(r'"[^"]*[A-Z]|(?i:\b(?:pg_catalog|information_schema|regclass)\b)')
_CAPITALS = re.compile(r"[A-Z]+")


def renamed(sql: str) -> str:
    """The statement with the names that PostgreSQL needs; `sql` itself if it has them.

    https://docs.aws.amazon.com/redshift/latest/dg/r_names.html: "ASCII letters in delimited identifiers are
    case-insensitive and are folded to lowercase".
    """
    if not _TRIGGER.search(sql):
        return sql
    for start, end, text in reversed(list(_changes(tokens(sql)))):
        sql = sql[:start] + text + sql[end:]
    return sql


def _changes(parts: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """What to replace: from where, to where, and by what."""
    for index, token in enumerate(parts):
        following = parts[index + 1].text if index + 1 < len(parts) else ""
        if token.kind == "quoted" and _CAPITALS.search(token.text):
            yield token.start, token.end, _CAPITALS.sub(lambda match: match[0].lower(), token.text)
        elif _plain(token) in _SCHEMAS and following == "." and index + 2 < len(parts):
            schema, name = _SCHEMAS[_plain(token)], parts[index + 2]
            qualified = f"{schema}.{_plain(name)}"
            if qualified in _replaced("view"):
                yield token.start, token.end, schema
            elif qualified in _replaced("function"):
                yield (
                    token.start,
                    name.start,
                    "",
                )  # by the search path: PostgreSQL's may have other signatures
        elif token.kind == "string" and _is_regclass(parts, index):
            name_in_it = token.text[1:-1]
            if f"{SCHEMA}.{name_in_it}" in _replaced("view") and name_in_it in _OWN_TABLES:
                yield token.start, token.end, f"'pg_catalog.{name_in_it}'"


def _plain(token: Token) -> str:
    """A name in lower case and without quotes."""
    return token.text.strip('"').lower()


def _is_regclass(parts: Sequence[Token], index: int) -> bool:
    """Whether the string at `index` is cast to regclass, which means the identity of a table of PostgreSQL."""
    words = [token.upper for token in parts[index + 1 : index + 5]]
    return words[:2] in (["::", "REGCLASS"], ["AS", "REGCLASS"]) or words == [
        "::",
        "PG_CATALOG",
        ".",
        "REGCLASS",
    ]


#: The tables of PostgreSQL whose identity other tables of its catalog refer to (pg_description.classoid).
_OWN_TABLES = {
    "pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_namespace", "pg_proc", "pg_type", "pg_database",
}  # fmt: skip
