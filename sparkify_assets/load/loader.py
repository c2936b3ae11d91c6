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
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from redshift_local import CopyError
from sparkify_assets.errors import told
from sparkify_assets.load import ledger
from sparkify_assets.load.publish import Publisher, SourceChanged
from sparkify_assets.load.quarantine import UNREADABLE, unreadable
from sparkify_assets.load.results import Batch, BatchResult, halves, in_batches
from sparkify_assets.load.stage import Bringer, Progress, TooManyRefused
from sparkify_assets.model import queries
from sparkify_assets.model.datasets import Dataset, Partition, in_range, named
from sparkify_assets.settings import Settings
from sparkify_assets.source.changes import Change, Difference, KnownPartition, difference
from sparkify_assets.source.store import ObjectStore, SourceError, SourceObject
from sparkify_assets.source.urls import open_source, open_store
from sparkify_assets.warehouse.connection import Warehouse, open_warehouse
from sparkify_assets.warehouse.errors import WarehouseError, fault_of, line

Result = TypeVar("Result")

#: What is older than this in the work area was left there by a load that was killed.
LEFT_BEHIND = timedelta(days=2)

#: How often a load lists anew when objects change under it.
READ_ATTEMPTS = 3


class DeletionsRefused(RuntimeError):
    """The listing lacks so much of what is known that nothing is changed until somebody accepts it."""


class BatchesFailed(RuntimeError):
    """Some batches could not be loaded, and all others were. `failures` has their partitions, each with the error."""

    def __init__(self, failures: Sequence[tuple[Collection[Partition], Exception]]) -> None:
        super().__init__("\n".join(f"{named(partitions)}: {told(error)}" for partitions, error in failures))
        self.failures = failures


@dataclass(frozen=True)
class Survey:
    """The source against the ledger."""

    difference: Difference
    known: Mapping[Partition, KnownPartition]
    outside: tuple[str, ...]  # days that the settings leave out
    rules: queries.Rules  # in force
    keeps: bool  # what is gone from the source stays loaded
    kept: Mapping[Partition, Change]  # partitions with objects that are gone from the source and stay loaded

    @property
    def suspicion(self) -> str | None:
        """Why this listing should change nothing, or None; where what is gone is kept, nothing can be lost."""
        return None if self.keeps else self.difference.looks_incomplete

    def guard_deletions(self, accepted: bool) -> None:
        """Raise DeletionsRefused where the listing lacks too much to be believed without a word."""
        if self.suspicion and not accepted:
            raise DeletionsRefused(
                f"{self.suspicion}; nothing was changed (accept it with --accept-deletions)"
            )

    @property
    def inseparable(self) -> list[Partition]:
        """Partitions that cannot be loaded while what is gone is kept: an object of theirs was overwritten, and its
        former rows cannot be told from those of the object that is gone.
        """
        return sorted(partition for partition, change in self.kept.items() if change.overwritten)

    def to_read(self, partition: Partition) -> list[SourceObject]:
        """The objects that a load of the partition reads: all, or only the new where the others are kept."""
        listed = self.difference.listed.get(partition, [])
        if partition not in self.kept:
            return listed
        return [item for item in listed if item.key in self.kept[partition].new]

    def pending(self, dataset: Dataset) -> list[Partition]:
        """What a load has to do: what changed, and what was blocked by other rules than today's. What is blocked by
        today's rules waits for its source to change.
        """
        outdated = {
            p for p, was in self.known.items() if p.dataset == dataset and self._outdated_verdict(was)
        }
        return sorted({p for p in self.difference.changed if p.dataset == dataset} | outdated)

    def blocked(self) -> list[Partition]:
        """Partitions that stay blocked until their source or the rules change."""
        return sorted(
            partition
            for partition, was in self.known.items()
            if was.state == "blocked"
            and not self._outdated_verdict(was)
            and partition not in self.difference.changed
        )

    def _outdated_verdict(self, was: KnownPartition) -> bool:
        return was.state == "blocked" and was.rules != self.rules


def _silent(phase: str, dataset: Dataset, done: int, total: int) -> None:
    """Nobody watches."""


@dataclass
class Loader:
    """Loads from one source into one warehouse."""

    settings: Settings
    warehouse: Warehouse
    source: ObjectStore
    work: ObjectStore
    run_id: str | None = None
    progress: Progress = _silent
    results: list[BatchResult] = field(default_factory=list)  # of every load since this loader was made
    failed: set[Partition] = field(default_factory=set)  # what such a load could not load, for an error
    errors: list[str] = field(default_factory=list)  # of the runs that drove it

    @property
    def publisher(self) -> Publisher:
        """What publishes, releases and rebuilds in this loader's warehouse."""
        return Publisher(self.settings, self.warehouse, self.source, self.run_id)

    def survey(self) -> Survey:
        """List the whole source and compare it with the ledger. Raises SourceError, WarehouseError."""
        self._refuse_files_for_redshift()
        known = self.warehouse.retried(self._known)
        return self._compare(difference(self.source.list(), known), known)

    def survey_some(self, listed: Mapping[Partition, Iterable[SourceObject]]) -> Survey:
        """Compare some partitions, just listed, with the ledger. Raises WarehouseError."""
        self._refuse_files_for_redshift()
        known, known_objects = self.warehouse.retried(partial(self._known_of, listed))
        found = difference(chain.from_iterable(listed.values()), known)
        found.known_objects = known_objects
        return self._compare(found, known)

    def _compare(self, found: Difference, known: Mapping[Partition, KnownPartition]) -> Survey:
        """A difference under the settings: their days, and what they keep."""
        today = datetime.now(UTC).date()
        outside = [
            p.key for p in found.listed if p.dataset == "events" and not in_range(p.key, self.settings, today)
        ]
        for day in outside:
            found.changed.pop(Partition("events", day), None)
        kept: dict[Partition, Change] = {}
        keeps = self.settings.deleted == "keep"
        if keeps:
            kept = {p: change for p, change in found.changed.items() if change.deleted}
            for partition, change in kept.items():
                if change.new and not change.overwritten:
                    continue  # what is new comes beside what is kept
                del found.changed[partition]
        return Survey(found, known, tuple(sorted(outside)), queries.rules(), keeps, kept)

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
    ) -> Iterator[BatchResult]:
        """Load what is pending of a data set, batch by batch: of all partitions, or of the given ones.

        `reload` loads what is listed of them whether it changed or not. A batch that cannot be loaded leaves the others
        to be loaded; BatchesFailed is raised at the end then. Raises DeletionsRefused before anything is changed, and
        at once what concerns every batch: SourceError, WarehouseError, and psycopg2's errors of the connection.
        """
        done: set[str] = set()
        failures: list[tuple[Collection[Partition], Exception]] = []
        for attempt in range(READ_ATTEMPTS):
            moved = False
            for group, outcome in self._load(
                dataset, keys, done, reload=reload, accept_deletions=accept_deletions
            ):
                if isinstance(outcome, SourceChanged) and attempt < READ_ATTEMPTS - 1:
                    moved = True
                    continue
                done.update(partition.key for partition in group)
                if isinstance(outcome, BatchResult):
                    self.results.append(outcome)
                    yield outcome
                else:
                    self.failed.update(group)
                    failures.append((group, outcome))
            if not moved:
                break
        if failures:
            raise BatchesFailed(failures) from failures[0][1]

    def _load(
        self,
        dataset: Dataset,
        keys: Collection[str] | None,
        done: Collection[str],
        *,
        reload: bool,
        accept_deletions: bool,
    ) -> Iterator[tuple[Collection[Partition], BatchResult | Exception]]:
        """The batches of what is pending and not done, each with what became of it."""
        survey = self.survey()
        survey.guard_deletions(accept_deletions)
        wanted = [p for p in survey.pending(dataset) if keys is None or p.key in keys]
        if reload:
            listed = (p for p in survey.difference.listed if p.dataset == dataset)
            again = {
                p
                for p in listed
                if (keys is None or p.key in keys) and p.key not in survey.outside and p not in survey.kept
            }
            wanted = sorted(again.union(wanted))
        wanted = [p for p in wanted if p.key not in done]
        if wanted:
            self.work.sweep(LEFT_BEHIND)
        tried = 0
        groups = deque(in_batches({p: survey.to_read(p) for p in wanted}))
        while groups:
            group = groups.popleft()
            outcome: BatchResult | Exception
            try:
                outcome = self._load_batch(dataset, group, reload, frozenset(survey.kept))
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

    def _load_batch(
        self,
        dataset: Dataset,
        objects: dict[Partition, list[SourceObject]],
        reload: bool,
        kept: frozenset[Partition],
    ) -> BatchResult:
        """One batch, without the objects that cannot be read. A partition of which COPY refuses more records than it
        may is blocked; raises TooManyRefused where one COPY was of several partitions, and halves of them may pass.
        """
        batch = Batch(dataset, objects, {}, reload, kept)
        while True:
            try:
                return self.past_unreadable(
                    batch, lambda: self.warehouse.retried(partial(self._bring_and_publish, batch))
                )
            except TooManyRefused as error:
                if len(error.partitions) > 1 or error.partitions[0].key in batch.refused:
                    raise
                batch.give_up(error.partitions[0], f"COPY gave up: {line(error)}")

    def past_unreadable(self, batch: Batch, bring: Callable[[], Result]) -> Result:
        """Call what brings a batch, again without the objects that cannot be read where there are such; they are in
        `batch.unreadable` then. Raises CopyError where it is about no object of the batch.
        """
        while True:
            try:
                return bring()
            except TooManyRefused:
                raise
            except CopyError as error:
                batch.unreadable |= self._unreadable(batch, error)

    def _unreadable(self, batch: Batch, error: CopyError) -> dict[str, str]:
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

    def _bring_and_publish(self, batch: Batch) -> BatchResult:
        """A batch from its objects to the readers, on one connection."""
        started = time.perf_counter()
        batch.id = uuid.uuid4().hex
        bringer = Bringer(self.settings, self.source, self.work, self.progress)
        try:
            with self.warehouse.session() as session:
                with session.transaction(lock=False) as transaction:
                    staged = bringer.bring(transaction, batch)
                brought = time.perf_counter()
                result = self.publisher.publish(session, batch, staged)
        finally:
            with suppress(SourceError):  # what is left is swept by a later load
                self.work.delete(batch.written)
        result.seconds = {"incoming": brought - started, "publish": time.perf_counter() - brought}
        return result


def concerns_all(error: Exception) -> bool:
    """Whether an error is one of the source, the warehouse or what COPY may do (its role, its region, the JSONPaths),
    and no batch would fare better. A COPY that fails for an object of its batch is tried again without that object.
    """
    if isinstance(error, CopyError):
        return not isinstance(error, TooManyRefused)
    fault = fault_of(error)
    return isinstance(error, SourceError | WarehouseError) or (fault is not None and fault.action != "again")


def open_loader(settings: Settings, **options: Any) -> Loader:
    """The loader between the source and the warehouse that the settings name; `options` are the warehouse's."""
    return Loader(
        settings, open_warehouse(settings, **options), open_source(settings), open_store(settings.work)
    )
