"""What the sensor of a queue keeps between ticks, so that a message is deleted only when it is no longer needed.

A tick writes the partitions that its messages announced into Dagster's cursor, and Dagster records the cursor and the
requested runs together. The handles of the messages go into a file, with the id of that cursor. If the next tick begins
at this cursor, then what the messages said is recorded, and they are deleted. Otherwise the former tick failed or was
killed, the handles are forgotten, and the messages come again, as they do when the file is lost.

Belongs here: the cursor and the file. Does not: SQS (`source.queue`), what a tick does (`queue_sensor`).
"""

from __future__ import annotations

import fcntl
import json
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b

from sparkify_assets.defs.arrival_runs import stretches
from sparkify_assets.model.datasets import Partition
from sparkify_assets.settings import Settings


@dataclass
class Announced:
    """The partitions that messages announced and that have not been seen in sync with the ledger since: the cursor.

    `about` tells the source, the warehouse and the queue; `put_off` counts the ticks for which many files kept
    arriving.
    """

    about: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    partitions: set[Partition] = field(default_factory=set)
    put_off: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Announced:
        """What is announced at the start: nothing."""
        about = (settings.queue, settings.source, settings.warehouse, settings.first_day, settings.last_day)
        return cls(blake2b(repr(about).encode(), digest_size=4).hexdigest())

    @classmethod
    def from_cursor(cls, cursor: str | None, settings: Settings) -> Announced | None:
        """What a cursor says, or None if it is none, of another version, or about something else."""
        try:
            values = json.loads(cursor or "")
            found = cls(str(values["about"]), str(values["id"]), put_off=int(values["put_off"]))
            found.partitions = {Partition("songs", key) for key in values["songs"]}
            for pair in values["events"]:
                first, last = (date.fromisoformat(day).toordinal() for day in pair)
                days = (date.fromordinal(number).isoformat() for number in range(first, last + 1))
                found.partitions |= {Partition("events", day) for day in days}
        except (ValueError, KeyError, TypeError):
            return None
        return found if found.about == cls.of(settings).about else None

    def to_cursor(self) -> str:
        """The cursor: short, because Dagster keeps one with every tick; days without a gap are one pair."""
        keys = {name: [p.key for p in self.partitions if p.dataset == name] for name in ("songs", "events")}
        days = [(run[0], run[-1]) for run in stretches("events", keys["events"])]
        return json.dumps(
            {
                "about": self.about,
                "id": self.id,
                "songs": sorted(keys["songs"]),
                "events": days,
                "put_off": self.put_off,
            }
        )

    def renew(self) -> None:
        """Become another cursor, by which the next tick knows that this one was recorded."""
        self.id = uuid.uuid4().hex


class ReceiptFile:
    """The handles of the messages that the last tick received, in a file below SPARKIFY_HOME."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.home / "arrivals" / "queue.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the file for a tick. Raises BlockingIOError while another tick holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    def write(self, cursor_id: str, handles: Collection[str]) -> None:
        """Keep the handles of messages, with the id of the cursor that holds what they announced."""
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps({"cursor": cursor_id, "handles": list(handles)}), "utf-8")
        draft.replace(self.path)

    def recorded_by(self, cursor_id: str) -> list[str]:
        """The handles that were kept with the id of this cursor, which Dagster has recorded since."""
        try:
            values = json.loads(self.path.read_text("utf-8"))
            return [str(handle) for handle in values["handles"]] if values["cursor"] == cursor_id else []
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def forget(self) -> None:
        """Keep none any more: they are deleted, or the messages come again."""
        self.path.unlink(missing_ok=True)
