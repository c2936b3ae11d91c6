"""What is left of `dagster dev` is ended, or named. The web UI itself is started and stopped in `tests/live`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from sparkify_assets.cli import dev
from sparkify_assets.cli.console import CommandError
from tests.command_line import Run, one_line
from tests.dev import free_port

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
    assert len(dev._living(group)) == 2
    dev._end_group(group)
    assert dev._living(group) == []


def test_what_has_ended_is_not_waited_for_though_nobody_asks_for_its_end(
    leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "STOP_SECONDS", 0)
    process = psutil.Process(leave("print()").pid)
    while process.status() != psutil.STATUS_ZOMBIE:
        pass
    os.killpg(process.pid, 0)  # to the kernel its group is still there
    dev._end_group(process.pid)


def test_what_does_not_end_is_named(leave: Leave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "STOP_SECONDS", 0.5)
    stubborn = leave(
        f"import signal, time; signal.signal({signal.SIGTERM:d}, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    )
    with pytest.raises(CommandError, match=f"does not end: process {stubborn.pid}, .*import signal, time"):
        dev._end_group(stubborn.pid)
    assert stubborn.poll() is None


def test_a_port_in_use_is_named(sparkify: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port} is in use" in one_line(sparkify("dev", "--port", port))
        said = one_line(sparkify("dev", "--port", str(free_port()), "--report-port", port))
        assert f"the report cannot be at port {port} of 127.0.0.1 (Address already in use)" in said
        assert "--report-port" in said


@pytest.mark.parametrize("option", ["--port", "--report-port", "--serve"])
def test_what_is_no_port_is_refused_before_anything_starts(
    sparkify: Run, tmp_path: Path, option: str
) -> None:
    for number in ("65536", "-1"):
        assert f"'{option}'" in one_line(sparkify("dev", f"{option}={number}"))
    same = ("--port", "3399", "--report-port", "3399") if option == "--port" else (option, "3000")
    assert "take ports of their own" in one_line(sparkify("dev", *same))
    assert not (tmp_path / "home").exists()


#: `dagster dev` while it starts: it fails at a signal.
STARTING = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
print("up", flush=True)
time.sleep(600)
"""


def ctrl_c_once_up(log: Path) -> None:
    """Interrupt this process as soon as what it started is up."""
    while not (log.exists() and "up" in log.read_text()):
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def handlers() -> Iterator[None]:
    """Puts back what `sparkify dev` does at signals."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_that_it_fails_because_it_is_to_end_is_no_error(
    sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "_command", lambda _: [sys.executable, "-c", STARTING])
    log = tmp_path / "home" / "dagster.log"
    threading.Thread(target=ctrl_c_once_up, args=(log,), daemon=True).start()
    ended = sparkify("dev", "--port", str(free_port()), "--report-port", "0")
    assert (ended.code, ended.err.startswith("The web UI is stopped")) == (0, True), ended.err


@pytest.mark.usefixtures("handlers")
def test_that_it_was_stopped_while_it_started_is_no_error(
    sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "_command", lambda _: [sys.executable, "-c", STARTING])
    home = tmp_path / "home"

    def stop_once_up() -> None:
        while not ((home / "dagster.log").exists() and "up" in (home / "dagster.log").read_text()):
            time.sleep(0.1)
        subprocess.run(
            [sys.executable, "-m", "sparkify_assets", "stop"],
            env={**os.environ, "SPARKIFY_HOME": str(home)},
            check=True,
        )

    threading.Thread(target=stop_once_up, daemon=True).start()
    ended = sparkify("dev", "--port", str(free_port()), "--report-port", "0")
    assert (ended.code, ended.err.startswith("The web UI is stopped")) == (0, True), ended.err


@pytest.mark.usefixtures("handlers")
def test_what_does_not_end_at_ctrl_c_is_named_and_not_waited_for_for_ever(
    sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = STARTING.replace("lambda *_: sys.exit(1)", "signal.SIG_IGN")
    monkeypatch.setattr(dev, "_command", lambda _: [sys.executable, "-c", deaf])
    monkeypatch.setattr(dev, "STOP_SECONDS", 1)
    log = tmp_path / "home" / "dagster.log"
    threading.Thread(target=ctrl_c_once_up, args=(log,), daemon=True).start()
    try:
        said = one_line(sparkify("dev", "--port", str(free_port()), "--report-port", "0"))
        assert (
            f"left by `dagster dev`, and does not end: process {(log.parent / 'dev.pid').read_text()}, "
            in said
        )
    finally:
        os.killpg(int((log.parent / "dev.pid").read_text()), signal.SIGKILL)


@pytest.mark.usefixtures("handlers")
def test_that_it_fails_by_itself_is_an_error(sparkify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "_command", lambda _: [sys.executable, "-c", "raise SystemExit(3)"])
    ended = sparkify("dev", "--port", str(free_port()), "--report-port", "0")
    assert "`dagster dev` ended with exit code 3" in one_line(ended)
