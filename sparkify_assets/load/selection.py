"""What somebody asks a load for: days, prefixes of songs, or everything; what has changed, or all.

Belongs here: reading those words, and the partitions of a plan that they name. Does not: what a load has to do without
them (`plan`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sparkify_assets.errors import SparkifyError
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import LoadPlan
from sparkify_assets.model.datasets import DATASETS, Partition, left_out


class SelectionError(SparkifyError):
    """What was asked for cannot be understood, or does not exist."""


@dataclass(frozen=True)
class Selection:
    """The words of `sparkify load`: `days` as 2018-11-01..2018-11-30 or one day, `songs` as AA,AB. Without both it is
    everything. With `full`, what has not changed is included.
    """

    days: str = ""
    songs: str = ""
    full: bool = False

    def planned(
        self, loader: Loader, *, looking: bool = False, accept_deletions: bool = False
    ) -> tuple[LoadPlan, list[Partition]]:
        """What a load has to do, as `Loader.plan` says it, and the partitions that are asked for, songs first.

        Raises SelectionError for a day or prefix that cannot be read, before anything is listed, or that neither the
        source nor the warehouse has; DeletionsRefused unless deletions are accepted; WrongSource, SourceError,
        WarehouseError.
        """
        self.check()
        plan = loader.plan(looking=looking)
        plan.guard_deletions(accept_deletions)
        return plan, self.among(plan, loader.source.url)

    def among(self, plan: LoadPlan, source: str) -> list[Partition]:
        """The partitions of the plan that are asked for and have to be loaded, songs first. Raises SelectionError for a
        day or prefix that cannot be read, or that neither the source at this URL nor the warehouse has.
        """
        (first, last), prefixes = self._bounds(), self._prefixes()
        there = {*plan.difference.listed, *plan.known}
        if self.days and not any(p.dataset == "events" and first <= p.key <= last for p in there):
            raise SelectionError(f"there are no events of {self.days} in {source}")
        asked = {p.key for p in there if p.dataset == "events" and first <= p.key <= last}
        if self.days and asked <= plan.outside.keys():
            why = "; ".join(left_out({day: plan.outside[day] for day in asked}))
            raise SelectionError(f"--days {self.days}: nothing was loaded; {why}")
        for prefix in prefixes:
            if Partition("songs", prefix) not in there:
                raise SelectionError(f"there are no songs {prefix} in {source}")

        def asked_for(partition: Partition) -> bool:
            if not self.days and not self.songs:
                return True
            return partition.key in prefixes or first <= partition.key <= last

        return [p for dataset in DATASETS for p in plan.chosen(dataset, reload=self.full) if asked_for(p)]

    def check(self) -> None:
        """Raise SelectionError if a word cannot be read."""
        self._bounds()
        self._prefixes()

    def _bounds(self) -> tuple[str, str]:
        """The first and the last day; empty texts, between which no day lies, if none is given."""
        if not self.days:
            return "", ""
        first, dots, last = self.days.partition("..")
        try:
            bounds = date.fromisoformat(first), date.fromisoformat(last if dots else first)
        except ValueError:
            takes = "takes 2018-11-01..2018-11-30, or one day, each of them a day of the calendar"
            raise SelectionError(f"--days {self.days}: {takes}") from None
        if bounds[0] > bounds[1]:
            raise SelectionError(f"--days {self.days}: the first day is after the last")
        return bounds[0].isoformat(), bounds[1].isoformat()

    def _prefixes(self) -> list[str]:
        prefixes = [part.strip().upper() for part in self.songs.split(",")] if self.songs else []
        for prefix in prefixes:
            if len(prefix) != 2 or not prefix.isalnum():
                raise SelectionError(f"--songs {self.songs}: takes prefixes of two letters, such as AA,AB")
        return prefixes
