"""One load: plan, stage, publish. It is the same for days of events and for prefixes of songs.

COPY brings a batch of partitions into temporary tables, where it holds no lock and nobody sees it. One transaction then
takes the lock, writes the batch into staging and everything that follows from it, runs the blocking checks of
`sql/checks`, and lists the source again. Whatever fails, readers see the former state. The ledger in the warehouse says
what is done, so the next load finishes what a killed load began, and a repeated load changes nothing.

Belongs here: what a load consists of. Does not: reading objects (`stage`), the transaction (`publish`), Dagster
(`defs.load_assets`), what is new (`source.changes`).
"""

from __future__ import annotations

import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from sparkify_assets.errors import SparkifyError, describe_error
from sparkify_assets.load import ledger
from sparkify_assets.load.ahead import StagingAhead
from sparkify_assets.load.plan import LoadPlan, make_plan
from sparkify_assets.load.progress import Amount, Course, Progress, silent, size_of
from sparkify_assets.load.publish import Publisher, SourceChanged
from sparkify_assets.load.quarantine import UNREADABLE, unreadable
from sparkify_assets.load.results import Batch, BatchResult, StagedPartition, halves, in_batches
from sparkify_assets.load.stage import Stager, TooManyRefused
from sparkify_assets.model.datasets import Dataset, Partition, beginnings_of, named, partition_of
from sparkify_assets.settings import Settings
from sparkify_assets.source.changes import KnownPartition, difference
from sparkify_assets.source.layout import layout_problems, unrecognised_source
from sparkify_assets.source.store import ObjectStore, SourceError, SourceObject
from sparkify_assets.source.urls import open_source, open_store
from sparkify_assets.source.wrong import WrongSource, require_data
from sparkify_assets.warehouse.connection import Session, Warehouse, open_warehouse
from sparkify_assets.warehouse.errors import CopyFailed, WarehouseError, fault_of, is_transient, line

Result = TypeVar("Result")

#: Anything older than this in the work area was left there by a load that was killed.
LEFT_BEHIND = timedelta(days=2)

#: How many times a load lists the source again when objects change while it reads them.
READ_ATTEMPTS = 3


class BatchesFailed(SparkifyError):
    """Some batches could not be loaded, and all others were. `failures` has the partitions of each with its error."""

    def __init__(self, failures: Sequence[tuple[Collection[Partition], Exception]]) -> None:
        super().__init__(
            "\n".join(f"{named(partitions)}: {describe_error(error)}" for partitions, error in failures)
        )
        self.failures = failures

    @property
    def transient(self) -> bool:
        return any(is_transient(cause) for _, cause in self.failures)


@dataclass
class Loader:
    """Loads from one source into one warehouse."""

    settings: Settings
    warehouse: Warehouse
    source: ObjectStore
    work: ObjectStore
    progress: Progress = silent
    planned: LoadPlan | None = None  # what was planned for this load; one without a plan makes its own

    @property
    def publisher(self) -> Publisher:
        """Publishes, releases and rebuilds in this loader's warehouse."""
        return Publisher(self.settings, self.warehouse, self.source)

    def plan(self, *, looking: bool = False) -> LoadPlan:
        """List the whole source and compare it with the ledger; if only `looking`, nothing is created or written.

        Raises WrongSource if nothing of it can be loaded, or ever was, or if its data is seen to lie elsewhere and what
        is gone would be withdrawn; SourceError, WarehouseError.
        """
        self._refuse_files_for_redshift()
        known = self.warehouse.retried(self._seen if looking else self._known)
        loaded_before = any(was.objects for was in known.values())
        if not loaded_before:
            require_data(self.source)
        found = difference(self.source.list(), known)
        if loaded_before and not found.listed and self.settings.deleted == "withdraw":
            require_data(self.source, loaded_before=True)
        if problem := unrecognised_source(found, self.source.url):
            raise WrongSource(problem)
        return make_plan(found, known, self.settings, layout_problems(found, self.source.url))

    def plan_some(self, listed: Mapping[Partition, Iterable[SourceObject]]) -> LoadPlan:
        """Compare some partitions, just listed, with the ledger. Raises WarehouseError."""
        self._refuse_files_for_redshift()
        known, numbers = self.warehouse.retried(partial(self._known_of, listed))
        found = difference(chain.from_iterable(listed.values()), known)
        found.known = numbers
        return make_plan(found, known, self.settings)

    def listed(
        self, partitions: Iterable[Partition], patience: Callable[[], bool] = lambda: True
    ) -> dict[Partition, list[SourceObject]]:
        """The objects of some partitions, from a listing of nothing but the folders that they are in.

        At least one partition is listed; the rest is left out as soon as `patience` returns False. Raises SourceError.
        """
        found: dict[Partition, list[SourceObject]] = {}
        sharing: dict[tuple[str, ...], list[Partition]] = {}
        for partition in sorted(partitions):
            sharing.setdefault(beginnings_of(partition), []).append(partition)
        for beginnings, members in sharing.items():
            found |= {partition: [] for partition in members}
            for item in chain.from_iterable(map(self.source.list, beginnings)):
                if (of := partition_of(item.key)) in members:
                    found[of].append(item)
            if not patience():
                break
        return found

    def _known(self) -> dict[Partition, KnownPartition]:
        with self.warehouse.reading() as transaction:
            return ledger.known_partitions(transaction)

    def _seen(self) -> dict[Partition, KnownPartition]:
        with self.warehouse.looking() as transaction:
            return ledger.known_partitions(transaction) if transaction else {}

    def _known_of(
        self, partitions: Collection[Partition]
    ) -> tuple[dict[Partition, KnownPartition], Counter[Dataset]]:
        """What the ledger knows of some partitions, and of how many objects of each data set it knows at all."""
        with self.warehouse.reading() as transaction:
            known = ledger.known_partitions(transaction, partitions)
            return known, Counter(dict(transaction.rows("ledger/known_objects_count")))

    def _refuse_files_for_redshift(self) -> None:
        if self.warehouse.redshift and not all(
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
        narrow: bool = False,
        run_id: str | None = None,
    ) -> Iterator[BatchResult]:
        """Load what is pending in a data set, batch by batch: all partitions, or only the given ones.

        `reload` also loads what has not changed. With `narrow`, only the folders of the given partitions are listed,
        not the whole source. `run_id` is the run that the ledger names. A batch that cannot be loaded does not stop the
        others; BatchesFailed is raised at the end. Raises DeletionsRefused before anything is changed, and at once
        whatever concerns every batch: SourceError, WarehouseError, and psycopg2's connection errors.
        """
        among = [Partition(dataset, key) for key in keys or ()] if narrow else []
        done: set[Partition] = set()
        failures: list[tuple[Collection[Partition], Exception]] = []
        for attempt in range(READ_ATTEMPTS):
            moved = False
            if self.planned and attempt == 0:
                plan = self.planned
            else:
                plan = self.plan_some(self.listed(among)) if among else self.plan()
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
        """Load the wanted partitions in batches and yield what became of each batch."""
        if wanted:
            self.work.sweep(LEFT_BEHIND)
        course = Course(sum(item.size for p in wanted for item in plan.to_read(p)))
        blank = Batch(dataset, {}, {}, reload, frozenset(plan.kept), run_id=run_id)
        batches = deque(map(blank.of, in_batches({p: plan.to_read(p) for p in wanted})))
        with StagingAhead(partial(self._staged, course), self.progress) as ahead:
            while batches:
                batch = batches.popleft()
                outcome: BatchResult | Exception
                try:
                    outcome = self._load_batch(course, batch, ahead, batches)
                except Exception as error:
                    if isinstance(error, TooManyRefused) and len(error.partitions) > 1:
                        batches.extendleft(map(batch.of, reversed(halves(batch.objects))))
                        continue
                    if concerns_all(error):
                        raise
                    outcome = error
                yield batch.objects, outcome

    def _load_batch(
        self, course: Course, batch: Batch, ahead: StagingAhead, later: Sequence[Batch]
    ) -> BatchResult:
        """Load one batch without the objects that cannot be read, and begin to stage the first of the later ones. A
        partition in which COPY rejects more records than MAXERROR allows is blocked. Raises TooManyRefused if one COPY
        read several partitions, so that each half may be tried by itself.
        """
        stage_and_publish = partial(self._stage_and_publish, course, batch, ahead, later)
        while True:
            try:
                return self.without_unreadable(batch, lambda: self.warehouse.retried(stage_and_publish))
            except TooManyRefused as error:
                if len(error.partitions) > 1 or error.partitions[0].key in batch.refused:
                    raise
                batch.give_up(error.partitions[0], f"COPY gave up: {line(error)}")

    def _stage_and_publish(
        self, course: Course, batch: Batch, ahead: StagingAhead, later: Sequence[Batch]
    ) -> BatchResult:
        """Take a batch from its objects to the readers, on one connection."""
        started = time.perf_counter()
        with ahead.staged(batch) as (session, staged):
            batch.stage_seconds = time.perf_counter() - started
            if later:
                ahead.begin(later[0])
            size, progress = size_of(batch), course.of(batch, self.progress)
            done = Amount(sum(item.rows_staged for item in staged), size, size)
            tell = partial(progress, "publish", batch.dataset, done)
            result = replace(self.publisher, tell=tell).publish(session, batch, staged)
            tell(1.0)
            return result

    def without_unreadable(self, batch: Batch, bring: Callable[[], Result]) -> Result:
        """Call what stages a batch, and call it again without the objects that turn out to be unreadable; they are then
        in `batch.unreadable`. Raises CopyFailed if the failure is not about an object of the batch.
        """
        while True:
            try:
                return bring()
            except TooManyRefused:
                raise
            except CopyFailed as error:
                batch.unreadable |= self._unreadable(batch, error)

    def _unreadable(self, batch: Batch, error: CopyFailed) -> dict[str, str]:
        """The object that made COPY fail, and every other compressed object that would, so that one more try is enough.

        Redshift may name the manifest instead of the object, so compressed objects are examined in any case. Raises the
        error itself if it is not about an object of the batch.
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

    @contextmanager
    def _staged(
        self, course: Course, batch: Batch, progress: Progress
    ) -> Iterator[tuple[Session, list[StagedPartition]]]:
        """Stage a batch and yield the session whose temporary tables hold it."""
        batch.id = uuid.uuid4().hex
        try:
            with self.warehouse.session() as session:
                with session.transaction(lock=False) as transaction:
                    staged = Stager(self.settings, self.source, self.work, course.of(batch, progress)).stage(
                        transaction, batch
                    )
                yield session, staged
        finally:
            with suppress(SourceError):  # what is left is swept by a later load
                self.work.delete(batch.written)


def concerns_all(error: Exception) -> bool:
    """Whether every other batch would fail likewise, because the source, the warehouse, or the permissions of COPY (its
    role, its region, the JSONPaths) are at fault. A COPY that fails for an object of its batch is repeated without that
    object.
    """
    if isinstance(error, CopyFailed):
        return not isinstance(error, TooManyRefused)
    fault = fault_of(error)
    return isinstance(error, SourceError | WarehouseError) or (fault is not None and fault.action != "again")


def open_loader(settings: Settings, **options: Any) -> Loader:
    """The loader from the source to the warehouse that the settings name. `options` are passed to the warehouse."""
    return Loader(
        settings, open_warehouse(settings, **options), open_source(settings), open_store(settings.work)
    )
