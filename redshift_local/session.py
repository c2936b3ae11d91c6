"""A psycopg2 connection whose cursors run Redshift's SQL, on any PostgreSQL from 18 on.

Belongs here: sessions, transactions, and carrying out the plans of `dialect`. Does not belong here: which SQL is
portable (`dialect`, `portability`), how COPY reads objects (`copy`), where the server comes from (`postgres`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from functools import lru_cache
from importlib.resources import files
from typing import Any

import psycopg2
import psycopg2.errors
from psycopg2 import sql as composed
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.extensions import connection as PlainConnection
from psycopg2.extensions import cursor as PlainCursor

from redshift_local import absent, catalog, existing
from redshift_local import lookups as indexes
from redshift_local.copy import load
from redshift_local.copy.objects import ObjectStore
from redshift_local.copy.rejects import LoadErrors
from redshift_local.dialect import Step
from redshift_local.planning import Planning, check_size, split_parameters
from redshift_local.resolving import Resolving
from redshift_local.search_path import apart, with_defaults
from redshift_local.tokens import DOCUMENTATION, NotHere, NotPortable
from redshift_local.unload import run as unload

OLDEST_SERVER = 180000  # COPY ... REJECT_LIMIT


def connect(
    dsn: str,
    *,
    lookups: Mapping[str, Sequence[str]] | None = None,
    administrator: str | None = None,
    **libpq: Any,
) -> Connection:
    """Open a session for Redshift's SQL; in everything else it is psycopg2's connection.

    `lookups` gives for a table (`schema.table`, lower case) the expressions that queries search it by, as in
    `{"staging.events": ["event_date", "session_id, item_in_session"]}`. The local Redshift has no sort keys, so it
    creates an index for each of them at the first ANALYZE of the table that finds rows in it. `administrator` is the
    connection string of who owns the catalog objects, if the user of `dsn` does not. `libpq` are connection
    parameters. COPY reads S3 with the credentials that boto3 finds. Raises psycopg2.OperationalError, or
    psycopg2.NotSupportedError for a server older than 18.
    """
    connection: Connection = psycopg2.connect(with_defaults(dsn, libpq), connection_factory=Connection)
    try:
        owner = apart(administrator or dsn, {} if administrator else libpq)
        connection.prepare(lambda: psycopg2.connect(owner), lookups or {})
    except BaseException:
        connection.close()
        raise
    return connection


class Connection(PlainConnection):
    """psycopg2's connection for Redshift's SQL; `objects` is where COPY reads, `lookups` are those of `connect`."""

    def __init__(self, *dsn: Any) -> None:
        super().__init__(*dsn)
        self.lookups: Mapping[str, Sequence[str]] = {}
        self.objects = ObjectStore()
        self._another: Callable[[], PlainConnection]
        self._unsaved: list[LoadErrors] = []  # a rollback of the open transaction would remove them
        self._failed_copy: int | None = None  # of the open transaction, for its data
        self._domains: set[str] = set()
        self.resolving = Resolving(self)
        self.planning = Planning(self)
        self.copied = False  # the last statement was a COPY

    def prepare(self, another: Callable[[], PlainConnection], lookups: Mapping[str, Sequence[str]]) -> None:
        """Set up catalog and isolation as on Redshift. `another` opens a session of the catalog's owner."""
        if self.server_version < OLDEST_SERVER:
            raise psycopg2.NotSupportedError(
                f"the local Redshift needs PostgreSQL 18 or newer; this server is {self.server_version // 10000}"
            )
        self._another = another
        self.lookups = lookups
        self.autocommit = True
        with self.cursor() as cursor:
            cursor.execute(_text("session.sql"))
            installed = cursor.fetchall()[0][-1]
        if installed != catalog.version():
            with closing(another()) as owner, owner.cursor() as cursor:
                catalog.install(cursor)
        self.autocommit = False
        self.cursor_factory = Cursor

    def commit(self) -> None:
        """Commit, as psycopg2 does."""
        super().commit()
        self.settle(committed=True)

    def rollback(self) -> None:
        """Roll back, as psycopg2 does, but keep load errors, as Redshift does."""
        super().rollback()
        self.settle(committed=False)

    def close(self) -> None:
        """Close, as psycopg2 does, but keep load errors, as Redshift does."""
        super().close()
        self.settle(committed=False)

    def settle(self, *, committed: bool) -> None:
        """Keep the load errors of a transaction that has ended."""
        errors, self._unsaved = self._unsaved, []
        if errors and not committed:
            self._save_separately(errors)
        failed, self._failed_copy = self._failed_copy, None
        if failed is not None and not self.closed:
            self._name_failed_copy(failed)

    def keep_errors(self, errors: LoadErrors, loaded: bool) -> None:
        """Keep the load errors of a COPY; if it `loaded`, in its own transaction, so that this can query them."""
        if not errors.count:
            return
        if loaded:
            self._unsaved.append(errors)
            with self.cursor(cursor_factory=PlainCursor) as cursor:
                cursor.copy_expert(_text("load_errors.sql"), errors.lines())
        else:
            self._failed_copy = errors.copy
            self._save_separately([errors])

    def _name_failed_copy(self, number: int) -> None:
        """Make a COPY that failed for its data the last one, with the count 0, now that its transaction has ended
        (PG_LAST_COPY_ID, PG_LAST_COPY_COUNT).
        """
        with self.cursor(cursor_factory=PlainCursor) as cursor:
            cursor.execute(
                "select set_config('redshift.last_copy_id', %s, false),"
                " set_config('redshift.last_copy_count', '0', false)",
                (str(number),),
            )
        if not self.autocommit:
            super().commit()

    def _save_separately(self, errors: list[LoadErrors]) -> None:
        with suppress(psycopg2.Error):  # noqa: SIM117 - the first failure matters more than a second one
            with closing(self._another()) as connection, connection, connection.cursor() as cursor:
                for of_one_copy in errors:
                    cursor.copy_expert(_text("load_errors.sql"), of_one_copy.lines())

    def settle_query(self, query: str) -> str:
        """A query in PostgreSQL's syntax. Raises NotPortable."""
        (step,) = self.planning.steps(query)
        if step.source:
            step = self.resolving.settled(step.source)
        self.create_domains(step.domains)
        return step.sql

    def number_query(self) -> None:
        """Number the query after a COPY too: as on Redshift, LAST_USER_QUERY_ID() then returns another id."""
        with self.cursor(cursor_factory=PlainCursor) as cursor:
            cursor.execute(
                "select set_config('redshift.last_user_query_id', nextval('redshift.query_ids')::text, false)"
            )

    def analyze(self, table: str) -> None:
        """Analyze a table that was just created from a query, as Redshift does: r_CREATE_TABLE_AS."""
        with self.cursor(cursor_factory=PlainCursor) as cursor:
            cursor.execute(f"analyze {table}")

    def remember(self, step: Step) -> None:
        """Keep what PostgreSQL does not of a table that was just defined."""
        if step.attributes:
            with self.cursor(cursor_factory=PlainCursor) as cursor:
                cursor.execute("select redshift.remember(%s, %s)", (step.table, step.attributes))

    def build_lookups(self, table: str) -> None:
        """Create the missing indexes for the lookups of an analyzed table ('': all tables)."""
        with self.cursor(cursor_factory=PlainCursor) as cursor:
            indexes.build(cursor, self.lookups, table)

    def create_domains(self, names: Iterable[str]) -> None:
        """Create the types that count bytes, in a separate session, so that a rollback does not remove them."""
        if self._domains.issuperset(names):
            return
        with self.cursor(cursor_factory=PlainCursor) as cursor:
            cursor.execute("select typname from pg_type where typnamespace = 'redshift'::regnamespace")
            self._domains.update(name for (name,) in cursor.fetchall())
        unknown = set(names) - self._domains
        if not unknown:
            return
        with closing(self._another()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for name in sorted(unknown):
                    kind, _, length = name.partition("_")
                    statement = _DOMAINS[kind].format(name=name, length=length)
                    with suppress(psycopg2.errors.DuplicateObject, psycopg2.errors.UniqueViolation):
                        cursor.execute(statement)
        with self.cursor(cursor_factory=PlainCursor) as cursor:
            cursor.execute("select redshift.see_new_types()")
        self._domains |= unknown

    def base_types(self) -> dict[int, int]:
        """The numbers of the types that count bytes, each with that of the type that it is made from."""
        with closing(self._another()) as connection, connection.cursor() as cursor:
            cursor.execute("select oid, typbasetype from pg_catalog.pg_type where typtype = 'd'")
            return dict(cursor.fetchall())


# VARCHAR and CHAR count bytes, CHAR takes ASCII only: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
_DOMAINS = {
    "varchar": "create domain redshift.{name} as varchar({length})"
    " constraint too_long check (octet_length(value) <= {length})",
    "char": "create domain redshift.{name} as char({length})"
    " constraint not_ascii check (octet_length(value::text) = char_length(value::text))",
}


_UNKNOWN_NAMES = (
    psycopg2.errors.UndefinedFunction,
    psycopg2.errors.UndefinedObject,
    psycopg2.errors.UndefinedTable,
)


class Cursor(PlainCursor):
    """psycopg2's cursor for Redshift's SQL: one or several statements, with psycopg2's parameters."""

    connection: Connection

    def execute(self, query: str | bytes | composed.Composable, vars: Any = None) -> None:  # noqa: A002
        """Run one or several statements; the result is that of the last.

        Raises NotPortable, before anything is run, for what Redshift does not run, and CopyError for a failed COPY.
        """
        if self.name is not None:
            raise NotPortable(
                "a named cursor of psycopg2 writes a DECLARE of its own, which the local Redshift does not read;"
                f" instead: declare {self.name} cursor for ..., fetch forward. {DOCUMENTATION}declare.html"
            )
        check_size(query, vars, self)
        steps = self.connection.planning.steps(query)
        follows, self.connection.copied = self.connection.copied, False
        try:
            if all(step.verbatim for step in steps):
                super().execute(query, vars)
            else:
                self._carry_out(steps, vars)
        except _UNKNOWN_NAMES as error:
            if told := absent.explain(error.diag.message_primary or ""):
                raise NotHere(told) from error
            raise
        if (
            follows
            and not self.connection.copied
            and {step.action for step in steps}.isdisjoint({"commit", "rollback"})
        ):
            self.connection.number_query()

    def executemany(self, query: str | bytes | composed.Composable, vars_list: Iterable[Any]) -> None:
        """Run a statement for each set of parameters; psycopg2's own method would bypass `execute`."""
        for given in vars_list:
            self.execute(query, given)

    def copy_expert(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Raise NotPortable: Redshift does not read rows from its client."""
        raise NotPortable("copy_expert: Redshift copies from objects only; instead: COPY ... FROM 's3://...'")

    def _carry_out(self, steps: Sequence[Step], given: Any) -> None:
        """Run the steps; in autocommit as one transaction, as the server runs several statements of one query."""
        connection = self.connection
        actions = {step.action for step in steps}
        together = (
            connection.autocommit
            and connection.info.transaction_status == TRANSACTION_STATUS_IDLE
            and (len(steps) > 1 or actions & {"copy", "unload"} or steps[0].attributes)
            and actions.isdisjoint({"begin", "commit", "rollback", "vacuum"})
        )
        if not together:
            for step, parameters in zip(steps, split_parameters(steps, given), strict=True):
                self._step(step, parameters)
            return
        with connection.cursor(cursor_factory=PlainCursor) as control:
            control.execute("begin")
            try:
                for step, parameters in zip(steps, split_parameters(steps, given), strict=True):
                    self._step(step, parameters)
                    if connection.info.transaction_status == TRANSACTION_STATUS_IDLE:
                        control.execute("begin")  # the step has committed what was open
                control.execute("commit")
            except BaseException:
                if not connection.closed:
                    control.execute("rollback")
                connection.settle(committed=False)
                raise
            connection.settle(committed=True)

    def _step(self, step: Step, given: Any) -> None:
        if step.source:
            bound = self.mogrify(step.source, given).decode()
            step, given = self.connection.resolving.settled(step.source, bound), None
        match step.action:
            case "run" | "begin":
                self.connection.create_domains(step.domains)
                super().execute(step.sql, given)
                self.connection.remember(step)
            case "resize":
                told = "ALTER TABLE ALTER COLUMN cannot run inside a transaction block"
                self._check_outside_transaction(told, "r_ALTER_TABLE")
                with self.connection.cursor(cursor_factory=PlainCursor) as cursor:
                    existing.check_size_can_change(cursor, step.table, step.column)
                self.connection.create_domains(step.domains)
                super().execute(step.sql, given)
            case "fill":
                self.connection.create_domains(step.domains)
                super().execute(step.sql, given)
                self.connection.remember(step)
                self.connection.analyze(step.table)
            case "copy":
                bound = self.mogrify(step.sql, given).decode()
                load.execute(self, bound, self.connection.objects, self.connection.keep_errors)
                self.connection.copied = True
            case "unload":
                bound = self.mogrify(step.sql, given).decode()
                unload.execute(self, bound, self.connection.objects, self.connection.settle_query)
            case "analyze":
                self.connection.build_lookups(step.table)
                super().execute(step.sql, given)
            case "commit" | "rollback":
                super().execute(step.sql, given)
                self.connection.settle(committed=step.action == "commit")
            case "vacuum":
                self._check_outside_transaction("VACUUM cannot run in a transaction", "r_VACUUM_command")
                super().execute(step.sql, given)
            case "truncate":
                super().execute(step.sql, given)
                self._commit_truncation()

    def _check_outside_transaction(self, told: str, page: str) -> None:
        """Refuse in a transaction what fails in one on Redshift, too."""
        connection = self.connection
        if not (connection.autocommit and connection.info.transaction_status == TRANSACTION_STATUS_IDLE):
            raise NotPortable(f"{told} (set autocommit): {page}")

    def _commit_truncation(self) -> None:
        """Commit: "TRUNCATE commits the transaction in which it is run" (r_TRUNCATE)."""
        connection = self.connection
        if not connection.autocommit:
            connection.commit()
        elif connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
            with connection.cursor(cursor_factory=PlainCursor) as control:
                control.execute("commit")
            connection.settle(committed=True)


@lru_cache
def _text(name: str) -> str:
    return files("redshift_local").joinpath("sql", name).read_text("utf-8")
