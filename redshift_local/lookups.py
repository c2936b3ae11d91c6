"""Indexes where Redshift has sort keys: for the expressions that queries search a table by.

Belongs here: which indexes are missing, and creating them. Does not belong here: when that happens (`session`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from psycopg2 import sql as composed
from psycopg2.extensions import cursor as PlainCursor


def build(cursor: PlainCursor, lookups: Mapping[str, Sequence[str]], table: str) -> None:
    """Create the missing indexes for the `lookups` of a table ('': of all tables), if it holds rows."""
    for name, expressions in lookups.items():
        if table not in ("", name):
            continue
        schema, _, bare = name.rpartition(".")
        identifier = composed.Identifier(*filter(None, (schema, bare)))
        for expression in expressions:
            index = f"{bare}_{hashlib.sha256(expression.encode()).hexdigest()[:8]}"
            cursor.execute(_WANTED, {"table": name, "index": f"{schema}.{index}".lstrip(".")})
            if cursor.fetchall() != [(True,)]:
                continue
            cursor.execute(composed.SQL("select exists (select from {})").format(identifier))
            if cursor.fetchall() == [(True,)]:
                cursor.execute(
                    composed.SQL("create index if not exists {} on {} ({})").format(
                        composed.Identifier(index), identifier, composed.SQL(expression)
                    )
                )


_WANTED = "select to_regclass(%(table)s) is not null and to_regclass(%(index)s) is null"
