"""What a load has to do: the source compared with the ledger, under the settings in force.

Made once for a command, from one listing and one read of the ledger, and handed down. Belongs here: which partitions
are loaded, and which are left alone. Does not: listing, or loading (`loader`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sparkify_assets.errors import SparkifyError
from sparkify_assets.model import queries
from sparkify_assets.model.datasets import Dataset, Partition, why_outside
from sparkify_assets.settings import Settings
from sparkify_assets.source.changes import Change, KnownPartition, SourceChanges
from sparkify_assets.source.store import SourceObject

#: Why a partition of `LoadPlan.inseparable` is not loaded.
WHY_INSEPARABLE = "an object was overwritten while another, gone from the source, is kept"


class DeletionsRefused(SparkifyError):
    """The listing lacks so much of what is known that nothing is changed until somebody accepts it."""


@dataclass(frozen=True)
class LoadPlan:
    """The source compared with the ledger."""

    difference: SourceChanges
    known: Mapping[Partition, KnownPartition]
    outside: Mapping[str, str]  # days that the settings leave out, and why
    rules: queries.Rules  # in force
    keeps: bool  # what is gone from the source stays loaded
    kept: Mapping[Partition, Change]  # partitions with objects that are gone from the source and stay loaded
    layout: Sequence[str] = ()  # where a data set seems to lie that is missing from where it is looked for
    source: str = ""  # its URL, and what is to be said of that

    @property
    def suspicion(self) -> str | None:
        """Why this listing should change nothing, or None. Where deleted objects are kept, nothing can be lost."""
        if self.keeps:
            return None
        why = self.difference.looks_incomplete
        if not why and self.layout and self.difference.vanished:
            why = f"all known objects of {' and '.join(self.difference.vanished)} are gone from the listing"
        return why and "; ".join([why, *self.layout])

    def guard_deletions(self, accepted: bool) -> None:
        """Raise DeletionsRefused if the listing lacks so much that somebody has to accept it first."""
        if self.suspicion and not accepted:
            raise DeletionsRefused(
                f"{self.source}: {self.suspicion}; nothing was changed. If another source is meant, set"
                " SPARKIFY_SOURCE, or SPARKIFY_HOME for a warehouse of its own; if the files are gone for good,"
                " accept it with --accept-deletions"
            )

    @property
    def inseparable(self) -> list[Partition]:
        """Partitions that cannot be loaded while deleted objects are kept: one of their objects was overwritten, and
        its former rows cannot be distinguished from those of the deleted object.
        """
        return sorted(partition for partition, change in self.kept.items() if change.overwritten)

    def to_read(self, partition: Partition) -> list[SourceObject]:
        """The objects that a load of the partition reads: all of them, or only the new ones if the others are kept."""
        listed = self.difference.listed.get(partition, [])
        if partition not in self.kept:
            return listed
        return [item for item in listed if item.key in self.kept[partition].new]

    def pending(self, dataset: Dataset) -> list[Partition]:
        """What has changed, and what was blocked by rules other than today's. A partition that today's rules block
        waits for its source to change.
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

    def chosen(
        self, dataset: Dataset, keys: Collection[str] | None = None, *, reload: bool = False
    ) -> list[Partition]:
        """The partitions to load, all or only the given ones: those that are pending and, with `reload`, those that are
        listed and have not changed.
        """
        wanted = set(self.pending(dataset))
        if reload:
            wanted |= {
                p
                for p in self.difference.listed
                if p.dataset == dataset and p.key not in self.outside and p not in self.kept
            }
        return sorted(p for p in wanted if keys is None or p.key in keys)

    def _outdated_verdict(self, was: KnownPartition) -> bool:
        return was.state == "blocked" and was.rules != self.rules


def make_plan(
    found: SourceChanges,
    known: Mapping[Partition, KnownPartition],
    settings: Settings,
    layout: Sequence[str] = (),
) -> LoadPlan:
    """Apply the settings to a comparison: the range of days to load, and what happens to deleted objects. `layout` says
    what of the source lies where nothing is looked for.
    """
    unset = " (SPARKIFY_SOURCE is not set, so it is the made sample)"
    source = settings.source + (unset if settings.source == settings.sample.as_uri() else "")
    today = datetime.now(UTC).date()
    days = sorted(p.key for p in found.listed if p.dataset == "events")
    outside = {day: why for day in days if (why := why_outside(day, settings, today))}
    for day in outside:
        found.changed.pop(Partition("events", day), None)
    kept: dict[Partition, Change] = {}
    keeps = settings.deleted == "keep"
    if keeps:
        kept = {p: change for p, change in found.changed.items() if change.deleted}
        for partition, change in kept.items():
            if change.new and not change.overwritten:
                continue  # what is new comes beside what is kept
            del found.changed[partition]
    return LoadPlan(found, known, outside, queries.rules(), keeps, kept, layout, source)
