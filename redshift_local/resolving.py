"""What only the server knows about a statement: which of its names are columns, and of which types.

Belongs here: asking, for the aliases and the divisions that `rewrite` finds. Does not belong here: what is made of the
answers (`rewrite`).
"""

from __future__ import annotations

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INTRANS
from psycopg2.extensions import connection as PlainConnection
from psycopg2.extensions import cursor as PlainCursor

from redshift_local import dialect, rewrite
from redshift_local.dialect import Step
from redshift_local.rewrite import Question
from redshift_local.rewrite.division import BIGINT, DATE, FLOAT, INTEGER, SMALLINT, Decimal

_TYPES = {21: SMALLINT, 23: INTEGER, 20: BIGINT, 700: FLOAT, 701: FLOAT, 1082: DATE}
_NUMERIC = 1700


class Resolving:
    """The questions of one session. They are asked each time: a table may have changed meanwhile."""

    def __init__(self, connection: PlainConnection) -> None:
        self._connection = connection

    def settled(self, sql: str, bound: str = "") -> Step:
        """The step of a statement, or of its text with the values of its parameters.

        Raises NotPortable for a division of decimals whose digits nobody knows.
        """
        names = self._names(sql)
        sql = bound or sql
        if names:
            sql = rewrite.with_aliases(sql, names)
        answers: dict[Question, Decimal | None] = {}
        while asked := rewrite.questions(sql, answers):
            answers |= {question: self._type(question) for question in asked}
        return dialect.settled(rewrite.with_quotients(sql, answers) if "/" in sql else sql)

    def _names(self, sql: str) -> frozenset[str]:
        """Those of the statement's possible aliases that the server does not find as columns."""
        possible, names = rewrite.aliases(sql), frozenset[str]()
        while possible - names:
            unknown = self._unresolved(rewrite.with_aliases(sql, names) if names else sql)
            if unknown not in possible - names:
                break
            names |= {unknown}
        return names

    def _unresolved(self, sql: str) -> str:
        """The first name in a statement that is no column; '' if there is none."""
        with self._connection.cursor(cursor_factory=PlainCursor) as cursor:
            cursor.execute(
                "select redshift.unresolved(%s)", (rewrite.rewrite(rewrite.without_parameters(sql)),)
            )
            return str(cursor.fetchall()[0][0] or "")

    def _type(self, question: Question) -> Decimal | None:
        """The type of the column of a query; None if it is no number, has no digits of its own, or cannot be asked."""
        with self._connection.cursor(cursor_factory=PlainCursor) as cursor:
            inside = self._connection.info.transaction_status == TRANSACTION_STATUS_INTRANS
            if inside:
                cursor.execute("savepoint asked")
            try:
                cursor.execute(rewrite.rewrite(question.sql))
                [column] = cursor.description or ()
            except psycopg2.Error:
                if inside:
                    cursor.execute("rollback to asked")
                elif not self._connection.autocommit:
                    self._connection.rollback()
                return None
            if inside:
                cursor.execute("release asked")
        if column.type_code != _NUMERIC or not column.precision or column.precision > 1000:
            return _TYPES.get(column.type_code)
        return Decimal(column.precision, column.scale or 0)
