"""A flood of messages misses nothing and doubles nothing, whatever becomes of the messages.

SQS promises at least one delivery, in any order
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html), and S3 to send
notifications at least once, usually within seconds
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from sample_data.generate import write_sample
from sparkify_assets.inspection.checksum import digest
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import partition_of
from sparkify_assets.source.queue import HIDDEN_SECONDS
from sparkify_assets.warehouse.connection import Warehouse
from tests.automation.announcing import MAX_RECEIVED, Announcing, Daemon, announced_loader, files_of, in_step
from tests.automation.linear_queue import LinearQueue, served
from tests.conftest import fresh_database, load_all

HOUR = 3600


@pytest.fixture
def queue(place: Announcing, monkeypatch: pytest.MonkeyPatch) -> Iterator[LinearQueue]:
    """A queue that misbehaves, and takes the place of moto's, whose time for a message grows with their number."""
    queue = LinearQueue(MAX_RECEIVED, random.Random(1))
    with served(queue) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", address)
        yield queue


@pytest.mark.parametrize(
    ("messages", "days", "songs"),
    [
        (300, 6, 20),
        pytest.param(10_000, 30, 300, marks=[pytest.mark.soak, pytest.mark.timeout(3600)]),
    ],
)
def test_a_flood_misses_nothing_and_doubles_nothing(
    messages: int,
    days: int,
    songs: int,
    loader: Loader,
    place: Announcing,
    queue: LinearQueue,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    server: str,
) -> None:
    """Files come, change and go; their messages are doubled, disordered, poisoned, late or lost, and for an hour the
    queue is away. Right is what a fresh load of the bucket makes of it.
    """
    write_sample(tmp_path / "sample", events=days * 40, songs=songs, days=days, seed=7)
    flood = Flood(place, queue, files_of(tmp_path / "sample"), random.Random(messages))
    daemon = Daemon(announced_loader(loader, place, queue=queue.url), instance)
    daemon.begin()
    while flood.sent < messages // 2:
        flood.rise()
        live(daemon, queue, flood.chance)
    with daemon.queue_away():
        end = queue.now + HOUR
        while queue.now < end:
            look(daemon, queue, seconds=5 if messages > 1000 else 300)
            assert daemon.skipped is None or "The queue does not answer" in daemon.skipped
        flood.rise()  # S3 goes on to tell
    while flood.sent < messages:
        flood.rise()
        live(daemon, queue, flood.chance)
    flood.ebb()
    daemon.settle(60)
    flood.trickle()
    for _ in range(MAX_RECEIVED + 1):
        daemon.settle(60)
        queue.now += HIDDEN_SECONDS
    print(f"{flood}; of the messages {queue.suffered}")  # noqa: T201 - the proof's size
    assert not queue.messages
    assert sorted(queue.dead_letters) == sorted(flood.poison)
    missed = set(daemon.loader.plan().difference.changed)
    assert missed <= {partition_of(key) for key in flood.unannounced}
    load_all(daemon.loader)  # the daily load
    assert in_step(daemon)
    assert digest(daemon.loader.warehouse).value == freshly_loaded(daemon.loader, server)


def look(daemon: Daemon, queue: LinearQueue, seconds: float = 5, works: bool = True) -> None:
    """One tick, what it requests unless the machine is busy, and the time until the next tick."""
    daemon.tick()
    if works:
        daemon.work()
    queue.now += seconds


def live(daemon: Daemon, queue: LinearQueue, chance: random.Random) -> None:
    """Some minutes, in which not all that was announced need be worked off."""
    for _ in range(chance.randint(1, 4)):
        look(daemon, queue, works=chance.random() < 0.8)
    queue.now += 100


def freshly_loaded(loader: Loader, server: str) -> str:
    """The digest of a new warehouse that all of the source is loaded into at once."""
    with fresh_database(server) as dsn:
        fresh = Loader(loader.settings, Warehouse(dsn, loader.warehouse.folder), loader.source, loader.work)
        load_all(fresh)
        return digest(fresh.warehouse).value


class Flood:
    """Objects that come, change and go, and what the queue makes of their messages."""

    def __init__(
        self, place: Announcing, queue: LinearQueue, files: dict[str, bytes], chance: random.Random
    ) -> None:
        self.place, self.queue, self.files, self.chance = place, queue, files, chance
        self.sent = self.changes = 0
        self.there: set[str] = set()
        self.unannounced: set[str] = set()
        self.poison: list[str] = []
        self.late: list[str] = []

    def __str__(self) -> str:
        counts = f"{len(self.poison)} of them poison, {len(self.there)} objects left"
        return f"{self.sent} messages of {self.changes} changes, {counts}"

    def rise(self) -> None:
        """Change objects and send some messages or many, in disorder; a tenth of them only next time."""
        messages = self.chance.choice([10, 40, 160])
        bodies = self.late
        changed: dict[str, bytes | None] = {}
        while len(bodies) < messages:
            bodies += self._change(changed)
        # Of what changed more than once between two ticks, nobody could see more than the last version.
        for key, content in changed.items():
            if content is None:
                self.place.delete(key)
            else:
                self.place.put(key, content)
        self.chance.shuffle(bodies)
        cut = len(bodies) * 9 // 10
        bodies, self.late = bodies[:cut], bodies[cut:]
        self._send(bodies)

    def ebb(self) -> None:
        """Send what is late: nothing more comes."""
        self._send(self.late)
        self.late = []

    def trickle(self) -> None:
        """Change each partition once more and tell of it once, so that any message that is missed shows."""
        keys = list({partition_of(key): key for key in sorted(self.files)}.values())
        for key in keys:
            self.place.put(key, self._version(key))
            self.there.add(key)
            self.unannounced.discard(key)
        bodies = [self.place.notification(key) for key in keys]
        self.chance.shuffle(bodies)
        self._send(bodies)

    def _send(self, bodies: list[str]) -> None:
        for body in bodies:
            self.queue.send(body)
        self.sent += len(bodies)

    def _change(self, changed: dict[str, bytes | None]) -> list[str]:
        """Note in `changed` that one object comes, changes or goes; return the messages about it, and others."""
        key = self.chance.choice(sorted(self.files))
        body = self.place.notification(key)
        if key in self.there and self.chance.random() < 0.05:
            changed[key] = None
            self.there.remove(key)
            body = self.place.notification(key, "ObjectRemoved:Delete")
        else:
            changed[key] = self._version(key)
            self.there.add(key)
        self.unannounced.discard(key)
        self.changes += 1
        fate = self.chance.random()
        if fate < 0.02:
            self.unannounced.add(key)
            return []
        if fate < 0.04:
            self.poison.append(f"poison {len(self.poison)}")
            return [body, self.poison[-1]]
        if fate < 0.06:
            return [body, body.replace(self.place.name, "another-bucket")]
        return [body] * (1 + (fate < 0.3))

    def _version(self, key: str) -> bytes:
        """Another content of an object: a day with some events fewer, or a song of another year.

        A day keeps three quarters of its events at least. One that lost most of them would be blocked, as it should be,
        by the check `events_row_drop`.
        """
        if key.startswith("song_data/"):
            return json.dumps(
                {**json.loads(self.files[key]), "year": self.chance.randint(1950, 2018)}
            ).encode()
        lines = self.files[key].splitlines()
        return b"\n".join(lines[: len(lines) - self.chance.randint(0, len(lines) // 4)])
