"""From a query as psycopg2 takes it to the steps that carry it out.

Belongs here: texts, their parameters and their size. Does not belong here: what a statement means (`dialect`), and
running it (`session`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from psycopg2 import sql as composed
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from psycopg2.extensions import connection as PlainConnection
from psycopg2.extensions import cursor as PlainCursor

from redshift_local import dialect, existing, rewrite
from redshift_local.dialect import Step, UnknownFunction
from redshift_local.tokens import DOCUMENTATION, NotPortable


class Planning:
    """Plans what a session runs; the session's own functions may have the names of PostgreSQL's."""

    def __init__(self, connection: PlainConnection) -> None:
        self._connection = connection
        self._own: frozenset[str] = frozenset()

    def steps(self, query: str | bytes | composed.Composable) -> tuple[Step, ...]:
        """The plan of a query. Raises NotPortable.

        A query that is long or already contains its values (bytes, as psycopg2's execute_values makes them) is planned
        by its shape, so that values are neither read token by token nor taken for SQL.
        """
        if isinstance(query, composed.Composable):
            query = query.as_string(self._connection)
        text = query.decode() if isinstance(query, bytes) else query
        if isinstance(query, bytes) or len(text) > rewrite.LONG:
            steps = self._plan(dialect.shape(text))
            if all(step.verbatim for step in steps):
                return steps
            return self._plan(text, once=True)
        return self._plan(text)

    def _plan(self, sql: str, *, once: bool = False) -> tuple[Step, ...]:
        make = dialect.plan.__wrapped__ if once else dialect.plan
        try:
            return make(sql, self._own)
        except UnknownFunction as error:
            if self._connection.info.transaction_status == TRANSACTION_STATUS_INERROR:
                raise
            with self._connection.cursor(cursor_factory=PlainCursor) as cursor:
                if not existing.has_function(cursor, error.name):
                    raise
            self._own |= {error.name}
        return self._plan(sql, once=once)


#: https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-sql.html: "The maximum size for a single SQL statement"
MAX_BYTES = 16 * 1024 * 1024


def check_size(query: str | bytes | composed.Composable, given: Any, cursor: PlainCursor) -> None:
    """Raise NotPortable, in Redshift's words, for a statement that is longer than Redshift accepts."""
    if isinstance(query, composed.Composable) or 4 * (len(query) + _length(given)) < MAX_BYTES:
        return
    text = cursor.mogrify(query, given) if given else query.encode() if isinstance(query, str) else query
    if len(text) > MAX_BYTES:
        raise NotPortable(
            f"Statement is too large. Statement Size: {len(text)} bytes. Maximum Allowed: {MAX_BYTES} bytes."
            f" {DOCUMENTATION}c_redshift-sql.html"
        )


def _length(given: Any) -> int:
    """Roughly the number of characters of the parameters."""
    if isinstance(given, (str, bytes)):
        return len(given)
    if isinstance(given, Mapping):
        return sum(map(_length, given.values()))
    return sum(map(_length, given)) if isinstance(given, (list, tuple)) else 16


_PLACEHOLDER = re.compile(r"%(?:%|s|\(\w+\)s)")


def split_parameters(steps: Sequence[Step], given: Any) -> list[Any]:
    """The parameters of each step: its part of a sequence, or the whole of a mapping."""
    if given is None or isinstance(given, Mapping):
        return [given] * len(steps)
    values = iter(given)
    split = [list(islice(values, _PLACEHOLDER.findall(step.sql).count("%s"))) for step in steps]
    split[-1] += values  # if there are too many, psycopg2 raises an error
    return split
