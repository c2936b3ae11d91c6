"""The warehouse: connections, transactions and their retries, over psycopg2 on every engine.

Belongs here: transactions, and trying them again. Does not: which statements a load is made of (`loading`), how
Redshift is reached (`redshift_cluster`), which errors pass (`redshift_errors`), how the stand-in runs it (`embedded`).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psycopg2
import psycopg2.errors
from psycopg2.extensions import AsIs, quote_ident
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from sparkify_assets import sql
from sparkify_assets.resources import embedded
from sparkify_assets.resources.redshift_cluster import ClusterError, RedshiftCluster, with_options
from sparkify_assets.resources.redshift_errors import announced_rejects, is_transient, line
from sparkify_assets.settings import Settings
from sparkify_assets.tables import LOOKUPS

Result = TypeVar("Result")

#: How long a transaction waits for another load, in milliseconds.
LOCK_WAIT_MS = 15 * 60 * 1000

#: How long the rows of a system view are waited for: Redshift writes them after the fact.
LOAD_ERRORS_SECONDS = 60.0

#: For so many refused records, and those of one COPY more, the system views are asked at once: as many as COPY refuses
#: before it gives up (https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html#copy-maxerror).
MOST_ERRORS = 100_000

#: What one statement inserts: half of the 16 MB that Redshift takes as one statement
#: (https://docs.aws.amazon.com/redshift/latest/dg/c_redshift-sql.html), and so many rows.
INSERT_BYTES, INSERT_ROWS = 8 * 1024 * 1024, 10_000

#: Rows that a cursor brings at once: a single-node cluster gives no more
#: (https://docs.aws.amazon.com/redshift/latest/dg/declare.html).
FETCH_ROWS = 1000


class WarehouseError(RuntimeError):
    """The warehouse cannot be reached or refuses; one line."""


class EarlierTables(WarehouseError):
    """The tables are those of an earlier edition."""


class LockTimeout(WarehouseError):
    """Another load held the lock for longer than a transaction waits."""


def _tell(text: str) -> None:
    """Say to whoever waits what is waited for."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a line of the terminal, or of a run's log


@dataclass
class Warehouse:
    """Where the tables are. `before_statement` is called with each statement of the project's own before it runs, `log`
    with a line for each wait of minutes.
    """

    url: str
    folder: Path
    lock_wait_ms: int = LOCK_WAIT_MS
    before_statement: Callable[[str], None] | None = field(default=None, repr=False)
    log: Callable[[str], None] = field(default=_tell, repr=False)
    cluster: RedshiftCluster | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        if self.url.startswith("redshift:"):
            try:
                self.cluster = RedshiftCluster(self.url, self.log)
            except ClusterError as error:
                raise WarehouseError(str(error)) from None

    @property
    def statement_timeout_ms(self) -> int:
        """How long a statement may run; 0: without end."""
        return self.cluster.address.statement_timeout * 1000 if self.cluster else 0

    def connect(self, *, read_only: bool = False) -> Connection:
        """A new connection whose cursors take Redshift's SQL; raises WarehouseError.

        Isolation is that of the server: snapshot on Redshift, its equal REPEATABLE READ on the stand-in.
        """
        try:
            connection = self.cluster.connect() if self.cluster else self._connect_stand_in()
        except (ClusterError, embedded.ServerError, psycopg2.OperationalError) as error:
            raise WarehouseError(f"warehouse {self.url}: {line(error)}") from None
        if read_only:
            connection.set_session(readonly=True)
        return connection

    def _connect_stand_in(self) -> Connection:
        dsn = embedded.ensure(self.folder) if self.url == "embedded" else self.url
        return embedded.connect(dsn, lookups=LOOKUPS, application_name="sparkify", connect_timeout=10)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One connection for several transactions, with temporary tables that outlive them."""
        with ThreadPoolExecutor(max_workers=1) as waiter, closing(self.connect()) as connection:
            yield Session(self, connection, waiter)

    @contextmanager
    def transaction(self, *, lock: bool = True) -> Iterator[Transaction]:
        """One transaction on a connection of its own: see Session.transaction."""
        with self.session() as session, session.transaction(lock=lock) as transaction:
            yield transaction

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction without the lock, on tables that were created if they were not there; one connection."""
        with self.session() as session:
            self.ensure_tables(session)
            with session.transaction(lock=False) as transaction:
                yield transaction

    def lock_holder(self) -> str:
        """Who holds the project's lock, in words."""
        with self.transaction(lock=False) as transaction:
            rows = transaction.rows("ledger/lock_holder")
        return ", ".join(f"process {row[0]} since {row[1]:%Y-%m-%d %H:%M:%S}" for row in rows) or "nobody now"

    def retried(
        self, work: Callable[[], Result], transient: Callable[[BaseException], bool] | None = None
    ) -> Result:
        """Run a function that makes one whole transaction, again with jitter where trying again can help.

        That is what `transient` says of its error: by default serialization failures, deadlocks and lost
        connections. The function finds out from the ledger whether its earlier try was committed.
        """
        for attempt in Retrying(
            retry=retry_if_exception(transient or is_transient),
            wait=wait_random_exponential(multiplier=0.2, max=10),
            stop=stop_after_attempt(8),
            reraise=True,
        ):
            with attempt:
                result = work()
        return result

    def ensure_tables(self, session: Session | None = None) -> None:
        """Create whatever schema or table is not there yet. `session` spares a connection for the question.

        Raises EarlierTables where there are tables, and they have to be upgraded first.
        """
        with session.transaction(lock=False) if session else self.transaction(lock=False) as transaction:
            ((tables, earlier),) = transaction.rows("ledger/layout")
        if earlier:
            raise EarlierTables(
                f"the tables of {self.url} are those of an earlier edition, which told plays apart by session and item"
                " alone: `sparkify tables upgrade` brings them over"
            )
        if tables == EXPECTED_TABLES:
            return

        def create() -> None:
            with self.transaction(lock=False) as transaction:
                create_tables(transaction)

        self.retried(create, _is_race_of_creators)

    def run_outside_transactions(self, name: str) -> None:
        """Run every statement of a file by itself, as VACUUM has to be."""
        with self.session() as session:
            session.connection.autocommit = True
            Transaction(session.connection, session.waiter, self.before_statement).run(name)

    def bootstrap(self) -> None:
        """Once for a Redshift database, by its administrator: the loader and the group of readers; then the tables.

        What is there already stays. Raises WarehouseError.
        """
        if self.cluster is None:
            raise WarehouseError(f"{self.url} needs no bootstrap: only Redshift has users of its own")
        address = self.cluster.address
        administrator = replace(self, url=with_options(self.url, login="secret"))
        with administrator.transaction(lock=False) as transaction:
            loader, database = (
                AsIs(quote_ident(name, transaction.cursor)) for name in (address.user, address.database)
            )
            if not transaction.value("access/loader_exists", loader=address.user):
                transaction.run("access/loader", loader=loader)
            transaction.run("access/loader_rights", loader=loader, database=database)
            if not transaction.value("access/reader_exists"):
                transaction.run("access/reader")
        self.ensure_tables()
        with self.transaction(lock=False) as transaction:
            transaction.run("access/grants")

    def drop_tables(self) -> None:
        """Drop every table of the project with all it holds."""
        with self.transaction(lock=False) as transaction:
            transaction.run("ddl/drop")


def create_tables(transaction: Transaction) -> None:
    """Create whatever schema or table is not there yet, for the readers too where they have their group."""
    for name in _DDL:
        transaction.run(name)
    if transaction.value("access/reader_exists"):
        transaction.run("access/grants")


#: What makes the project's schemas and their tables, in order, and how many tables that are.
_DDL = ("ddl/schemas", "ddl/ledger", "ddl/incoming", "ddl/staging", "ddl/sparkify")
EXPECTED_TABLES = sum(sql.read(name).count("create table if not exists") for name in _DDL)


@dataclass
class Session:
    """A connection in use. `waiter` waits for its statements."""

    warehouse: Warehouse
    connection: Connection
    waiter: Executor

    @contextmanager
    def transaction(self, *, lock: bool = True) -> Iterator[Transaction]:
        """One transaction: committed at the end, rolled back on any exception.

        With `lock` it first takes the project's one lock, as every transaction that changes anything must:
        before the first read, so that its snapshot already holds what the holder before it wrote.
        Raises LockTimeout, or psycopg2's errors as they are.
        """
        transaction = Transaction(self.connection, self.waiter, self.warehouse.before_statement)
        try:
            if lock:
                self._lock(transaction)
            yield transaction
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


class Copied(NamedTuple):
    """What a COPY did: rows loaded, records refused, and its ids: in the STL views, and in the SYS views."""

    rows: int
    refused: int
    copy_id: int
    query_id: int


class Transaction:
    """The statements of `sql/` inside one open transaction."""

    def __init__(
        self, connection: Connection, waiter: Executor, before_statement: Callable[[str], None] | None
    ) -> None:
        self.connection = connection
        self.cursor: Cursor = connection.cursor()
        self._waiter = waiter
        self._before = before_statement

    def run(self, name: str, **parameters: Any) -> None:
        """Run every statement of a file; afterwards `cursor` holds the result of the last."""
        for statement in sql.statements(name):
            if self._before:
                self._before(f"{name}: {statement}")
            self._interruptibly(partial(self.cursor.execute, statement, parameters))

    def rows(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a file; the rows of its last statement."""
        self.run(name, **parameters)
        return self.cursor.fetchall()

    def records(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a file; the rows of its last statement by column name."""
        rows = self.rows(name, **parameters)
        columns = [column.name for column in self.cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def each(self, name: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Run a file of one query; its rows by column name, made one by one of what the server has sent as a whole."""
        with self._apart(name, **parameters) as cursor:
            columns = [column.name for column in cursor.description or ()]
            for row in cursor:
                yield dict(zip(columns, row, strict=True))

    def stream(self, name: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Run a file of one query; its rows by column name, in flat memory however many they are.

        By a cursor as Redshift documents it, one at a time; psycopg2's named cursors add WITHOUT HOLD, which is not
        in its grammar (https://docs.aws.amazon.com/redshift/latest/dg/declare.html).
        """
        with self._apart(name, "declare stream cursor for ", **parameters) as cursor:
            while True:
                self._interruptibly(partial(cursor.execute, f"fetch forward {FETCH_ROWS} from stream"))
                columns = [column.name for column in cursor.description or ()]
                rows = cursor.fetchall()
                for row in rows:
                    yield dict(zip(columns, row, strict=True))
                if len(rows) < FETCH_ROWS:
                    break
            cursor.execute("close stream")

    def _apart(self, name: str, before: str = "", **parameters: Any) -> Cursor:
        """Run a file of one query; its result in a cursor of its own, which later statements leave as it is."""
        (statement,) = sql.statements(name)
        if self._before:
            self._before(f"{name}: {statement}")
        cursor = self.connection.cursor()
        self._interruptibly(partial(cursor.execute, before + statement, parameters))
        return cursor

    def copy(self, name: str, **parameters: Any) -> Copied:
        """Run a file of one COPY. Raises CopyError, or WarehouseError where nobody says how many records it refused."""
        self.run(name, **parameters)
        rows, copy_id, query_id = self.rows("copy/copied")[0]
        refused = announced_rejects(self.connection.notices, rows)
        if refused is None:
            with self._awaited("copy/load_history", 1, query_id=query_id) as answer:
                if not answer.rowcount:
                    raise WarehouseError(
                        "COPY did not say in known words how many records it refused, and sys_load_history does not"
                        " name it: nothing was loaded"
                    )
                [(refused,)] = answer.fetchall()
        return Copied(rows, refused, copy_id, query_id)

    def load_errors(self, copies: Sequence[Copied]) -> Iterator[tuple[Copied, str, int, str, str]]:
        """What these COPYs of the session refused, in their order: which of them, object, line, column, reason.

        One question is for as many COPYs as refused MOST_ERRORS together, and for none where nothing was refused.
        Raises WarehouseError where the views name fewer than that: a record must not be lost in silence.
        """
        group: list[Copied] = []
        for copied in copies:
            if copied.refused:
                group.append(copied)
            if sum(one.refused for one in group) >= MOST_ERRORS:
                yield from self._errors_of(group)
                group = []
        if group:
            yield from self._errors_of(group)

    def _errors_of(self, asked: Sequence[Copied]) -> Iterator[tuple[Copied, str, int, str, str]]:
        """By the ids of the SYS views; where these name too few records, by those of the STL views."""
        refused = sum(copied.refused for copied in asked)
        of_id = {copied.query_id: copied for copied in asked}
        answer = self._awaited("copy/load_errors", refused, query_ids=tuple(of_id))
        if (of_sys := answer.rowcount) < refused:
            of_id = {copied.copy_id: copied for copied in asked}
            answer = self._apart("copy/load_errors_stl", copy_ids=tuple(of_id))
        if answer.rowcount < refused:
            raise WarehouseError(
                f"COPY refused {refused} records; sys_load_error_detail names {of_sys}, stl_load_errors"
                f" {answer.rowcount}: nothing was loaded"
            )
        with answer:
            for number, *error in answer:
                yield (of_id[number], *error)

    def _awaited(self, name: str, rows: int, **parameters: Any) -> Cursor:
        """The answer of a system view as soon as it has so many rows, or as it is after LOAD_ERRORS_SECONDS."""
        until = time.monotonic() + LOAD_ERRORS_SECONDS
        while (answer := self._apart(name, **parameters)).rowcount < rows and time.monotonic() < until:
            answer.close()
            time.sleep(0.5)
        return answer

    def value(self, name: str, **parameters: Any) -> Any:
        """Run a file; the one value of its last statement."""
        return self.rows(name, **parameters)[0][0]

    def insert(self, name: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert any number of rows by a file whose statement ends in `values %(rows)s`, in statements of INSERT_ROWS
        and INSERT_BYTES at most, as they are sent.
        """
        (statement,) = sql.statements(name)
        page: list[bytes] = []
        size = 0
        for row in rows:
            values = self.cursor.mogrify(f"({', '.join(['%s'] * len(row))})", row)
            if page and (len(page) == INSERT_ROWS or size + len(values) > INSERT_BYTES):
                self._insert(name, statement, page)
                page, size = [], 0
            page.append(values)
            size += len(values) + 1
        if page:
            self._insert(name, statement, page)

    def _insert(self, name: str, statement: str, rows: Sequence[bytes]) -> None:
        if self._before:
            self._before(f"{name}: {statement}")
        before, after = statement.encode().split(b"%(rows)s")
        self._interruptibly(partial(self.cursor.execute, before + b",".join(rows) + after))

    def _interruptibly(self, statement: Callable[[], None]) -> None:
        """Run a statement so that Ctrl-C, or Terminate on Dagster's page, cancels it.

        libpq waits in C, where Python's signal handlers do not get to run; a thread waits instead. psycopg2's own
        way, a wait callback, excludes COPY
        (https://www.psycopg.org/docs/advanced.html#support-for-coroutine-libraries).
        """
        if threading.current_thread() is not threading.main_thread():  # signals go to the main thread only
            statement()
            return
        running = self._waiter.submit(statement)
        try:
            running.result()
        except BaseException:
            while not running.done():  # a cancellation that comes before its statement is lost
                self.connection.cancel()
                wait([running], timeout=1)
            raise


def _is_race_of_creators(error: BaseException) -> bool:
    """Whether somebody else was creating the same tables; "if not exists" looks before it leaps."""
    raced = (
        psycopg2.errors.UniqueViolation,
        psycopg2.errors.DuplicateSchema,
        psycopg2.errors.DuplicateTable,
    )
    return isinstance(error, raced) or "concurrently updated" in str(error) or is_transient(error)


def open_warehouse(settings: Settings, **options: Any) -> Warehouse:
    """The warehouse that the settings name."""
    return Warehouse(url=settings.warehouse, folder=settings.warehouse_folder, **options)
