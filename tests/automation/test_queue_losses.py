"""Nothing that was announced is lost, wherever a process is killed (`test_flood`: whatever the queue does)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sparkify_assets.defs.announced import ReceiptFile
from sparkify_assets.load.loader import Loader
from tests.automation.announcing import (
    Announcing,
    Daemon,
    calls_of_aws,
    day,
    in_step,
)


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
