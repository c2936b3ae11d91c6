"""How many records are to come and how long a load will take, as far as the ledger and the first records say.

Belongs here: what is known and what is estimated. Does not: which partitions are loaded (`load.plan`), what is printed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, linear_regression
from typing import NamedTuple

from sparkify_assets.load.plan import LoadPlan
from sparkify_assets.model.datasets import Dataset, Partition
from sparkify_assets.source.sampling import density
from sparkify_assets.source.store import ObjectStore, SourceObject
from sparkify_assets.warehouse.transaction import Transaction

#: The beginnings of how many objects are read where the ledger knows nothing of a data set yet.
SAMPLED = 5

#: How many of the latest batches of a data set tell how long another takes.
LATEST_BATCHES = 50


class Records(NamedTuple):
    """How many records are to be read, None if nothing tells, and whether the ledger knows them or it is an
    estimate.
    """

    number: int | None
    known: bool


class Version(NamedTuple):
    """What the ledger knows of a partition's last staged version."""

    records: int
    objects: int
    bytes: int


class PastBatch(NamedTuple):
    """A batch of the past: the load that it belonged to, its seconds, and the bytes that it read."""

    load: str
    seconds: float
    bytes: int


@dataclass
class Past:
    """What the ledger remembers: the versions that are there, by batch and partition, and the latest batches."""

    versions: Mapping[tuple[str, Partition], Version] = field(default_factory=dict)
    batches: Mapping[str, Sequence[PastBatch]] = field(default_factory=dict)

    @classmethod
    def of(cls, transaction: Transaction) -> Past:
        """Read it from the ledger."""
        versions = {
            (batch, Partition(dataset, key)): Version(*numbers)
            for batch, dataset, key, *numbers in transaction.rows("ledger/loaded_versions")
        }
        batches: dict[str, list[PastBatch]] = defaultdict(list)
        for dataset, *batch in transaction.rows("ledger/latest_batches", most=LATEST_BATCHES):
            batches[dataset].append(PastBatch(*batch))
        return cls(versions, batches)


@dataclass
class RecordsToCome:
    """How many records a load of each partition would read."""

    plan: LoadPlan
    past: Past
    source: ObjectStore
    _rates: dict[Dataset, float | None] = field(default_factory=dict)

    def of(self, partition: Partition, objects: Sequence[SourceObject]) -> Records:
        """The ledger knows the records of a partition whose objects are those that it has. A changed partition is
        estimated from its former version, and a new one from its data set.
        """
        if not objects:
            return Records(0, True)
        was = self.plan.known.get(partition)
        version = self.past.versions.get((was.batch_id, partition)) if was else None
        if was and version and partition not in self.plan.kept:
            if dict(was.objects) == {item.key: item.version_token for item in objects}:
                return Records(version.records, True)
            if before := _weight(partition.dataset, version.objects, version.bytes):
                return Records(
                    round(version.records * _weight_of(partition.dataset, objects) / before), False
                )
        rate = self._rate(partition.dataset)
        return Records(None if rate is None else round(rate * _weight_of(partition.dataset, objects)), False)

    def _rate(self, dataset: Dataset) -> float | None:
        """The records of one unit of weight: what is loaded of the data set tells, and else the beginnings of some of
        its objects.
        """
        if dataset not in self._rates:
            there = [v for (_, partition), v in self.past.versions.items() if partition.dataset == dataset]
            records = sum(v.records for v in there)
            weight = sum(_weight(dataset, v.objects, v.bytes) for v in there)
            if not weight:
                listed = self.plan.difference.listed
                keys = sorted(
                    item.key for p, items in listed.items() if p.dataset == dataset for item in items
                )
                seen = density(self.source, keys[:: max(1, len(keys) // SAMPLED)][:SAMPLED])
                records, weight = seen.records, _weight(dataset, seen.objects, seen.bytes)
            self._rates[dataset] = records / weight if weight else None
        return self._rates[dataset]


def _weight(dataset: Dataset, objects: int, size: float) -> float:
    """What the number of records goes by: bytes of events, but objects of songs, of which each is one record."""
    return size if dataset == "events" else objects


def _weight_of(dataset: Dataset, objects: Sequence[SourceObject]) -> float:
    return _weight(dataset, len(objects), sum(item.size for item in objects))


def seconds_of(past: Sequence[PastBatch], sizes: Iterable[int]) -> float | None:
    """How long batches of these sizes, in bytes, will take, judged by those of the past; None without any.

    Seconds grow with bytes from what every batch takes, which is the line through the batches of the past. Batches of
    one size only draw no line: then smaller ones take as long, and larger ones longer in proportion.
    """
    batches = list(sizes)
    if not batches:
        return 0.0
    if not past:
        return None
    mean_bytes, mean_seconds = fmean(b.bytes for b in past), fmean(b.seconds for b in past)
    if len({b.bytes for b in past}) > 1:
        slope, base = linear_regression([b.bytes for b in past], [b.seconds for b in past])
        if slope >= 0 and base >= 0:
            return sum(base + slope * size for size in batches)
        if slope < 0:
            return mean_seconds * len(batches)
    return sum(mean_seconds * max(1.0, size / (mean_bytes or 1)) for size in batches)
