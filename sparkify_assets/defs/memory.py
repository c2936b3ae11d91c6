"""Where a sensor's memory lies between ticks: a file in the home. Does not belong here: what is in it (`watching`)."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b

from sparkify_assets.defs.watching import Memory
from sparkify_assets.model.datasets import DATASETS, Dataset, Partition
from sparkify_assets.settings import Settings


class MemoryStore:
    """Where a sensor's memory lies: a file in the home. Dagster's cursor holds its name alone, so that the history
    of ticks stays small and a cursor that is reset on the page begins a new memory.
    """

    def __init__(self, settings: Settings, dataset: Dataset) -> None:
        self.dataset = dataset
        self.path = settings.home / "arrivals" / f"{dataset}.json"
        about = (settings.source, settings.warehouse, settings.first_day, settings.last_day, settings.deleted)
        self._about = blake2b(repr(about).encode(), digest_size=4).hexdigest()

    def begin(self, loaded: Iterable[Partition]) -> str:
        """Replace whatever there is by a memory that has seen nothing; its id."""
        memory = Memory.begun(self.dataset, loaded)
        memory.id = f"{self._about}-{memory.id}"
        self._write(memory)
        return memory.id

    def is_at(self, cursor: str | None) -> bool:
        """Whether there is the memory that a cursor names, and it is of this source and this warehouse."""
        memory = self._read()
        return memory is not None and memory.id == cursor and memory.id.startswith(self._about)

    @contextmanager
    def opened(self) -> Iterator[Memory]:
        """The memory, written back at the end, also of a look that failed. Raises BlockingIOError where another
        tick, one that Dagster gave up waiting for, still has it.
        """
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            memory = self._read() or Memory(self.dataset)
            try:
                yield memory
            finally:
                self._write(memory)

    def forget(self) -> None:
        """Make the next tick compare everything with the ledger."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> Memory | None:
        try:
            return Memory.from_json(self.path.read_text("utf-8"))
        except (OSError, ValueError, TypeError, KeyError):
            return None  # lost, or another version's: to begin again costs one question to the ledger

    def _write(self, memory: Memory) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.write_text(memory.to_json(), "utf-8")
        draft.replace(self.path)


def forget_all(settings: Settings) -> None:
    """Make every sensor compare everything with the ledger at its next tick."""
    for dataset in DATASETS:
        MemoryStore(settings, dataset).forget()
