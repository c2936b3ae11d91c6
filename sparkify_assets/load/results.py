"""What moves through a load: a batch of partitions on its way, and what became of it. Only data, no step of a load."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sparkify_assets.load.quarantine import Reject, Rejected, Rejects
from sparkify_assets.model.checks import Violation
from sparkify_assets.model.datasets import Dataset, Partition, named
from sparkify_assets.source.changes import KnownPartition
from sparkify_assets.source.store import SourceObject

#: What one batch may read, in bytes as stored: large enough that the set-based merges pay, small enough that a
#: transaction ends within minutes.
BATCH_BYTES = 1024 * 1024 * 1024


#: Rejects of a partition that a result keeps, to be shown; all are in the quarantine.
MOST_REJECTS = 20


@dataclass
class StagedPartition:
    """One partition as it was brought to `incoming`: the versions read, what became of their records, and what a person
    should know of them. `records_of` says how many records each object holds that has a reject.
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
        """The keys of objects with one and the same content, each of which is loaded: a copy, or a file that was
        delivered under two names. What holds no bytes is equal to nothing.
        """
        keys: dict[str, list[str]] = {}
        for item in self.objects:
            if item.size and (content_hash := self.content_hashes.get(item.key)):
                keys.setdefault(content_hash, []).append(item.key)
        return sorted(tuple(sorted(same)) for same in keys.values() if len(same) > 1)

    def faulty_objects(self) -> Iterator[tuple[str, str, int, str]]:
        """The objects of which nothing was staged: key, fault (`unreadable`, or `refused`: every record of it), how
        many records that are, and why the first of them was refused.
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
    """Partitions on their way to readers. The id is that of the last try."""

    dataset: Dataset
    objects: dict[Partition, list[SourceObject]]
    unreadable: dict[str, str]  # object key -> why
    reload: bool = False
    kept: frozenset[Partition] = frozenset()  # partitions whose published rows stay beside what comes
    id: str = ""
    run_id: str | None = None  # the run that loads it
    stage_seconds: float = 0.0
    written: list[str] = field(default_factory=list)  # keys in the work area
    packed: set[str] = field(default_factory=set)  # keys of objects that COPY unpacks
    refused: dict[str, list[Violation]] = field(default_factory=dict)  # keys of partitions that COPY gave up

    def give_up(self, partition: Partition, reason: str) -> None:
        """Leave a partition out, of which COPY refused more records than it may: it is blocked, with the reason."""
        self.unreadable |= {item.key: reason for item in self.readable(self.objects[partition])}
        check = f"{partition.dataset}_reject_share"
        self.refused[partition.key] = [Violation(check, partition.key, 1, [{"reason": reason}])]

    def readable(self, objects: Sequence[SourceObject]) -> list[SourceObject]:
        """Those of the objects that COPY can read."""
        return [item for item in objects if item.key not in self.unreadable]

    def unreadable_of(self, partition: Partition) -> Rejected:
        """The others of a partition, each a reject of its own."""
        rejected = Rejected()
        for item in self.objects[partition]:
            if item.key in self.unreadable:
                rejected.add(Rejected.unreadable(item.key, self.unreadable[item.key]))
        return rejected

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
    had loaded the same version; `verdict` says why it is blocked. `rejects` are the first MOST_REJECTS in quarantine.
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
    """What became of a batch: its partitions, the rows each table gained and lost, the seconds it took, and the days
    whose plays were matched again because songs changed.
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
    """What became of everything that a run staged, over its batches."""

    partitions: list[PartitionResult] = field(default_factory=list)
    changes: dict[str, Changes] = field(default_factory=dict)
    stage_seconds: float = 0.0
    publish_seconds: float = 0.0
    warnings: list[Violation] = field(default_factory=list)


@dataclass(frozen=True)
class NotLoaded:
    """Partitions that a run did not publish: `blocked` by a check, or not loaded for an error."""

    partitions: Sequence[Partition]
    blocked: bool
    reason: str

    def __str__(self) -> str:
        if self.blocked:
            return f"blocked: {named(self.partitions)} {self.reason}".rstrip()
        return f"failed: {named(self.partitions)}: {self.reason}"


def in_batches(
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


def halves(
    objects: Mapping[Partition, list[SourceObject]],
) -> list[dict[Partition, list[SourceObject]]]:
    """Partitions in two groups of the same number."""
    items = list(objects.items())
    return [dict(items[: len(items) // 2]), dict(items[len(items) // 2 :])]
