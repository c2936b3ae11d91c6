"""What is left of `dagster dev` is ended, or named. The page itself is started and stopped in `tests/live`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil
import pytest

from sparkify_assets.cli import dev_server
from sparkify_assets.cli.dev_server import DevServerError

Leave = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def leave() -> Iterator[Leave]:
    """Starts a script as the first of a group of its own, and waits until it says something."""
    left: list[subprocess.Popen[str]] = []

    def start(script: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        left.append(process)
        assert process.stdout
        process.stdout.readline()
        return process

    yield start
    for process in left:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_all_of_a_group_are_ended(leave: Leave) -> None:
    script = "import subprocess, time; subprocess.Popen(['sleep', '600']); print(flush=True); time.sleep(600)"
    group = leave(script).pid
    assert len(dev_server._living(group)) == 2
    dev_server._end_group(group)
    assert dev_server._living(group) == []


def test_what_has_ended_is_not_waited_for_though_nobody_asks_for_its_end(
    leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev_server, "STOP_SECONDS", 0)
    process = psutil.Process(leave("print()").pid)
    while process.status() != psutil.STATUS_ZOMBIE:
        pass
    os.killpg(process.pid, 0)  # to the kernel its group is still there
    dev_server._end_group(process.pid)


def test_what_does_not_end_is_named(leave: Leave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev_server, "STOP_SECONDS", 0.5)
    stubborn = leave(
        f"import signal, time; signal.signal({signal.SIGTERM:d}, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    )
    with pytest.raises(DevServerError, match=f"does not end: process {stubborn.pid}, .*import signal, time"):
        dev_server._end_group(stubborn.pid)
    assert stubborn.poll() is None
