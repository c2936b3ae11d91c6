"""Nothing that was announced is lost, wherever a process is killed, and whatever the queue makes of the messages.

SQS promises at least one delivery, in any order
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html), and S3 to send
notifications at least once, usually within seconds
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from sample_data.generate import write_sample
from sparkify_assets.defs import queue_sensor
from sparkify_assets.defs.announced import ReceiptFile
from sparkify_assets.inspection.checksum import digest
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import partition_of
from tests.automation.announcing import (
    Announcing,
    Daemon,
    announced_loader,
    calls_of_aws,
    day,
    files_of,
    in_step,
)
from tests.conftest import fresh_database, load_all


class Killed(BaseException):
    """The process is gone: nothing catches this."""


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """Kill a tick before or after the call of AWS, of the ledger or of the file that has this number."""
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        if len(steps) == number:
            raise Killed(name)

    def watched(patch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        method: Callable[..., object] = getattr(owner, name)

        def call(*args: object, **kwargs: object) -> object:
            step(f"before {name}")
            answer = method(*args, **kwargs)
            step(f"after {name}")
            return answer

        patch.setattr(owner, name, call)

    with pytest.MonkeyPatch.context() as patch, calls_of_aws(step):
        watched(patch, Loader, "plan_some")
        watched(patch, ReceiptFile, "write")
        watched(patch, ReceiptFile, "forget")
        yield steps


def test_nothing_is_lost_wherever_a_tick_is_killed(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    """Each step of the two ticks that take a message to its deletion, and then the moment before Dagster records."""
    key, reached = day(sample, 1), set[str]()
    number, ended = 0, False
    while not ended:
        number += 1
        place.put(key, sample[key] + b"\n" * number)  # another version, whose rows are the same
        with killed_at(number) as steps:
            try:
                daemon.tick()
                daemon.tick()
                ended = True
                daemon.evaluate()  # whose results Dagster never gets
            except Killed as killed:
                reached.add(str(killed))
        place.let_time_pass()
        daemon = Daemon.reborn(daemon)
        daemon.work()
        daemon.settle()
        assert in_step(daemon), steps
        assert not place.messages, steps
    operations = ("ReceiveMessage", "ListObjectsV2", "plan_some", "write", "DeleteMessageBatch", "forget")
    assert reached == {f"{when} {name}" for name in operations for when in ("before", "after")}


def test_a_tick_that_dagster_never_recorded_deletes_nothing(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    place.put(day(sample, 1), sample[day(sample, 1)])
    assert daemon.evaluate().run_requests
    with calls_of_aws() as calls:
        assert not daemon.tick()
    assert calls == ["ReceiveMessage"]
    assert len(place.messages) == 1
    place.let_time_pass()
    assert len(daemon.tick()) == 1


@pytest.mark.parametrize(
    ("messages", "days", "songs"),
    [
        (300, 6, 20),
        pytest.param(10_000, 12, 30, marks=[pytest.mark.soak, pytest.mark.timeout(3600)]),
    ],
)
def test_a_flood_misses_nothing_and_doubles_nothing(
    messages: int,
    days: int,
    songs: int,
    loader: Loader,
    place: Announcing,
    tmp_path: Path,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Files come, change and go; their messages are doubled, disordered, poisoned, late or lost, and for a while the
    queue is away. Right is what a fresh load of the bucket makes of it.
    """
    monkeypatch.setattr(queue_sensor, "HIDDEN_SECONDS", 40_000)  # time passes only where the test says so
    write_sample(tmp_path / "sample", events=days * 40, songs=songs, days=days, seed=7)
    flood = Flood(place, files_of(tmp_path / "sample"), random.Random(messages))
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(announced_loader(loader, place), instance)
        daemon.begin()
        away = messages // 2
        while flood.sent < messages:
            flood.rise(messages // 10)
            if flood.sent >= away:
                away = messages + 1
                with daemon.queue_away():
                    for _ in range(3600 // daemon.loader.settings.sensor_seconds if messages > 1000 else 20):
                        assert not daemon.tick() or daemon.waiting
                        daemon.work()
                        assert "The queue does not answer" in (daemon.skipped or "The queue does not answer")
            for _ in range(
                3
            ):  # the first takes the crowd, the second has it loaded, the third deletes its messages
                daemon.tick()
                daemon.work()
            place.let_time_pass()
        for _ in range(4):  # poison goes to the dead-letter queue
            daemon.settle(60)
            place.let_time_pass()
        assert not place.messages
        assert sorted(place.dead_letters) == sorted(flood.poison)
        missed = set(daemon.loader.plan().difference.changed)
        assert missed <= {partition_of(key) for key in flood.unannounced}
        load_all(daemon.loader)  # the daily load
        assert in_step(daemon)
        with fresh_database(server) as dsn:
            there = digest(daemon.loader.warehouse).value
            fresh = Loader(
                daemon.loader.settings,
                type(loader.warehouse)(url=dsn, folder=tmp_path),
                daemon.loader.source,
                daemon.loader.work,
            )
            load_all(fresh)
            assert digest(fresh.warehouse).value == there


class Flood:
    """Objects that come, change and go, and what the queue makes of their messages."""

    def __init__(self, place: Announcing, files: dict[str, bytes], chance: random.Random) -> None:
        self.place, self.files, self.chance = place, files, chance
        self.sent = 0
        self.there: set[str] = set()
        self.unannounced: set[str] = set()
        self.poison: list[str] = []
        self.late: list[str] = []

    def rise(self, messages: int) -> None:
        """Change objects until so many messages are sent, in disorder; some of them only next time."""
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
        for body in bodies:
            self.place.send(body)
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
