"""What a cluster does with a statement: its result, or its refusal in Redshift's words.

Belongs here: what only a cluster checks (roles, regions, the size of a fetch, backslashes), and its messages. Does not
belong here: how the SQL runs (`redshift_local.session`), the wire protocol (`server`, `wire`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
import psycopg2
from botocore.exceptions import ClientError
from psycopg2.extensions import (
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INERROR,
    new_type,
    register_type,
    string_types,
)
from psycopg2.extensions import cursor as PlainCursor

import redshift_local
from redshift_local import CopyError, dialect
from redshift_local.copy import statement

#: System views about loads.
_VIEWS = {"SYS_LOAD_ERROR_DETAIL", "SYS_LOAD_HISTORY", "STL_LOAD_ERRORS"}

#: Values as the server writes them, for this endpoint to pass on.
_AS_WRITTEN = new_type(tuple(string_types), "AS_WRITTEN", lambda value, _: value)


class Refusal(Exception):
    """An error of the server."""

    def __init__(self, state: str, text: str, detail: str = "") -> None:
        super().__init__(text)
        self.state, self.text, self.detail = state, text, detail


@dataclass
class Result:
    """What a client receives: the command's tag, the columns (name, type), the rows as text, the notices."""

    tag: str
    columns: Sequence[tuple[str, int]] = ()
    rows: Sequence[Sequence[str | None]] = ()
    notices: Sequence[str] = ()


@dataclass
class ClusterState:
    """The state that the sessions of a cluster share: which of its roles COPY may assume, how far its views lag."""

    identifier: str
    region: str
    single_node: bool = True
    lag: int = 0  # how many queries to a system view about loads still return nothing
    silent: set[str] = field(default_factory=set)  # views that return nothing at all
    says: Callable[[list[str]], list[str]] = list  # rewords the notices of a COPY
    revoked: set[str] = field(default_factory=set)  # roles that the cluster may no longer assume

    def role(self, named: str | None) -> str:
        """The role of a COPY. Raises Refusal for one that the cluster cannot assume."""
        [cluster] = boto3.client("redshift", region_name=self.region).describe_clusters(
            ClusterIdentifier=self.identifier
        )["Clusters"]
        roles = [role["IamRoleArn"] for role in cluster.get("IamRoles", [])]
        arn = cluster.get("DefaultIamRoleArn") if named == "default" else named
        if not arn:
            raise Refusal("XX000", "Default IAM role is not set for the cluster.")
        if arn not in roles or arn in self.revoked:
            user = f"arn:aws:redshift:{self.region}:123456789012:dbuser:{self.identifier}/loader"
            raise _internal(
                f"User {user} is not authorized to assume IAM Role {arn}",
                code=8001,
                context=f"IAM Role={arn}",
            )
        return str(arn)


class Engine:
    """One session."""

    def __init__(self, dsn: str, user: str, cluster: ClusterState) -> None:
        self.cluster = cluster
        try:
            self.connection = redshift_local.connect(dsn)
        except psycopg2.OperationalError as error:
            raise Refusal("3D000", " ".join(str(error).split())) from None
        self.connection.autocommit = True
        with self.connection.cursor(cursor_factory=PlainCursor) as cursor:
            cursor.execute("select 1 from pg_roles where rolname = %s", (user,))
            if cursor.fetchone() is None:
                raise Refusal("28000", f'user "{user}" does not exist')
            cursor.execute("set session authorization %s", (user,))

    @property
    def status(self) -> bytes:
        """The transaction's state, as in ReadyForQuery."""
        status = self.connection.info.transaction_status
        return {TRANSACTION_STATUS_IDLE: b"I", TRANSACTION_STATUS_INERROR: b"E"}.get(status, b"T")

    def run(self, text: str) -> Result:
        """Run one or several statements. Raises Refusal."""
        text = _escapes_as_written(text).rstrip("; \n\t")
        words = [token.upper for token in dialect.tokens(text)]
        self._check_fetch(text, words)
        if words[:1] == ["COPY"]:
            return self._copy(text)
        try:
            with self.connection.cursor() as cursor:
                register_type(_AS_WRITTEN, cursor)
                cursor.execute(_users(text))
                result = _result(cursor)
        except psycopg2.Error as error:
            raise _refusal(error) from None
        asked = _VIEWS & set(words)
        if asked and (self.cluster.lag or asked & self.cluster.silent):
            self.cluster.lag = max(self.cluster.lag - 1, 0)
            result.rows, result.tag = [], "SELECT 0"
        return result

    def fail(self) -> None:
        """Abort the open transaction, also after an error that PostgreSQL did not raise."""
        if self.status == b"T":
            with suppress(psycopg2.Error), self.connection.cursor(cursor_factory=PlainCursor) as cursor:
                cursor.execute("select redshift.fail('refused')")

    def cancel(self) -> None:
        self.connection.cancel()

    def close(self) -> None:
        with suppress(psycopg2.Error):
            self.connection.close()

    def _check_fetch(self, text: str, words: list[str]) -> None:
        """https://docs.aws.amazon.com/redshift/latest/dg/declare.html: the rows that a single node returns at once."""
        if words[:2] == ["FETCH", "FORWARD"] and self.cluster.single_node:
            size = int(re.findall(r"\d+|all", text, re.IGNORECASE)[0])
            if size > 1000:
                raise Refusal(
                    "XX000",
                    f"Fetch size {size} exceeds the limit of 1000 for a single node configuration."
                    " Reduce the client fetch/cache size or upgrade to a multi node installation.",
                )

    # --- COPY

    def _copy(self, text: str) -> Result:
        try:
            command = statement.parse(text)
        except redshift_local.NotPortable as error:
            raise Refusal("42601", str(error)) from None
        if not command.source.startswith("s3://"):
            raise Refusal("42601", "COPY reads from s3:// only")
        if not command.iam_role:
            raise Refusal("42601", "CREDENTIALS argument is required but none was supplied.")
        self.cluster.role(command.iam_role)
        region = command.region or self.cluster.region
        for url in filter(lambda url: url.startswith("s3://"), (command.source, command.json)):
            _check_bucket(url, region)
        try:
            if command.manifest:  # REGION holds for every object that it names
                named = self.connection.objects.manifest(command.source)
                for url in {f"s3://{urlsplit(item.url).netloc}": item.url for item in named}.values():
                    _check_bucket(url, region)
            with self.connection.cursor() as cursor:
                cursor.execute(text)
        except CopyError as error:
            raise _copy_refusal(error, command.table[-1]) from None
        except psycopg2.Error as error:
            raise _refusal(error) from None
        notices = [text.removeprefix("INFO:").strip() for text in self.connection.notices]
        return Result("COPY", notices=self.cluster.says(notices))


def _result(cursor: Any) -> Result:
    columns = [(column.name, column.type_code) for column in cursor.description or ()]
    return Result(cursor.statusmessage or "", columns, cursor.fetchall() if columns else ())


def _internal(error: str, *, code: int, context: str, query: int = 0) -> Refusal:
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


def _s3_error(message: str, status: int, code: str, context: str) -> Refusal:
    return _internal(
        f"S3ServiceException:{message},Status {status},Error {code},Rid 0,CanRetry 1",
        code=8001,
        context=context,
    )


def _check_bucket(url: str, region: str) -> None:
    """Raise Refusal unless the bucket exists in the region in which COPY looks for it."""
    bucket = url.removeprefix("s3://").partition("/")[0]
    context = f"S3 key being read : {url}"
    try:
        found = boto3.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "403":
            raise _s3_error("Access Denied", 403, "AccessDenied", context) from None
        raise _s3_error("The specified bucket does not exist", 404, "NoSuchBucket", context) from None
    if found["BucketRegion"] != region:
        raise _s3_error(
            "The bucket you are attempting to access must be addressed using the specified endpoint."
            " Please send all future requests to this endpoint.",
            301,
            "PermanentRedirect",
            context,
        )


def _copy_refusal(error: CopyError, table: str) -> Refusal:
    """A failed COPY in Redshift's words: an error of S3, an unreadable object, or data that does not fit."""
    context = f"S3 key being read : {error.object_url}" if error.object_url else ""
    cause: Any = error.__cause__
    if isinstance(cause, ClientError):
        answer = cause.response["Error"]
        return _s3_error(
            answer["Message"], cause.response["ResponseMetadata"]["HTTPStatusCode"], answer["Code"], context
        )
    if error.of_records:
        return Refusal(
            "XX000",
            f"Load into table '{table}' failed.  Check 'sys_load_error_detail' system table for details.",
        )
    return _internal(error.reason, code=9001, context=context, query=error.query_id or 0)


def _refusal(error: psycopg2.Error) -> Refusal:
    """An error of the local Redshift or PostgreSQL, with its SQLSTATE; what Redshift lacks is a syntax error."""
    if isinstance(error, redshift_local.NotPortable):
        return Refusal("42601", str(error))
    return Refusal(error.pgcode or "XX000", error.diag.message_primary or " ".join(str(error).split()))


_LITERAL = re.compile(
    r"--[^\n]*|/\*.*?\*/|\"[^\"]*\"|(?P<e>\b[eE])?'(?P<body>(?:[^'\\]|\\.|'')*)'", re.DOTALL
)


def _escapes_as_written(text: str) -> str:
    """Redshift reads a backslash in a string as an escape; PostgreSQL does so in a string with the prefix E."""

    def marked(match: re.Match[str]) -> str:
        if match["body"] is None or "\\" not in match["body"] or match["e"]:
            return match[0]
        return f"E{match[0]}"

    return _LITERAL.sub(marked, text) if "\\" in text else text


def _users(text: str) -> str:
    """PASSWORD DISABLE, which only Redshift has: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html."""
    return re.sub(r"(?i)\b((?:create|alter) user \S+) password disable\b", r"\1 password null", text)
