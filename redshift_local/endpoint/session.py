"""What the server does with a statement beside running it: the session's side of the local Redshift.

Belongs here: one session, what it does before and after a statement, and COPY. Does not belong here: how the SQL runs
(`redshift_local.session`), what only a cluster checks (`cluster`), which messages are sent (`relay`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import cursor as PlainCursor

import redshift_local
from redshift_local import CopyError, existing
from redshift_local.copy import load, statement
from redshift_local.dialect import Step
from redshift_local.endpoint import users
from redshift_local.endpoint.backend import Backend
from redshift_local.endpoint.refusal import Refusal, of_copy, of_database
from redshift_local.planning import check_size
from redshift_local.tokens import tokens
from redshift_local.unload import run as unload
from redshift_local.unload import statement as unload_statement

if TYPE_CHECKING:
    from redshift_local.endpoint.cluster import ClusterState  # which imports boto3

#: Statements beside which the session has something to do, so that they cannot just be passed on.
_ATTENDED = {"analyze", "commit", "copy", "fill", "resize", "rollback", "truncate", "unload"}

_FIRST_CREATED = 16384  # PostgreSQL's FirstNormalObjectId: below are its own types


class Engine:
    """One session of a user; where it is one of an emulated cluster, with that cluster's checks.

    The user logs in to PostgreSQL, with `password` if it asks for one; `administrator` is the connection string of who
    owns the database's catalog objects. `options` are settings of the session by default, as in libpq's `options`. COPY
    and UNLOAD open S3 and, of this machine, the files in `folders` only; None stands for all that this process can
    open.
    """

    def __init__(
        self,
        administrator: str,
        user: str,
        cluster: ClusterState | None = None,
        options: str = "",
        *,
        password: str = "",
        folders: Sequence[Path] | None = (),
    ) -> None:
        self.cluster = cluster
        login: dict[str, Any] = {
            "user": user,
            "options": options,
            "sslmode": "disable",
            "gssencmode": "disable",
        }
        if password:
            login["password"] = password
        try:
            self.connection = redshift_local.connect(administrator, administrator=administrator, **login)
        except psycopg2.OperationalError as error:
            raise _not_connected(error) from None
        self.connection.autocommit = True
        self.connection.objects.folders = folders
        self.backend = Backend(self.connection)
        self.backend.run("reset datestyle")  # psycopg2 sets it at the start
        self.upper_case = False  # describe_field_name_in_uppercase
        self._base_types: dict[int, int] = {}

    def plan(self, text: str) -> tuple[str, tuple[Step, ...]]:
        """A text with what only Redshift's parser takes written otherwise, and its steps. Raises Refusal."""
        text = users.written(_escapes_as_written(text))
        if self.cluster:
            self.cluster.check(text, [token.upper for token in tokens(text)])
        try:
            with self.connection.cursor() as cursor:
                check_size(text, None, cursor)
            return text, self.connection.planning.steps(text)
        except psycopg2.Error as error:
            raise of_database(error) from None

    def provide(self, steps: Sequence[Step]) -> None:
        """Create the types that steps need. Raises Refusal."""
        with _refusing():
            for step in steps:
                self.connection.create_domains(step.domains)

    def base_type(self, oid: int) -> int:
        """The type that a client knows in place of one that counts bytes."""
        if oid >= _FIRST_CREATED and oid not in self._base_types:
            self._base_types = {oid: oid, **self.connection.base_types()}
        return self._base_types.get(oid, oid)

    def attends(self, step: Step) -> bool:
        """Whether something has to be done beside the statement, so that `before` and `after` it have to be called."""
        return step.action in _ATTENDED or bool(step.attributes or step.source) or self.connection.copied

    def settled(self, step: Step) -> Step:
        """The step as it can be run: with what only the server knows, which is asked. Raises Refusal."""
        if not step.source:
            return step
        with _refusing(), self.connection.cursor(cursor_factory=PlainCursor) as cursor:
            cursor.execute("select")  # libpq has not seen what went past it: whether a transaction is open
            step = self.connection.resolving.settled(step.source)
            self.connection.create_domains(step.domains)
        return step

    def before(self, step: Step) -> None:
        """What has to be done before a statement. Raises Refusal."""
        if step.action == "resize":
            self._succeed("")  # PostgreSQL alone knows whether a transaction is open
            if self.backend.status != b"I":
                raise Refusal("25001", "ALTER TABLE ALTER COLUMN cannot run inside a transaction block")
            with _refusing(), self.connection.cursor(cursor_factory=PlainCursor) as cursor:
                existing.check_size_can_change(cursor, step.table, step.column)
        if step.action == "analyze":
            with _refusing():
                self.connection.build_lookups(step.table)

    def after(self, step: Step, tag: str) -> None:
        """What has to be done after a statement that has succeeded, with its tag. Raises Refusal."""
        follows, self.connection.copied = self.connection.copied, step.action == "copy"
        with _refusing():
            self.connection.remember(step)
            match step.action:
                case "fill":
                    self.connection.analyze(step.table)
                case "truncate":
                    self._succeed("commit")
                    self.connection.settle(committed=True)
                case "commit" | "rollback":
                    self.connection.settle(committed=tag == "COMMIT")
                case "copy" | "unload":
                    pass
                case _ if follows:
                    self.connection.number_query()

    def note(self, setting: str) -> None:
        """Note what a SET or RESET that has run means for the answers: describe_field_name_in_uppercase."""
        if "describe_field_name_in_uppercase" in setting or setting.lower() == "reset all":
            self.upper_case = setting.endswith("'on'")

    def copy(self, step: Step) -> list[str]:
        """Carry out a COPY or UNLOAD, in the open transaction if there is one; its notices. Raises Refusal."""
        with _refusing():
            command = (statement if step.action == "copy" else unload_statement).parse(step.sql)
        self._succeed("")  # PostgreSQL alone knows whether a transaction is open
        alone = self.backend.status == b"I"
        try:
            self._check_transfer(command)
            if alone:
                self._succeed("begin")
            objects = self.connection.objects
            with self.connection.cursor() as cursor:
                if step.action == "copy":
                    load.execute(cursor, step.sql, objects, self.connection.keep_errors)
                else:
                    unload.execute(cursor, step.sql, objects, self.connection.settle_query)
            if alone:
                self._succeed("commit")
        except (Refusal, psycopg2.Error) as error:
            if alone:
                self.backend.run("rollback")
                self.connection.settle(committed=False)
            match error:
                case CopyError() if isinstance(command, statement.Command):
                    raise of_copy(error, command.table[-1]) from None
                case psycopg2.Error():
                    raise of_database(error) from None
            raise
        if alone:
            self.connection.settle(committed=True)
        notices = [text.removeprefix("INFO:").strip() for text in self.connection.notices]
        return self.cluster.says(notices) if self.cluster else notices

    def _check_transfer(self, command: statement.Command | unload_statement.Command) -> None:
        """Raise Refusal for a COPY or UNLOAD that the cluster does not carry out."""
        if isinstance(command, statement.Command):
            if self.cluster:
                self.cluster.check_copy(command, self.connection.objects)
        elif self.cluster:
            self.cluster.check_unload(command)

    def cancel(self) -> None:
        self.connection.cancel()

    def close(self) -> None:
        self.backend.close()
        with suppress(psycopg2.Error):
            self.connection.close()

    def _succeed(self, sql: str) -> None:
        """Run a statement of the session's own. Raises Refusal if it fails."""
        if failed := self.backend.run(sql):
            raise Refusal(failed["C"], failed["M"], failed.get("D", ""), hint=failed.get("H", ""))


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise PostgreSQL's errors as Refusal."""
    try:
        yield
    except psycopg2.Error as error:
        raise of_database(error) from None


def _not_connected(error: psycopg2.OperationalError) -> Refusal:
    """Why PostgreSQL rejected a session; libpq gives only the text."""
    text = " ".join(str(error).partition("FATAL:")[2].split()) or " ".join(str(error).split())
    states = {
        "database": "3D000", "role": "28000", "permission denied": "42501",
        "unrecognized": "42704", "invalid": "22023", "parameter": "22023",
    }  # fmt: skip
    found = (state for word, state in states.items() if text.startswith(word))
    state = next(found, "53300" if "too many" in text else "08006")
    return Refusal(state, text.replace("role", "user", 1) if text.startswith("role") else text)


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
