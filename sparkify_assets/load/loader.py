"""One load: list, incoming, audit, publish; the same for days of events and prefixes of songs.

COPY brings a batch of partitions into tables of the session's own, where it holds no lock and nobody sees it. One
transaction then takes the lock, writes the batch into staging and all that follows from it, asks the gates of
`sql/checks`, and lists the source again; whatever fails, readers see the state before. The ledger in the warehouse says
what is done, so a load that was killed is done by the next, and one that is repeated changes nothing.

Belongs here: what a load consists of. Does not: reading objects (`stage`), the transaction (`publish`), Dagster
(`defs.load_assets`), what is new (`source.changes`).
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from sparkify_assets.errors import SparkifyError, describe_error
from sparkify_assets.load import ledger
from sparkify_assets.load.plan import LoadPlan, make_plan
from sparkify_assets.load.publish import Publisher, SourceChanged
from sparkify_assets.load.quarantine import UNREADABLE, unreadable
from sparkify_assets.load.results import Batch, BatchResult, halves, in_batches
from sparkify_assets.load.stage import Progress, Stager, TooManyRefused
from sparkify_assets.model.datasets import Dataset, Partition, named
from sparkify_assets.settings import Settings
from sparkify_assets.source.changes import KnownPartition, difference
from sparkify_assets.source.store import ObjectStore, SourceError, SourceObject
from sparkify_assets.source.urls import open_source, open_store
from sparkify_assets.warehouse.connection import Warehouse, open_warehouse
from sparkify_assets.warehouse.errors import CopyFailed, WarehouseError, fault_of, line, may_pass

Result = TypeVar("Result")

#: What is older than this in the work area was left there by a load that was killed.
LEFT_BEHIND = timedelta(days=2)

#: How often a load lists anew when objects change under it.
READ_ATTEMPTS = 3


class BatchesFailed(SparkifyError):
    """Some batches could not be loaded, and all others were. `failures` has their partitions, each with the error."""

    def __init__(self, failures: Sequence[tuple[Collection[Partition], Exception]]) -> None:
        super().__init__(
            "\n".join(f"{named(partitions)}: {describe_error(error)}" for partitions, error in failures)
        )
        self.failures = failures

    @property
    def transient(self) -> bool:
        return any(may_pass(cause) for _, cause in self.failures)


def _silent(phase: str, dataset: Dataset, done: int, total: int) -> None:
    """Nobody watches."""


@dataclass
class Loader:
    """Loads from one source into one warehouse."""

    settings: Settings
    warehouse: Warehouse
    source: ObjectStore
    work: ObjectStore
    progress: Progress = _silent
    planned: LoadPlan | None = None  # what was planned for this load; one without a plan makes its own

    @property
    def publisher(self) -> Publisher:
        """What publishes, releases and rebuilds in this loader's warehouse."""
        return Publisher(self.settings, self.warehouse, self.source)

    def plan(self) -> LoadPlan:
        """List the whole source and compare it with the ledger. Raises SourceError, WarehouseError."""
        self._refuse_files_for_redshift()
        known = self.warehouse.retried(self._known)
        return make_plan(difference(self.source.list(), known), known, self.settings)

    def plan_some(self, listed: Mapping[Partition, Iterable[SourceObject]]) -> LoadPlan:
        """Compare some partitions, just listed, with the ledger. Raises WarehouseError."""
        self._refuse_files_for_redshift()
        known, known_objects = self.warehouse.retried(partial(self._known_of, listed))
        found = difference(chain.from_iterable(listed.values()), known)
        found.known_objects = known_objects
        return make_plan(found, known, self.settings)

    def _known(self) -> dict[Partition, KnownPartition]:
        with self.warehouse.reading() as transaction:
            return ledger.known_partitions(transaction)

    def _known_of(self, partitions: Collection[Partition]) -> tuple[dict[Partition, KnownPartition], int]:
        with self.warehouse.reading() as transaction:
            known = ledger.known_partitions(transaction, partitions)
            return known, int(transaction.value("ledger/known_objects_count"))

    def _refuse_files_for_redshift(self) -> None:
        if self.warehouse.cluster and not all(
            url.startswith("s3:") for url in (self.source.url, self.work.url)
        ):
            raise SourceError(f"{self.source.url}, {self.work.url}: Redshift reads from s3:// only")

    def load(
        self,
        dataset: Dataset,
        keys: Collection[str] | None = None,
        *,
        reload: bool = False,
        accept_deletions: bool = False,
        run_id: str | None = None,
    ) -> Iterator[BatchResult]:
        """Load what is pending of a data set, batch by batch: of all partitions, or of the given ones.

        `reload` loads what is listed of them whether it changed or not; `run_id` is the run that the ledger names. A
        batch that cannot be loaded leaves the others to be loaded; BatchesFailed is raised at the end then. Raises
        DeletionsRefused before anything is changed, and at once what concerns every batch: SourceError, WarehouseError,
        and psycopg2's errors of the connection.
        """
        done: set[Partition] = set()
        failures: list[tuple[Collection[Partition], Exception]] = []
        for attempt in range(READ_ATTEMPTS):
            moved = False
            plan = self.planned if self.planned and attempt == 0 else self.plan()
            plan.guard_deletions(accept_deletions)
            wanted = [p for p in plan.chosen(dataset, keys, reload=reload) if p not in done]
            for group, outcome in self._load(plan, dataset, wanted, reload, run_id):
                if isinstance(outcome, SourceChanged) and attempt < READ_ATTEMPTS - 1:
                    moved = True
                    continue
                done.update(group)
                if isinstance(outcome, BatchResult):
                    yield outcome
                else:
                    failures.append((group, outcome))
            if not moved:
                break
        if failures:
            raise BatchesFailed(failures) from failures[0][1]

    def _load(
        self, plan: LoadPlan, dataset: Dataset, wanted: Sequence[Partition], reload: bool, run_id: str | None
    ) -> Iterator[tuple[Collection[Partition], BatchResult | Exception]]:
        """The batches of what is wanted, each with what became of it."""
        if wanted:
            self.work.sweep(LEFT_BEHIND)
        tried = 0
        groups = deque(in_batches({p: plan.to_read(p) for p in wanted}))
        while groups:
            group = groups.popleft()
            outcome: BatchResult | Exception
            try:
                batch = Batch(dataset, group, {}, reload, frozenset(plan.kept), run_id=run_id)
                outcome = self._load_batch(batch)
            except Exception as error:
                if isinstance(error, TooManyRefused) and len(error.partitions) > 1:
                    groups.extendleft(reversed(halves(group)))
                    continue
                if concerns_all(error):
                    raise
                outcome = error
            tried += len(group)
            self.progress("publish", dataset, tried, len(wanted))
            yield group, outcome

    def _load_batch(self, batch: Batch) -> BatchResult:
        """One batch, without the objects that cannot be read. A partition of which COPY refuses more records than it
        may is blocked; raises TooManyRefused where one COPY was of several partitions, and halves of them may pass.
        """
        while True:
            try:
                return self.without_unreadable(
                    batch, lambda: self.warehouse.retried(partial(self._stage_and_publish, batch))
                )
            except TooManyRefused as error:
                if len(error.partitions) > 1 or error.partitions[0].key in batch.refused:
                    raise
                batch.give_up(error.partitions[0], f"COPY gave up: {line(error)}")

    def without_unreadable(self, batch: Batch, bring: Callable[[], Result]) -> Result:
        """Call what brings a batch, again without the objects that cannot be read where there are such; they are in
        `batch.unreadable` then. Raises CopyFailed where it is about no object of the batch.
        """
        while True:
            try:
                return bring()
            except TooManyRefused:
                raise
            except CopyFailed as error:
                batch.unreadable |= self._unreadable(batch, error)

    def _unreadable(self, batch: Batch, error: CopyFailed) -> dict[str, str]:
        """The object that made COPY fail, and every other packed one that would: one more try is then enough.

        Redshift may name the manifest instead of the object, so what is packed is looked at in any case. Raises the
        error itself where it is about no object of the batch.
        """
        readable = {item.key for items in batch.objects.values() for item in batch.readable(items)}
        url = error.object_url or ""
        # Where COPY cannot read the source itself, it names a copy in the work area.
        copied = self.work.key_of(url).removeprefix(f"{batch.id}/")
        key = copied if copied in readable else self.source.key_of(url)
        faults = unreadable(self.source, (readable & batch.packed) - {key})
        if key in readable:
            faults[key] = str(error.reason)
        if not faults:
            raise error
        return {name: UNREADABLE + reason for name, reason in faults.items()}

    def _stage_and_publish(self, batch: Batch) -> BatchResult:
        """A batch from its objects to the readers, on one connection."""
        started = time.perf_counter()
        batch.id = uuid.uuid4().hex
        stager = Stager(self.settings, self.source, self.work, self.progress)
        try:
            with self.warehouse.session() as session:
                with session.transaction(lock=False) as transaction:
                    staged = stager.stage(transaction, batch)
                batch.stage_seconds = time.perf_counter() - started
                result = self.publisher.publish(session, batch, staged)
        finally:
            with suppress(SourceError):  # what is left is swept by a later load
                self.work.delete(batch.written)
        return result


def concerns_all(error: Exception) -> bool:
    """Whether an error is one of the source, the warehouse or what COPY may do (its role, its region, the JSONPaths),
    and no batch would fare better. A COPY that fails for an object of its batch is tried again without that object.
    """
    if isinstance(error, CopyFailed):
        return not isinstance(error, TooManyRefused)
    fault = fault_of(error)
    return isinstance(error, SourceError | WarehouseError) or (fault is not None and fault.action != "again")


def open_loader(settings: Settings, **options: Any) -> Loader:
    """The loader between the source and the warehouse that the settings name; `options` are the warehouse's."""
    return Loader(
        settings, open_warehouse(settings, **options), open_source(settings), open_store(settings.work)
    )
