"""The data of a load: a batch of partitions, and what became of it. No step of a load belongs here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from sparkify_assets.load.quarantine import Reject, Rejected, Rejects
from sparkify_assets.model.checks import Violation
from sparkify_assets.model.datasets import Dataset, Partition, named
from sparkify_assets.source.changes import KnownPartition
from sparkify_assets.source.store import SourceObject

#: How much one batch reads, in bytes as stored: enough for the set-based merges to pay off, and little enough for a
#: transaction to end within minutes. In between a load is cut into so many batches that one is staged while another is
#: published.
MIN_BATCH_BYTES, MAX_BATCH_BYTES, BATCHES = 64 * 1024 * 1024, 1024 * 1024 * 1024, 4


#: How many rejects of a partition a result keeps for display. All of them are in the quarantine.
MAX_REJECTS = 20


@dataclass
class StagedPartition:
    """One staged partition: the versions read, what became of their records, and what a person should know about them.
    `records_of` says how many records there are in each object that has a reject.
    """

    partition: Partition
    objects: list[SourceObject]
    content_hashes: dict[str, str | None]
    records_read: int
    rows_staged: int
    rejects: Rejects
    records_of: dict[str, int]
    unexpected_fields: list[dict[str, Any]] = field(default_factory=list)  # of fields.UnexpectedFields
    findings: list[Violation] = field(default_factory=list)

    def equal_objects(self) -> list[tuple[str, ...]]:
        """The keys of objects that have the same content, all of which are loaded: copies, or files that were delivered
        under two names. Empty objects do not count.
        """
        keys: dict[str, list[str]] = {}
        for item in self.objects:
            if item.size and (content_hash := self.content_hashes.get(item.key)):
                keys.setdefault(content_hash, []).append(item.key)
        return sorted(tuple(sorted(same)) for same in keys.values() if len(same) > 1)

    def faulty_objects(self) -> Iterator[tuple[str, str, int, str]]:
        """The objects of which nothing was staged: key, fault (`unreadable`, or `refused` if every record was
        rejected), the number of records, and why the first of them was rejected.
        """
        counts: Counter[str] = Counter()
        first: dict[str, Reject] = {}
        for reject in self.rejects:
            if reject.object_key is not None:
                counts[reject.object_key] += 1
                first.setdefault(reject.object_key, reject)
        for key, count in counts.items():
            if count >= self.records_of.get(key, math.inf):
                fault = "unreadable" if first[key].is_whole_object else "refused"
                yield key, fault, count, first[key].reason


@dataclass
class Batch:
    """Partitions that are loaded together. The id is that of the last attempt."""

    dataset: Dataset
    objects: dict[Partition, list[SourceObject]]
    unreadable: dict[str, str]  # object key -> why
    reload: bool = False
    kept: frozenset[Partition] = frozenset()  # partitions whose published rows stay beside what comes
    id: str = ""
    run_id: str | None = None  # the run that loads it
    stage_seconds: float = 0.0  # that publishing waited for
    ahead: set[str] = field(default_factory=set)  # merges that staging has run already
    written: list[str] = field(default_factory=list)  # keys in the work area
    packed: set[str] = field(default_factory=set)  # keys of objects that COPY unpacks
    refused: dict[str, list[Violation]] = field(default_factory=dict)  # keys of partitions that COPY gave up

    def of(self, objects: dict[Partition, list[SourceObject]]) -> Batch:
        """A batch of these partitions for the same load."""
        return Batch(self.dataset, objects, {}, self.reload, self.kept, run_id=self.run_id)

    def give_up(self, partition: Partition, reason: str) -> None:
        """Leave out a partition in which COPY rejected more records than MAXERROR allows, and block it with this
        reason.
        """
        self.unreadable |= {item.key: reason for item in self.readable(self.objects[partition])}
        check = f"{partition.dataset}_reject_share"
        self.refused[partition.key] = [Violation(check, partition.key, 1, [{"reason": reason}])]

    def readable(self, objects: Sequence[SourceObject]) -> list[SourceObject]:
        """The objects that COPY can read."""
        return [item for item in objects if item.key not in self.unreadable]

    def unreadable_of(self, partition: Partition) -> Rejected:
        """The unreadable objects of a partition, each as a reject."""
        rejected = Rejected()
        for item in self.objects[partition]:
            if item.key in self.unreadable:
                rejected.add(Rejected.unreadable(item.key, self.unreadable[item.key]))
        return rejected

    def without_loaded(
        self, staged: Sequence[StagedPartition], known: Mapping[Partition, KnownPartition]
    ) -> list[StagedPartition]:
        """Leave out the partitions that another load has meanwhile published in the same version."""
        return [
            item
            for item in staged
            if self.reload
            or (was := known.get(item.partition)) is None
            or was.state != "published"
            or dict(was.objects) != {o.key: o.version_token for o in item.objects}
        ]


@dataclass(frozen=True)
class Changes:
    """How many rows a merge inserted, gave other values, deleted, and made again as they were."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(*map(sum, zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class PartitionResult:
    """What became of one partition. `state` is published, withdrawn or blocked; `verdict` says why it is blocked.
    `rejects` are the first MAX_REJECTS in quarantine.
    """

    partition: Partition
    state: str
    objects: int
    bytes: int
    records_read: int
    rows_staged: int
    rows_quarantined: int
    verdict: str | None = None
    rejects: Sequence[Reject] = ()


@dataclass
class BatchResult:
    """What became of a batch: its partitions, the rows that each table gained and lost, the seconds that it took, and
    the days whose plays were matched again because songs changed.
    """

    partitions: list[PartitionResult]
    changes: dict[str, Changes] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    rematched_days: list[str] = field(default_factory=list)
    plays: dict[str, int] = field(default_factory=dict)  # day -> plays written
    violations: list[Violation] = field(default_factory=list)  # of the gates that blocked partitions
    warnings: list[Violation] = field(default_factory=list)


@dataclass
class RunResult:
    """What became of everything that a run staged, summed over its batches."""

    partitions: list[PartitionResult] = field(default_factory=list)
    changes: dict[str, Changes] = field(default_factory=dict)
    stage_seconds: float = 0.0
    publish_seconds: float = 0.0
    warnings: list[Violation] = field(default_factory=list)


@dataclass(frozen=True)
class NotLoaded:
    """Partitions that a run did not publish: `blocked` by a check, or not loaded because of an error."""

    partitions: Sequence[Partition]
    blocked: bool
    reason: str

    def __str__(self) -> str:
        if self.blocked:
            return f"blocked: {named(self.partitions)} {self.reason}".rstrip()
        return f"failed: {self.cause}"

    @property
    def cause(self) -> str:
        """The partitions and the reason, in words."""
        return f"{named(self.partitions)}: {self.reason}"


def in_batches(
    objects: Mapping[Partition, list[SourceObject]],
) -> Iterator[dict[Partition, list[SourceObject]]]:
    """Partitions in groups of a part of the load, within MIN_BATCH_BYTES and MAX_BATCH_BYTES; a larger partition is a
    group of its own.
    """
    weights = {partition: sum(item.size for item in items) for partition, items in objects.items()}
    limit = min(max(sum(weights.values()) / BATCHES, MIN_BATCH_BYTES), MAX_BATCH_BYTES)
    group: dict[Partition, list[SourceObject]] = {}
    size = 0
    for partition, items in objects.items():
        weight = weights[partition]
        if group and size + weight > limit:
            yield group
            group, size = {}, 0
        group[partition] = items
        size += weight
    if group:
        yield group


def halves(
    objects: Mapping[Partition, list[SourceObject]],
) -> list[dict[Partition, list[SourceObject]]]:
    """Partitions in two groups of the same number."""
    items = list(objects.items())
    return [dict(items[: len(items) // 2]), dict(items[len(items) // 2 :])]
