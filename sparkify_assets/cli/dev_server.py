"""Dagster's web page and daemon for one home: run in the foreground, stopped from anywhere.

A file in the home holds the process id of `dagster dev`, and a lock on it that the process inherits: the kernel tells
whether it lives, whatever became of whoever started it, and a number that has since gone to another process is left
alone. The process leads a group of its own, so that what it leaves behind can be ended, too.

Belongs here: that process. Does not: what the page shows (`definitions`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from sparkify_assets.errors import SparkifyError
from sparkify_assets.settings import Settings

#: Where the page listens, and the port unless another is chosen.
HOST, PORT = "127.0.0.1", 3000

#: How long `dagster dev` may take to end its services, in seconds; it gives each of them 60 before it kills them.
STOP_SECONDS = 120

_WORKSPACE = Path(__file__).resolve().parents[2] / "workspace.yaml"


class DevServerError(SparkifyError):
    """The page cannot be started or stopped; one line."""


def run(settings: Settings, port: int, announce: Callable[[str], None]) -> int:
    """Run `dagster dev` until it ends, by Ctrl-C, SIGTERM or `stop`: its exit code, 0 where it was asked to end.
    `announce` gets the page's address.

    Raises DevServerError where the port is taken or the page of this home runs already.
    """
    with _mark(settings).open("a+") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DevServerError(
                f"the page of {settings.home} runs already; `sparkify stop` ends it"
            ) from None
        _check_port(port)
        # No Event: a handler would wait for the lock that what it interrupts may hold.
        asked: list[int] = []
        # SIGINT, too, for a shell has it ignored in what it starts in the background. `dagster dev` would inherit
        # that, and then ignore SIGTERM as well, as it treats both alike.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
                signal.signal(number, lambda given, _: asked.append(given))
        process = subprocess.Popen(
            _command(port),
            cwd=settings.home,
            env=_environment(settings, port),
            pass_fds=[mark.fileno()],
            start_new_session=True,
        )
        announce(f"http://{HOST}:{port}")
        mark.truncate(0)
        mark.write(str(process.pid))
        mark.flush()
        while process.poll() is None and not asked:
            time.sleep(0.2)
        process.terminate()
        code = process.wait()
        _end_group(process.pid)
        mark.truncate(0)
    return 0 if code in (0, -signal.SIGINT, -signal.SIGTERM) else code


def stop(settings: Settings) -> bool:
    """End the page of this home, wherever it was started: whether it was running. Raises DevServerError."""
    if not _mark(settings).exists():
        return False
    with _mark(settings).open() as mark:
        if _is_free(mark.fileno()):
            return False
        asked = ""
        deadline = time.monotonic() + STOP_SECONDS
        while not _is_free(mark.fileno()):
            if time.monotonic() > deadline:
                raise DevServerError(f"`dagster dev`, process {asked or 'unknown'}, does not end")
            if not asked and (asked := mark.read()):  # empty until the process is there
                with suppress(ProcessLookupError):
                    os.kill(int(asked), signal.SIGTERM)
            time.sleep(0.1)
    if asked:  # `sparkify dev` ends them itself, unless it was killed
        _end_group(int(asked))
    return True


def _end_group(group: int) -> None:
    """End what `dagster dev` leaves: its code servers wait until they are missed, and a sensor's tick in them would
    start the embedded warehouse again. Runs that go on are canceled. Raises DevServerError.
    """
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while left := _living(group):
        if time.monotonic() > deadline:
            raise DevServerError(f"left by `dagster dev`, and does not end: {'; '.join(left)}")
        time.sleep(0.1)


def _living(group: int) -> list[str]:
    """The processes of a group, each with its command; without those that have ended and that nobody has waited for,
    as in a container whose first process waits for none.
    """
    living = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                living.append(f"process {process.pid}, {' '.join(process.cmdline())[:80]}")
    return living


def _mark(settings: Settings) -> Path:
    return settings.home / "dev.pid"


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise DevServerError(f"port {port} is in use on {HOST}; choose another with --port") from None


def _command(port: int) -> list[str]:
    dagster = shutil.which("dagster", path=str(Path(sys.executable).parent)) or "dagster"
    # At its own level it would tell of every tick of every sensor, in colours wherever it writes to.
    return [dagster, "dev", "-w", str(_WORKSPACE), "-h", HOST, "-p", str(port), "--log-level", "warning"]


def _environment(settings: Settings, port: int) -> dict[str, str]:
    """The environment with its paths made absolute, for the services start in the home; alerts link to this page."""
    places = {"SPARKIFY_HOME": str(settings.home)}
    if not os.environ.get("SPARKIFY_PAGE"):
        places["SPARKIFY_PAGE"] = f"http://{HOST}:{port}"
    if settings.source != settings.sample.as_uri():  # the sample, where none is named, brings its days along
        places |= {"SPARKIFY_SOURCE": settings.source, "SPARKIFY_WORK": settings.work}
    # `dagster dev` advertises `dg dev`, a package of its own.
    return {**os.environ, **places, "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded"}
