"""Dagster's records of runs, assets and ticks in SQLite, with connections that are kept and batches in one transaction.

Dagster's own SQLite storage opens a connection and compiles every statement anew for each query, writes an event once
for its run and once for its asset, and waits for the disk each time; a load of thirty days took longer to record than
to run. This file and the batches of `log_materializations` are all that the project needs of Dagster's inside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import dagster as dg
import sqlalchemy as sa
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, DagsterEvent, DagsterEventBatchMetadata
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage, SqlEventLogStorageTable
from dagster._core.storage.event_log.polling_event_watcher import SqlPollingEventWatcher
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

#: WAL, the mode of these files, is consistent after a crash even if a commit does not wait for the disk; the last
#: commits may be lost if the machine stops (https://www.sqlite.org/pragma.html#pragma_synchronous). The ledger has what
#: was loaded.
SYNCHRONOUS = "pragma synchronous = normal"


class _OneEngine:
    """A SQLite storage that keeps its engine, with its connections and its compiled statements."""

    _conn_string: str

    @cached_property
    def _engine(self) -> sa.Engine:
        engine = sa.create_engine(self._conn_string, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute(SYNCHRONOUS))
        return engine

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A connection in a transaction that is committed at the end."""
        with self._engine.begin() as connection:
            yield connection


class _RunStorage(_OneEngine, SqliteRunStorage):
    pass


class _ScheduleStorage(_OneEngine, SqliteScheduleStorage):
    pass


class _EventLogStorage(_OneEngine, ConsolidatedSqliteEventLogStorage):
    """The events of all runs in one file."""

    _connect = _OneEngine.connect
    _watcher: SqlPollingEventWatcher | None = None

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in one transaction. The entry of an asset names the last of its events."""
        table = SqlEventLogStorageTable
        insert = table.insert().returning(table.c.id, sort_by_parameter_order=True)
        with self.connect() as connection:
            ids = connection.execute(insert, [self._event_to_row(event) for event in events]).scalars()
            stored = list(zip(events, ids, strict=True))
            of_assets = [pair for pair in stored if pair[0].dagster_event_type in ASSET_EVENTS]
            if of_assets:
                self._store_asset_event_tags(connection, *zip(*of_assets, strict=True))
            last = {event.get_dagster_event().asset_key: (event, event_id) for event, event_id in of_assets}
            for event, event_id in last.values():
                self._store_asset_event(connection, event, event_id)
        for event, event_id in stored:
            if event.dagster_event_type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(event, event_id)

    def _has_asset_key_col_on_connection(self, *_: Any) -> bool:
        return True  # this version made the file, with all columns

    def watch(self, run_id: str, cursor: str | None, callback: Callable[..., Any]) -> None:
        """Call back for each event of a run from the cursor on. The file is polled, because SQLite writes to its log
        first, and to the file itself only now and then.
        """
        self._watcher = self._watcher or SqlPollingEventWatcher(self)
        self._watcher.watch_run(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: Callable[..., Any]) -> None:
        """Stop calling back."""
        if self._watcher:
            self._watcher.unwatch_run(run_id, handler)

    def dispose(self) -> None:
        """Stop polling, and close the connections."""
        if self._watcher:
            self._watcher.close()
        self._engine.dispose()


class BatchingSqliteStorage(DagsterSqliteStorage):
    """The storage that `dagster.yaml` names. `base_dir` is Dagster's state directory; the files of runs and ticks are
    where Dagster's own storage has them.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        self._inst_data = inst_data
        history, schedules = (str(Path(base_dir) / name) for name in ("history", "schedules"))
        _make_whole(history, "runs.db", SqliteRunStorage.from_local)
        _make_whole(history, "event_log.db", ConsolidatedSqliteEventLogStorage)
        _make_whole(schedules, "schedules.db", SqliteScheduleStorage.from_local)
        self._run_storage = _RunStorage.from_local(history)
        self._event_log_storage = _EventLogStorage(history)  # type: ignore[assignment]
        self._schedule_storage = _ScheduleStorage.from_local(schedules)
        # Past the constructor that opens Dagster's own files.
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> BatchingSqliteStorage:
        """The storage for the values of `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)


def _make_whole(folder: str, name: str, make: Callable[[str], object]) -> None:
    """Make a file of Dagster's if it is not there yet. It appears with all its tables, however many processes make it
    at once; Dagster itself would fail where two do.
    """
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with TemporaryDirectory(dir=folder) as scratch:
            make(scratch)
            with suppress(FileExistsError):
                os.link(Path(scratch) / name, path)


def log_materializations(
    context: dg.AssetExecutionContext, materializations: Iterable[dg.AssetMaterialization]
) -> None:
    """Log materializations as `context.log_event` does, and store those of each asset in one transaction. A batch has
    one asset, because the PostgreSQL storage names the last event of a batch in one asset's entry.
    """
    of_assets: dict[dg.AssetKey, list[dg.AssetMaterialization]] = {}
    for materialization in materializations:
        of_assets.setdefault(materialization.asset_key, []).append(materialization)
    op = context.op_execution_context
    step = op.get_step_execution_context()
    for batch in of_assets.values():
        batch_id = str(uuid4())
        for number, materialization in enumerate(batch, 1):
            metadata = DagsterEventBatchMetadata(batch_id, is_end=number == len(batch))
            op._events.append(DagsterEvent.asset_materialization(step, materialization, metadata))
