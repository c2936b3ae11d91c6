"""An error of the server in Redshift's words.

Belongs here: how an error of PostgreSQL, of COPY or of the local Redshift reads to a client. Does not belong here: when
it is raised.
"""

from __future__ import annotations

from typing import Any

import psycopg2

import redshift_local
from redshift_local import CopyError
from redshift_local.endpoint import wire


class Refusal(Exception):
    """An error of the server: its SQLSTATE, its text, and what else the client is told of it."""

    def __init__(
        self, state: str, text: str, detail: str = "", *, hint: str = "", position: str = ""
    ) -> None:
        super().__init__(text)
        self.state, self.text, self.detail, self.hint, self.position = state, text, detail, hint, position

    def message(self, severity: str = "ERROR") -> bytes:
        """The message for a client."""
        told = {"M": self.text, "D": self.detail, "H": self.hint, "P": self.position}
        return wire.notice(b"E", {"S": severity, "C": self.state, **told})


def of_database(error: psycopg2.Error) -> Refusal:
    """An error of the local Redshift or PostgreSQL, with its SQLSTATE; what Redshift lacks is a syntax error."""
    if isinstance(error, redshift_local.NotPortable):
        return Refusal("42601", str(error))
    told = error.diag
    return Refusal(
        error.pgcode or "XX000",
        told.message_primary or " ".join(str(error).split()),
        told.message_detail or "",
        hint=told.message_hint or "",
        position=told.statement_position or "",
    )


def of_copy(error: CopyError, table: str) -> Refusal:
    """A failed COPY: an error of S3, an unreadable object, or data that does not fit."""
    context = f"S3 key being read : {error.object_url}" if error.object_url else ""
    cause: Any = error.__cause__
    if hasattr(cause, "response"):  # botocore's ClientError
        answer = cause.response["Error"]
        return of_s3(
            answer["Message"], cause.response["ResponseMetadata"]["HTTPStatusCode"], answer["Code"], context
        )
    if error.of_records:
        return Refusal(
            "XX000",
            f"Load into table '{table}' failed.  Check 'sys_load_error_detail' system table for details.",
        )
    return internal(error.reason, code=9001, context=context, query=error.query_id or 0)


def of_s3(message: str, status: int, code: str, context: str) -> Refusal:
    """An answer of S3 that ends a COPY."""
    return internal(
        f"S3ServiceException:{message},Status {status},Error {code},Rid 0,CanRetry 1",
        code=8001,
        context=context,
    )


def internal(error: str, *, code: int, context: str, query: int = 0) -> Refusal:
    """An error in the form of Redshift's internal ones."""
    rule = "-" * 47
    lines = {
        "error": error,
        "code": code,
        "context": context,
        "query": query,
        "location": "engine",
        "process": "padbmaster",
    }
    detail = "\n".join(
        [f"\n  {rule}", *(f"  {name + ':':<10} {value}" for name, value in lines.items()), f"  {rule}\n"]
    )
    return Refusal("XX000", error if code != 8001 else error.partition(",Rid")[0], detail)
