"""The warehouse: connections, transactions and their retries, over psycopg2 on every engine.

Belongs here: transactions and their retries. Does not: which statements a load consists of (`load`), how Redshift is
reached (`redshift`), which errors are worth a retry (`errors`), how the local Redshift runs a statement
(`redshift_local`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import psycopg2
import psycopg2.errors
from psycopg2.extensions import AsIs, quote_ident
from psycopg2.extensions import connection as Connection
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

import redshift_local
from sparkify_assets import interruption
from sparkify_assets.model.definitions import declared, differences, in_one_line
from sparkify_assets.model.tables import LOOKUPS
from sparkify_assets.settings import Settings, without_password
from sparkify_assets.warehouse.address import on_aws, with_options
from sparkify_assets.warehouse.catalog import definitions
from sparkify_assets.warehouse.errors import (
    ClusterError,
    LockTimeout,
    TablesDiffer,
    WarehouseError,
    is_retryable,
    is_transient,
    line,
)
from sparkify_assets.warehouse.redshift import Redshift
from sparkify_assets.warehouse.setup import create_tables
from sparkify_assets.warehouse.transaction import Transaction

Result = TypeVar("Result")

#: How long a transaction waits for another load, in milliseconds.
LOCK_WAIT_MS = 15 * 60 * 1000


def _tell(text: str) -> None:
    """Print a progress line."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a line of the terminal, or of a run's log


@dataclass
class Warehouse:
    """The database that holds the tables. `before_statement` is called with each of the project's statements before it
    runs, `log` with a line for each wait of minutes.
    """

    url: str
    folder: Path
    lock_wait_ms: int = LOCK_WAIT_MS
    before_statement: Callable[[str], None] | None = field(default=None, repr=False)
    log: Callable[[str], None] = field(default=_tell, repr=False)
    redshift: Redshift | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        if on_aws(self.url):
            self.redshift = Redshift(self.url, self.log)

    @property
    def statement_timeout_ms(self) -> int:
        """How long a statement may run, in milliseconds; 0 means without limit."""
        return self.redshift.address.statement_timeout * 1000 if self.redshift else 0

    @property
    def has_stl_views(self) -> bool:
        """Whether the views stl_… can be queried, which only Redshift Serverless does not have."""
        return self.redshift is None or self.redshift.service.has_stl_views

    def connect(self, *, read_only: bool = False) -> Connection:
        """A new connection whose cursors take Redshift's SQL; raises WarehouseError.

        The isolation level is the server's: snapshot on Redshift, and its equivalent REPEATABLE READ on the local
        Redshift.
        """
        try:
            connection = self.redshift.connect() if self.redshift else self._connect_local()
        except (ClusterError, redshift_local.ServerError, psycopg2.OperationalError) as error:
            transient = isinstance(error, redshift_local.ServerError) or is_transient(error)
            raise WarehouseError(
                f"warehouse {without_password(self.url)}: {line(error)}", transient=transient
            ) from None
        if read_only:
            connection.set_session(readonly=True)
        return connection

    def _connect_local(self) -> Connection:
        dsn = redshift_local.ensure(self.folder, "sparkify") if self.url == "embedded" else self.url
        return redshift_local.connect(dsn, lookups=LOOKUPS, application_name="sparkify", connect_timeout=10)

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        """One connection for several transactions, with temporary tables that outlive them."""
        with (
            ThreadPoolExecutor(max_workers=1) as waiter,
            closing(self.connect(read_only=read_only)) as connection,
        ):
            yield Session(self, connection, waiter)

    @contextmanager
    def transaction(self, *, lock: bool = True, commit: bool = True) -> Iterator[Transaction]:
        """One transaction on a connection of its own: see Session.transaction."""
        with self.session() as session, session.transaction(lock=lock, commit=commit) as transaction:
            yield transaction

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction without the lock, on one connection; missing tables are created first."""
        with self.session() as session:
            self.ensure_tables(session)
            with session.transaction(lock=False) as transaction:
                yield transaction

    @contextmanager
    def looking(self) -> Iterator[Transaction | None]:
        """A transaction that the server lets write nothing; None where there are no tables yet, and none are made.

        A local Redshift that was never started is not made either, and a paused cluster is not resumed, because a look
        should cost nothing. Raises WarehouseError, and TablesDiffer.
        """
        if self.url == "embedded" and not self.folder.exists():
            yield None
            return
        with self._as_it_is.session(read_only=True) as session:
            with session.transaction(lock=False) as transaction:
                there = self._has_tables(transaction)
            with session.transaction(lock=False) as transaction:
                yield transaction if there else None

    @property
    def _as_it_is(self) -> Warehouse:
        """The same warehouse, whose cluster is not resumed."""
        if self.redshift and self.redshift.address.scheme == "redshift":
            return replace(self, url=with_options(self.url, resume="no"))
        return self

    def _has_tables(self, transaction: Transaction) -> bool:
        """Whether there are tables. Raises TablesDiffer if loads cannot go into them as `sql/ddl` has them."""
        found = definitions(transaction, whole=False)
        if found.keys().isdisjoint(declared()):
            return False
        if differ := [difference for difference in differences(found) if difference.stops_loads]:
            raise TablesDiffer(
                f"the tables of {self.url} are not those of sql/ddl ({in_one_line(differ)}):"
                " `sparkify tables migrate` brings them over"
            )
        return True

    def lock_holder(self) -> str:
        """Who holds the project's lock, in words."""
        with self.transaction(lock=False) as transaction:
            rows = transaction.rows("ledger/lock_holder")
        return ", ".join(f"process {row[0]} since {row[1]:%Y-%m-%d %H:%M:%S}" for row in rows) or "nobody now"

    def retried(
        self, work: Callable[[], Result], transient: Callable[[BaseException], bool] | None = None
    ) -> Result:
        """Run a function that makes one whole transaction, and retry it with jitter if its error is `transient`.

        By default these are serialization failures, deadlocks and lost connections. The function finds out from the
        ledger whether its earlier attempt was committed.
        """
        for attempt in Retrying(
            retry=retry_if_exception(transient or is_retryable),
            wait=wait_random_exponential(multiplier=0.2, max=10),
            stop=stop_after_attempt(8),
            sleep=interruption.pause,
            reraise=True,
        ):
            with attempt:
                result = work()
        return result

    def ensure_tables(self, session: Session | None = None) -> None:
        """Create the schemas and tables where there are none yet. With `session` no connection is opened for the
        question.

        Raises TablesDiffer if there are tables that are not those of `sql/ddl`, as far as loads depend on it.
        """
        with session.transaction(lock=False) if session else self.transaction(lock=False) as transaction:
            there = self._has_tables(transaction)
        if not there:
            self.create_tables()

    def create_tables(self) -> None:
        """Create the schemas and tables that are missing."""

        def create() -> None:
            with self.transaction(lock=False) as transaction:
                create_tables(transaction)

        self.retried(create, _is_race_of_creators)

    def run_outside_transactions(self, *files: str, **names: str) -> None:
        """Run every statement of some files outside a transaction, as VACUUM and ALTER COLUMN TYPE require."""
        with self.session() as session:
            session.connection.autocommit = True
            transaction = Transaction(session.connection, session.waiter, self.before_statement)
            for file in files:
                transaction.define(file, **names)

    def bootstrap(self) -> None:
        """Set a Redshift database up as its administrator, once: the loader, the group of readers, then the tables.

        What exists already is kept. Raises WarehouseError.
        """
        if self.redshift is None:
            raise WarehouseError(f"{self.url} needs no bootstrap: only Redshift has users of its own")
        database, loader = self.redshift.address.database, self.redshift.loader()
        administrator = replace(self, url=with_options(self.url, login="secret"))
        with administrator.transaction(lock=False) as transaction:
            named = {
                "loader": AsIs(quote_ident(loader, transaction.cursor)),
                "database": AsIs(quote_ident(database, transaction.cursor)),
            }
            if not transaction.value("access/loader_exists", loader=loader):
                transaction.run("access/loader", loader=named["loader"])
            transaction.run("access/loader_rights", **named)
            if not transaction.value("access/reader_exists"):
                transaction.run("access/reader")
        self.ensure_tables()
        with self.transaction(lock=False) as transaction:
            transaction.run("access/grants")

    def drop_tables(self) -> None:
        """Drop every table of the project with all it holds."""
        with self.transaction(lock=False) as transaction:
            transaction.run("ddl/drop")


@dataclass
class Session:
    """An open connection. `waiter` is the thread that waits for its statements."""

    warehouse: Warehouse
    connection: Connection
    waiter: Executor

    @contextmanager
    def transaction(self, *, lock: bool = True, commit: bool = True) -> Iterator[Transaction]:
        """One transaction: committed at the end, rolled back on any exception, and always without `commit`.

        With `lock` it first takes the project's one lock, as every transaction that changes anything must do before its
        first read, so that its snapshot includes what the previous holder wrote. Raises LockTimeout, and psycopg2's
        errors as they are.
        """
        transaction = Transaction(
            self.connection, self.waiter, self.warehouse.before_statement, self.warehouse.has_stl_views
        )
        try:
            if lock:
                self._lock(transaction)
            yield transaction
            if not commit:
                self.connection.rollback()
                return
            if self.warehouse.before_statement:
                self.warehouse.before_statement("commit")
            self.connection.commit()
        except BaseException:
            if not self.connection.closed:
                self.connection.rollback()
            raise

    def _lock(self, transaction: Transaction) -> None:
        try:
            transaction.run(
                "ledger/lock",
                lock_wait_ms=self.warehouse.lock_wait_ms,
                statement_timeout_ms=self.warehouse.statement_timeout_ms,
            )
        except (psycopg2.errors.QueryCanceled, psycopg2.errors.LockNotAvailable):
            seconds = self.warehouse.lock_wait_ms // 1000
            holder = self.warehouse.lock_holder()
            raise LockTimeout(f"another load has held the lock for {seconds} seconds: {holder}") from None


def _is_race_of_creators(error: BaseException) -> bool:
    """Whether somebody else was creating the same tables: "if not exists" does not protect against that."""
    raced = (
        psycopg2.errors.UniqueViolation,
        psycopg2.errors.DuplicateSchema,
        psycopg2.errors.DuplicateTable,
    )
    return isinstance(error, raced) or "concurrently updated" in str(error) or is_retryable(error)


def open_warehouse(settings: Settings, **options: Any) -> Warehouse:
    """The warehouse that the settings name."""
    return Warehouse(url=settings.warehouse, folder=settings.warehouse_folder, **options)
