"""One load: list, incoming, audit, publish; the same for days of events and prefixes of songs.

COPY brings a batch of partitions into tables of the session's own, where it holds no lock and nobody sees it. One
transaction then takes the lock, writes the batch into staging and all that follows from it, asks the gates of
`sql/checks`, and lists the source again; whatever fails, readers see the state before. The ledger in the warehouse says
what is done, so a load that was killed is done by the next, and one that is repeated changes nothing.

Belongs here: the order of these steps. Does not: their SQL (`sql/`), Dagster (`assets`), what is new (`arrivals`).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from sparkify_assets import ledger, sql
from sparkify_assets.arrivals import Difference, KnownPartition, SourceObject, difference
from sparkify_assets.checks import GATES, Violation, violations
from sparkify_assets.compaction import Compacted, compact
from sparkify_assets.ledger import StagedPartition
from sparkify_assets.partitions import Dataset, Partition, in_range
from sparkify_assets.quarantine import Reject, located, with_raw
from sparkify_assets.resources.embedded import CopyError
from sparkify_assets.resources.landing_zone import ObjectStore, manifest
from sparkify_assets.resources.redshift import Session, Transaction, Warehouse, is_conflict
from sparkify_assets.settings import Settings

#: What one batch may read, in bytes as stored: large enough that the set-based merges pay, small enough that a
#: transaction ends within minutes.
BATCH_BYTES = 1024 * 1024 * 1024

#: How often a load lists anew when objects change under it.
READ_ATTEMPTS = 3

#: From this share of a table's rows on, a batch makes the planner's statistics wrong: Redshift's own threshold
#: (https://docs.aws.amazon.com/redshift/latest/dg/r_ANALYZE.html, analyze_threshold_percent).
ANALYZE_SHARE = 0.1

#: The tables that publishing a batch changes, with the merge that does it, in order.
MERGES: Mapping[Dataset, Sequence[tuple[str, str | None]]] = {
    "events": (
        ("merge/staging_events", None),
        ("analyze/staging_events", None),
        ("merge/plays_of_days", None),
        ("merge/songplays", "songplays"),
        ("merge/users", "users"),
        ("merge/time", "time"),
        ("analyze/star_of_events", None),
    ),
    "songs": (
        ("merge/staging_songs", None),
        ("analyze/staging_songs", None),
        ("merge/songs", "songs"),
        ("merge/artists", "artists"),
        ("analyze/star_of_songs", None),
        ("merge/plays_of_titles", None),
        ("merge/songplays", "songplays"),
    ),
}

#: What finds a record of a fault again: column of `incoming` -> key in the record.
_EVENT_FIELDS = {
    "page": "page", "auth": "auth", "user_id": "userId", "session_id": "sessionId",
    "item_in_session": "itemInSession", "ts": "ts",
}  # fmt: skip
_SONG_FIELDS = {"song_id": "song_id", "artist_id": "artist_id", "title": "title"}


class DeletionsRefused(RuntimeError):
    """The listing lacks so much of what is known that nothing is changed until somebody accepts it."""


class SourceChanged(RuntimeError):
    """An object was overwritten or deleted while it was read; the batch was rolled back."""


class RulesRefused(RuntimeError):
    """The star rebuilt by today's SQL does not pass the gates; nothing was changed."""


@dataclass(frozen=True)
class Changes:
    """What a merge did to a table, in rows."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.inserted + other.inserted, self.updated + other.updated, self.deleted + other.deleted
        )


@dataclass(frozen=True)
class PartitionResult:
    """What became of one partition. `state` is published, withdrawn, blocked, or unchanged where somebody else
    had loaded the same version; `verdict` says why it is blocked.
    """

    partition: Partition
    state: str
    objects: int
    bytes: int
    records_read: int
    rows_staged: int
    rows_quarantined: int
    verdict: str | None = None


@dataclass
class BatchResult:
    """What became of a batch: its partitions, the rows each table gained and lost, the seconds it took, and the days
    whose plays were matched again because songs changed.
    """

    partitions: list[PartitionResult]
    changes: dict[str, Changes] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    rematched_days: list[str] = field(default_factory=list)
    plays: dict[str, int] = field(default_factory=dict)  # day -> plays written
    violations: list[Violation] = field(default_factory=list)  # of the gates that blocked partitions


@dataclass(frozen=True)
class Survey:
    """The source against the ledger."""

    difference: Difference
    known: Mapping[Partition, KnownPartition]
    outside: tuple[str, ...]  # days that the settings leave out
    rules: str  # the fingerprint of the SQL in force

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
        return was.state == "blocked" and was.sql_hash != self.rules


#: Called with a phase (`incoming`, `publish`), partitions done and partitions in all.
Progress = Callable[[str, Dataset, int, int], None]


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
    errors: list[str] = field(default_factory=list)  # of the runs that drove it

    def survey(self) -> Survey:
        """List the whole source and compare it with the ledger. Raises SourceError, WarehouseError."""
        self.warehouse.ensure_tables()
        with self.warehouse.transaction(lock=False) as transaction:
            known = ledger.known_partitions(transaction)
        found = difference(self.source.list(), known)
        today = datetime.now(UTC).date()
        outside = [
            p.key for p in found.listed if p.dataset == "events" and not in_range(p.key, self.settings, today)
        ]
        for day in outside:
            found.changed.pop(Partition("events", day), None)
        if self.settings.deleted == "keep":
            for partition, change in list(found.changed.items()):
                if not change.new and not change.overwritten:
                    del found.changed[partition]
        return Survey(found, known, tuple(sorted(outside)), sql.rules_hash())

    def load(
        self,
        dataset: Dataset,
        keys: Collection[str] | None = None,
        *,
        reload: bool = False,
        accept_deletions: bool = False,
    ) -> Iterator[BatchResult]:
        """Load what is pending of a data set, batch by batch: of all partitions, or of the given ones.

        `reload` loads what is listed of them whether it changed or not. Raises DeletionsRefused before anything is
        changed, SourceChanged where objects keep changing while they are read, SourceError, WarehouseError, and
        psycopg2's errors.
        """
        loaded: set[str] = set()
        for attempt in range(READ_ATTEMPTS):
            try:
                for result in self._load(
                    dataset, keys, loaded, reload=reload, accept_deletions=accept_deletions
                ):
                    loaded.update(item.partition.key for item in result.partitions)
                    self.results.append(result)
                    yield result
                return
            except SourceChanged:
                if attempt == READ_ATTEMPTS - 1:
                    raise

    def _load(
        self,
        dataset: Dataset,
        keys: Collection[str] | None,
        loaded: Collection[str],
        *,
        reload: bool,
        accept_deletions: bool,
    ) -> Iterator[BatchResult]:
        survey = self.survey()
        if survey.difference.looks_incomplete and not accept_deletions:
            raise DeletionsRefused(
                f"{self.source.url}: {survey.difference.looks_incomplete}; nothing was changed"
                " (accept it with --accept-deletions)"
            )
        wanted = [p for p in survey.pending(dataset) if keys is None or p.key in keys]
        if reload:
            listed = (p for p in survey.difference.listed if p.dataset == dataset)
            again = {p for p in listed if (keys is None or p.key in keys) and p.key not in survey.outside}
            wanted = sorted(again.union(wanted))
        wanted = [p for p in wanted if p.key not in loaded]
        done = 0
        for group in _batches({p: survey.difference.listed.get(p, []) for p in wanted}):
            for result in self._load_batch(dataset, group, reload):
                done += len(result.partitions)
                self.progress("publish", dataset, done, len(wanted))
                yield result

    def _load_batch(
        self, dataset: Dataset, objects: dict[Partition, list[SourceObject]], reload: bool
    ) -> Iterator[BatchResult]:
        """One batch; a partition with an object that COPY cannot read goes by itself, without that object."""
        queue: list[tuple[dict[Partition, list[SourceObject]], dict[str, str]]] = [(objects, {})]
        while queue:
            group, unreadable = queue.pop(0)
            batch = _Batch(dataset, group, unreadable, reload)
            try:
                yield self.warehouse.retried(partial(self._bring_and_publish, batch))
            except CopyError as error:
                queue = self._without_unreadable(batch, error) + queue

    def _bring_and_publish(self, batch: _Batch) -> BatchResult:
        """A batch from its objects to the readers, on one connection."""
        started = time.perf_counter()
        batch.id = uuid.uuid4().hex
        try:
            with self.warehouse.session() as session:
                with session.transaction(lock=False) as transaction:
                    transaction.run("ddl/incoming_batch")
                    bring = self._bring_events if batch.dataset == "events" else self._bring_songs
                    staged = bring(transaction, batch)
                brought = time.perf_counter()
                result = self._publish(session, batch, staged)
        finally:
            self.work.delete(batch.written)
        result.seconds = {"incoming": brought - started, "publish": time.perf_counter() - brought}
        return result

    def _without_unreadable(
        self, batch: _Batch, error: CopyError
    ) -> list[tuple[dict[Partition, list[SourceObject]], dict[str, str]]]:
        """The batch again in two: the partition of the object that could not be read, without it, and the rest."""
        key = self.source.key_of(error.object_url) if error.object_url else None
        culprit = next((p for p, items in batch.objects.items() if any(i.key == key for i in items)), None)
        if key is None or culprit is None or key in batch.unreadable:
            raise error
        rest = {p: items for p, items in batch.objects.items() if p != culprit}
        alone = {culprit: batch.objects[culprit]}
        again = [(alone, {**batch.unreadable, key: f"unreadable object: {error.reason}"})]
        return again + ([(rest, {})] if rest else [])

    def republish(self) -> dict[str, Changes]:
        """Rebuild the star from what is staged, by today's SQL, in one transaction; the rows each table then holds.

        Raises RulesRefused, with nothing changed, where the result does not pass the gates.
        """
        return self.warehouse.retried(self._republish)

    def _republish(self) -> dict[str, Changes]:
        changes: dict[str, Changes] = {}
        with self.warehouse.transaction() as transaction:
            bounds = {row[0]: (row[1], row[2]) for row in transaction.rows("ledger/published_bounds")}
            transaction.run("ddl/incoming_batch")
            transaction.run("merge/republish_songs")
            for name in ("songs", "artists"):
                changes[name] = Changes(*transaction.rows(f"merge/{name}")[0])
            transaction.run("merge/republish_events")
            first, last = bounds.get("events", ("0001-01-01", "0001-01-01"))
            transaction.run("merge/plays_of_days", first=first, last=last)
            for name in ("songplays", "users", "time"):
                changes[name] = Changes(*transaction.rows(f"merge/{name}", first=first, last=last)[0])
            transaction.run("ledger/republished", sql_hash=sql.rules_hash())
            failed = [
                violation
                for dataset, (first, last) in bounds.items()
                for gate in GATES[dataset]
                for violation in violations(transaction, gate, first, last, self.settings)
            ]
            if failed:
                raise RulesRefused(f"the rebuilt star does not pass: {verdict(failed)}")
        return changes

    # ------------------------------------------------------------------ incoming

    def _bring_events(self, transaction: Transaction, batch: _Batch) -> list[StagedPartition]:
        jsonpaths = self._write(
            batch, "log_json_path.json", (sql.FOLDER / "copy/log_json_path.json").read_bytes()
        )
        copied: dict[Partition, int] = {}
        rejects: dict[Partition, list[Reject]] = {}
        for done, (partition, objects) in enumerate(batch.objects.items(), 1):
            self.progress("incoming", "events", done, len(batch.objects))
            rejects[partition] = batch.unreadable_of(partition)
            copied[partition] = 0
            transaction.run("ddl/arriving_events")
            for name, packed in (("copy/events", False), ("copy/events_gzip", True)):
                chosen = [o for o in batch.readable(objects) if o.key.endswith(".gz") == packed]
                if chosen:
                    label = f"{partition.key}{'-gzip' * packed}"
                    self._copy(transaction, name, batch, label, self.source, chosen, jsonpaths)
                    copied[partition] += transaction.value("copy/copied_rows")
                    rejects[partition] += with_raw(self.source, self._refused(transaction, self.source))
            transaction.run(
                "copy/incoming_events", batch_id=batch.id, event_date=date.fromisoformat(partition.key)
            )
        read = {partition: copied[partition] + len(rejects[partition]) for partition in batch.objects}
        faults: dict[str, list[dict[str, Any]]] = {}
        for fault in transaction.records("copy/faulty_events"):
            faults.setdefault(str(fault["event_date"]), []).append(fault)
        for day, found in faults.items():
            partition = Partition("events", day)
            keys = [item.key for item in batch.readable(batch.objects[partition])]
            rejects[partition] += located(self.source, keys, found, _EVENT_FIELDS)
        staged = {str(day): rows for day, rows in transaction.rows("copy/staged_events")}
        return [
            StagedPartition(
                partition=partition,
                objects=objects,
                content_hashes={item.key: self.source.content_hash(item) for item in objects},
                records_read=read[partition],
                rows_staged=staged.get(partition.key, 0),
                rejects=rejects[partition],
            )
            for partition, objects in batch.objects.items()
        ]

    def _bring_songs(self, transaction: Transaction, batch: _Batch) -> list[StagedPartition]:
        compacted = compact(self.source, self.work, batch.id, {p.key: o for p, o in batch.objects.items()})
        batch.written.extend(part.key for part in compacted.parts)
        rejects = compacted.rejects
        if compacted.parts:
            self._copy(transaction, "copy/songs", batch, "songs", self.work, compacted.parts)
            for prefix, refused in self._refused_songs(transaction, compacted).items():
                rejects[prefix] += with_raw(self.source, refused)
        transaction.run("copy/incoming_songs")
        for fault in transaction.records("copy/faulty_songs"):
            prefix = fault["song_prefix"]
            keys = [item.key for item in batch.objects[Partition("songs", prefix)]]
            rejects[prefix] += located(self.source, keys, [fault], _SONG_FIELDS)
        staged = dict(transaction.rows("copy/staged_songs"))
        return [
            StagedPartition(
                partition=partition,
                objects=objects,
                content_hashes={item.key: compacted.content_hashes.get(item.key) for item in objects},
                records_read=compacted.records[partition.key],
                rows_staged=staged.get(partition.key, 0),
                rejects=rejects[partition.key],
            )
            for partition, objects in batch.objects.items()
        ]

    def _copy(
        self,
        transaction: Transaction,
        name: str,
        batch: _Batch,
        label: str,
        store: ObjectStore,
        objects: Sequence[SourceObject],
        jsonpaths: str | None = None,
    ) -> None:
        transaction.run(
            name,
            manifest=self._write(batch, f"{label}.manifest", manifest(store, objects)),
            jsonpaths=jsonpaths,
            iam_role=self.settings.iam_role,
            region=self.settings.region,
        )

    def _write(self, batch: _Batch, name: str, content: bytes) -> str:
        """Write an object of a batch into the work area, where it stays until its batch is incoming."""
        key = f"{batch.id}/{name}"
        batch.written.append(key)
        return self.work.write(key, content)

    def _refused(self, transaction: Transaction, store: ObjectStore) -> list[Reject]:
        """What the last COPY refused."""
        return [
            Reject(store.key_of(url.strip()), line, (column and column.strip()) or None, reason.strip(), None)
            for url, line, column, reason in transaction.rows("copy/load_errors")
        ]

    def _refused_songs(self, transaction: Transaction, compacted: Compacted) -> dict[str, list[Reject]]:
        """What COPY refused of compacted objects, each at its place in the source."""
        refused: dict[str, list[Reject]] = {}
        for reject in self._refused(transaction, self.work):
            origin = compacted.origins[reject.object_key or ""][(reject.position or 1) - 1]
            refused.setdefault(origin.prefix, []).append(
                reject._replace(object_key=origin.object_key, position=origin.position)
            )
        return refused

    def _verify_versions(self, staged: Sequence[StagedPartition]) -> None:
        """Nothing that was read may have changed meanwhile: a manifest cannot pin versions."""
        read = [item for part in staged for item in part.objects]
        now = self.source.versions(read)
        for item in read:
            if now.get(item.key) != item.version_token:
                raise SourceChanged(f"{item.key} was overwritten or deleted while it was read; load again")

    # ------------------------------------------------------------------ audit and publish

    def _publish(
        self, session: Session, batch: _Batch, staged: Sequence[StagedPartition], release: str | None = None
    ) -> BatchResult:
        """Publish what passes of a batch and block the rest; one transaction.

        Which partitions those are is found out by trying: where a gate fails, the transaction is rolled back and
        done again without the partitions that failed it.
        """
        failed: dict[str, list[Violation]] = {}

        def once() -> BatchResult | dict[str, list[Violation]]:
            try:
                with session.transaction() as transaction:
                    return self._publish_once(transaction, batch, staged, failed, release)
            except _GatesFailed as refusal:
                return refusal.by_partition

        while not isinstance(outcome := self.warehouse.retried(once, is_conflict), BatchResult):
            failed |= outcome
        outcome.violations = [violation for found in failed.values() for violation in found]
        return outcome

    def _publish_once(
        self,
        transaction: Transaction,
        batch: _Batch,
        staged: Sequence[StagedPartition],
        failed: Mapping[str, list[Violation]],
        release: str | None,
    ) -> BatchResult:
        result = BatchResult([])
        if release is None:
            staged = batch.without_loaded(staged, ledger.known_partitions(transaction))
        keys = [item.partition.key for item in staged]
        if keys:
            if release is None:
                ledger.discard_blocked(transaction, batch.dataset, keys)
                ledger.record(transaction, batch.id, staged, sql_hash=sql.rules_hash(), run_id=self.run_id)
            for key, found in failed.items():
                ledger.block(transaction, batch.id, batch.dataset, key, verdict(found))
            publishing = [key for key in keys if key not in failed]
            if publishing:
                self._merge(transaction, batch, publishing, release, result)
                if release is None:
                    self._audit(transaction, batch.dataset, publishing)
                    self._verify_versions(staged)
            result.partitions = self._outcomes(transaction, batch)
        return result

    def _merge(
        self,
        transaction: Transaction,
        batch: _Batch,
        keys: Sequence[str],
        release: str | None,
        result: BatchResult,
    ) -> None:
        bounds = {"first": min(keys), "last": max(keys)}
        share = transaction.value("ledger/batch_share", batch_id=batch.id, dataset=batch.dataset)
        for name, table in MERGES[batch.dataset]:
            if name.startswith("analyze/") and share < ANALYZE_SHARE:
                continue
            transaction.run(name, batch_id=batch.id, **bounds)
            if table:
                result.changes[table] = Changes(*transaction.cursor.fetchall()[0])
        result.plays = {str(day): plays for day, plays in transaction.rows("merge/plays_by_day")}
        if batch.dataset == "songs":
            result.rematched_days = list(result.plays)
        transaction.run("ledger/publish", batch_id=batch.id, release_reason=release)

    def _audit(self, transaction: Transaction, dataset: Dataset, keys: Sequence[str]) -> None:
        failed: dict[str, list[Violation]] = {}
        for gate in GATES[dataset]:
            for violation in violations(transaction, gate, min(keys), max(keys), self.settings):
                if violation.partition_key in keys:
                    failed.setdefault(violation.partition_key, []).append(violation)
        if failed:
            raise _GatesFailed(failed)

    def _outcomes(self, transaction: Transaction, batch: _Batch) -> list[PartitionResult]:
        sizes = dict(transaction.rows("ledger/batch_bytes", batch_id=batch.id))
        return [
            PartitionResult(
                partition=Partition(batch.dataset, state.key),
                state=state.state,
                objects=state.objects,
                bytes=sizes.get(state.key, 0),
                records_read=state.records_read,
                rows_staged=state.rows_staged,
                rows_quarantined=state.rows_quarantined,
                verdict=state.verdict,
            )
            for state in ledger.batch(transaction, batch.id)
        ]


@dataclass
class _Batch:
    """Partitions on their way to readers. The id is that of the last try."""

    dataset: Dataset
    objects: dict[Partition, list[SourceObject]]
    unreadable: dict[str, str]  # object key -> why
    reload: bool = False
    id: str = ""
    written: list[str] = field(default_factory=list)  # keys in the work area

    def readable(self, objects: Sequence[SourceObject]) -> list[SourceObject]:
        """Those of the objects that COPY can read."""
        return [item for item in objects if item.key not in self.unreadable]

    def unreadable_of(self, partition: Partition) -> list[Reject]:
        """The others of a partition, each a reject of its own."""
        return [
            Reject(item.key, None, None, self.unreadable[item.key], None)
            for item in self.objects[partition]
            if item.key in self.unreadable
        ]

    def without_loaded(
        self, staged: Sequence[StagedPartition], known: Mapping[Partition, KnownPartition]
    ) -> list[StagedPartition]:
        """Leave out what another load has published in between, in the very same version."""
        return [
            item
            for item in staged
            if self.reload
            or (was := known.get(item.partition)) is None
            or was.state != "published"
            or dict(was.objects) != {o.key: o.version_token for o in item.objects}
        ]


class _GatesFailed(Exception):
    def __init__(self, by_partition: dict[str, list[Violation]]) -> None:
        super().__init__("gates failed")
        self.by_partition = by_partition


def verdict(found: Sequence[Violation]) -> str:
    """Why a partition is blocked, as JSON: check, number of offending rows, a sample of them."""
    return json.dumps(
        [{"check": v.check, "violations": v.count, "sample": v.sample} for v in found],
        default=str,
        ensure_ascii=False,
    )


def _batches(
    objects: Mapping[Partition, list[SourceObject]],
) -> Iterator[dict[Partition, list[SourceObject]]]:
    """Partitions in groups of at most BATCH_BYTES; a larger partition is a group of its own."""
    group: dict[Partition, list[SourceObject]] = {}
    size = 0
    for partition, items in objects.items():
        weight = sum(item.size for item in items)
        if group and size + weight > BATCH_BYTES:
            yield group
            group, size = {}, 0
        group[partition] = items
        size += weight
    if group:
        yield group
