"""Where a session looks for names: the user's schemas, then what Redshift has otherwise, then PostgreSQL's catalog.

Belongs here: the search path as the default of a connection, and as SET changes it. Does not belong here: how SHOW and
CURRENT_SCHEMAS hide it (`sql/catalog.sql`).

PostgreSQL searches its own catalog first, unless the path names it. Named last, the functions, operators and views of
schema `redshift` take the place of PostgreSQL's of the same name, and a new table still goes to the user's schema.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg2.extensions import make_dsn, parse_dsn

SCHEMA = "redshift"  # of the catalog objects in sql/
#: https://docs.aws.amazon.com/redshift/latest/dg/r_search_path.html
_DEFAULT = '"$user", public'
_BEHIND = f"{SCHEMA}, pg_catalog"

_GIVEN = re.compile(r"(?:-c\s*|--)search[-_]path=((?:\\.|\S)*)", re.DOTALL)


def with_defaults(dsn: str, libpq: Mapping[str, Any]) -> str:
    """The connection string whose sessions have Redshift's search path and time zone by default.

    They are options of the connection, so that RESET returns to them. A path among the options given (`options`, or the
    environment's PGOPTIONS) is kept in front; every other option given wins. Raises psycopg2.ProgrammingError for
    what is no connection string.
    """
    options = str({**parse_dsn(dsn), **libpq}.get("options") or os.environ.get("PGOPTIONS", ""))
    given = _GIVEN.findall(options)
    path = searching(re.sub(r"\\(.)", r"\1", given[-1]) if given else _DEFAULT)
    escaped = re.sub(r"([\\\s])", r"\\\1", path)
    defaults = "-c timezone=UTC -c client_connection_check_interval=2s"
    return make_dsn(dsn, **{**libpq, "options": f"{defaults} {options} -c search_path={escaped}"})


def apart(dsn: str, libpq: Mapping[str, Any]) -> str:
    """The connection string of a session for the package's own statements: it finds nothing that a user has made, nor
    what the catalog objects replace.
    """
    given = {**parse_dsn(dsn), **libpq}
    options = f"{given.get('options', '')} -c search_path=pg_catalog -c default_transaction_read_only=off"
    return make_dsn(dsn, **{**libpq, "options": options})


def searching(path: str) -> str:
    """The path that PostgreSQL needs for the list `path` of schemas: what Redshift has comes before pg_catalog."""
    named = re.compile(r'(?<![\w$"])(pg_catalog|"pg_catalog"|\'pg_catalog\')(?![\w$"])', re.IGNORECASE)
    if named.search(path):
        return named.sub(lambda match: f"{SCHEMA}, {match[0]}", path, count=1)
    return f"{path}, {_BEHIND}" if path.strip() else _BEHIND


def setting(words: Sequence[str]) -> int:
    """The index after `SET [SESSION | LOCAL] search_path {TO | =}` in a statement's words; 0 if it is another one."""
    begin = 2 if words[1:2] in (["SESSION"], ["LOCAL"]) else 1
    is_path = words[0] == "SET" and words[begin : begin + 1] == ["SEARCH_PATH"]
    return begin + 2 if is_path and words[begin + 2 :] != ["DEFAULT"] else 0
