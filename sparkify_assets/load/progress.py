"""How far a load has come: of each phase, how many records and bytes, and which share of its work is done.

Belongs here: adding up what the batches tell. Does not: how it is shown (`cli.console`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sparkify_assets import interruption
from sparkify_assets.load.results import Batch
from sparkify_assets.model.datasets import Dataset

#: Reading the source into temporary tables, and writing from there into what readers see.
Phase = Literal["stage", "publish"]


class Amount(NamedTuple):
    """Records and bytes that are done, and how many bytes there are."""

    records: int
    bytes: int
    of_bytes: int


#: Called with a phase, the data set, what is done, and the share of the work that this is: from 0 to 1.
Progress = Callable[[Phase, Dataset, Amount, float], None]


def silent(phase: Phase, dataset: Dataset, done: Amount, share: float) -> None:
    """Report no progress."""


@dataclass
class Course:
    """How far a load of one data set has come, over all of its batches, which together have so many bytes. A batch that
    is tried again tells anew.
    """

    of_bytes: int
    _told: dict[tuple[Phase, int], tuple[int, int, float]] = field(default_factory=dict)

    def of(self, batch: Batch, progress: Progress) -> Progress:
        """The progress of a batch as a part of the whole."""

        def tell(phase: Phase, dataset: Dataset, done: Amount, share: float) -> None:
            part = done.of_bytes / max(self.of_bytes, 1)
            self._told[phase, id(batch)] = done.records, done.bytes, share * part
            told = [told for (of_phase, _), told in list(self._told.items()) if of_phase == phase]
            records, size, shares = map(sum, zip(*told, strict=True))
            progress(phase, dataset, Amount(records, size, self.of_bytes), min(shares, 1.0))

        return tell


class Staging:
    """Counts what has been staged of a batch: reading an object is one half of the work, and its COPY the other."""

    def __init__(self, batch: Batch, progress: Progress) -> None:
        self._dataset = batch.dataset
        self._of_bytes = size_of(batch)
        self._progress = progress
        self.records = 0
        self._read = self._copied = 0

    def read(self, size: int, records: int = 0) -> None:
        """Some bytes have been read."""
        self._read += size
        self._tell(records)

    def copied(self, size: int | None = None, records: int = 0) -> None:
        """Some bytes have been copied, or all that were read."""
        self._copied = self._read if size is None else self._copied + size
        self._tell(records)

    def _tell(self, records: int) -> None:
        interruption.check()  # reading may take minutes between two statements
        self.records += records
        share = (self._read + self._copied) / max(2 * self._of_bytes, 1)
        self._progress(
            "stage", self._dataset, Amount(self.records, self._read, self._of_bytes), min(share, 1.0)
        )


def size_of(batch: Batch) -> int:
    """The bytes of a batch's objects."""
    return sum(item.size for items in batch.objects.values() for item in items)
