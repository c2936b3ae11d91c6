"""What moves through a load: a batch of partitions on its way, and what became of it. Only data, no step of a load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sparkify_assets.load.ledger import StagedPartition
from sparkify_assets.load.quarantine import Reject, Rejected
from sparkify_assets.model.checks import Violation
from sparkify_assets.model.datasets import Dataset, Partition
from sparkify_assets.source.changes import KnownPartition
from sparkify_assets.source.store import SourceObject

#: What one batch may read, in bytes as stored: large enough that the set-based merges pay, small enough that a
#: transaction ends within minutes.
BATCH_BYTES = 1024 * 1024 * 1024


#: Rejects of a partition that a result keeps, to be shown; all are in the quarantine.
MOST_REJECTS = 20


@dataclass
class Batch:
    """Partitions on their way to readers. The id is that of the last try."""

    dataset: Dataset
    objects: dict[Partition, list[SourceObject]]
    unreadable: dict[str, str]  # object key -> why
    reload: bool = False
    kept: frozenset[Partition] = frozenset()  # partitions whose published rows stay beside what comes
    id: str = ""
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
