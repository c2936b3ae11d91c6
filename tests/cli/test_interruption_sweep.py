"""Ctrl-C at many moments of every command, in a process of its own as a terminal starts it: one line says what to type
next, no process is left, and everything is whole.

Belongs here: the full sweep, which takes many minutes. Does not: single moments (`test_interruption`).
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sample_data.generate import write_sample
from tests.dev import free_port

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7200)]

#: How many moments of each command are tried.
MOMENTS = int(os.environ.get("SPARKIFY_SOAK_MOMENTS", "12"))

#: What is started before any handler can be set, by Python itself.
FIRST_MOMENT = 0.3

COMMANDS = {
    "load": ("load", "--full"),
    "query": ("query", "select count(*) from staging.events a, staging.events b"),
    "status": ("status",),
    "reconcile": ("reconcile", "--deep"),
    "report": ("report", "--profile"),
    "digest": ("digest",),
    "republish": ("load", "--republish"),
    "sample": ("sample", "made-{}", "--events", "200000"),
    "demo": ("demo",),
    "plan": ("plan", "--full"),
    "doctor": ("doctor",),
    "connect": ("connect", "--psql"),
    "infra": ("infra", "plan"),
}

#: With what a command ends besides 0 and 130: something is to do, to mend, or missing.
ENDS_WITH = {"plan": 2, "doctor": 1, "connect": 1, "infra": 1}

#: What says something before Ctrl-C comes.
SAYS_MORE = ("infra", "demo")


class Home:
    """A state directory and a source of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_sample(folder / "source", events=3000, songs=60, days=6, seed=5)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SPARKIFY_HOME": str(folder / "home"),
            "SPARKIFY_SOURCE": str(folder / "source"),
            "SPARKIFY_FIRST_DAY": "2018-11-01",
            "COLUMNS": "200",
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "sparkify_assets", *command],
            env=self.environment, cwd=self.folder, start_new_session=True, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*command)
        out, err = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def statuses(self) -> list[str]:
        """Of Dagster's runs, the last one first."""
        program = (
            "import dagster as dg\nwith dg.DagsterInstance.get() as instance:\n"
            " print(*(run.status.value for run in instance.get_runs()))"
        )
        environment = {**self.environment, "DAGSTER_HOME": str(self.folder / "home" / "dagster")}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.split()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("interrupted"))
    assert home.run("load").returncode == 0
    yield home
    home.run("stop")


def left_of(process: subprocess.Popen[str]) -> list[str]:
    """The processes of a command's session."""
    left = []
    for other in psutil.process_iter(["cmdline"]):
        try:
            if os.getsid(other.pid) == process.pid and other.status() != psutil.STATUS_ZOMBIE:
                left.append(" ".join(other.info["cmdline"] or ()))
        except (ProcessLookupError, psutil.Error):
            pass
    return left


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
@pytest.mark.parametrize("to_all", [True, False], ids=["group", "alone"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_interrupted_at_any_moment(home: Home, name: str, to_all: bool, twice: bool) -> None:
    numbers = itertools.count()
    made = f"{name}-{to_all}-{twice}"

    def command() -> list[str]:
        return [word.format(f"{made}-{next(numbers)}") for word in COMMANDS[name]]

    started = time.monotonic()
    whole = home.start(*command())
    try:
        whole.wait(20)
    except subprocess.TimeoutExpired:
        whole.kill()
    whole.communicate()
    seconds = time.monotonic() - started
    send = os.killpg if to_all else os.kill
    faults = []
    for number in range(MOMENTS):
        moment = FIRST_MOMENT + number * (seconds - FIRST_MOMENT) / (MOMENTS - 1)
        process = home.start(*command())
        time.sleep(moment)
        if process.poll() is None:
            send(process.pid, signal.SIGINT)
        if twice:
            time.sleep(0.05)
            if process.poll() is None:
                send(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=120)
        told = [line for line in err.splitlines() if line.startswith("interrupted: ")]
        wrong = (
            process.returncode not in (0, 130, ENDS_WITH.get(name))
            or "Traceback" in err
            or "Exception" in err
        )
        wrong |= process.returncode == 130 and (len(told) != 1 or err.splitlines()[-1] != told[0])
        wrong |= process.returncode == 130 and name not in SAYS_MORE and err.splitlines() != told
        if left := left_of(process):
            faults.append(f"{moment:.2f} s: left {left}")
        if wrong:
            faults.append(f"{moment:.2f} s: {process.returncode} {err[-3000:]}")
        if name == "load" and process.returncode == 130 and not twice and " loaded" in told[0]:
            assert home.statuses()[0] == ("SUCCESS" if "had been loaded" in told[0] else "CANCELED")
    after = home.run("load", "--full", "--format", "json")
    assert after.returncode == 0, after.stderr
    assert json.loads(after.stdout)["files"]
    agreed = home.run("reconcile", "--deep")
    assert (agreed.returncode, agreed.stderr) == (0, ""), agreed.stdout
    assert not faults, "\n".join(faults)
    assert set(home.statuses()) <= {"SUCCESS", "CANCELED", "FAILURE"}


#: What runs until Ctrl-C, with what it says last.
SERVERS = {
    "dev": (
        ("dev", "--port", "{port}", "--report-port", "0"),
        "The web UI is stopped, and every table is whole; ",
    ),
    "serve": (("serve", "--port", "0"), "The warehouse is not served any more."),
    "both": (
        ("dev", "--port", "{port}", "--report-port", "0", "--serve", "0"),
        "The web UI is stopped, and every table is whole; ",
    ),
}

#: By when each of them is up, in seconds.
UP = 15.0


@pytest.mark.parametrize("to_all", [True, False], ids=["group", "alone"])
@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_ended_at_any_moment(home: Home, name: str, to_all: bool) -> None:
    """Before it serves, Ctrl-C interrupts it; from then on, that is its ordinary end."""
    words, last = SERVERS[name]
    send = os.killpg if to_all else os.kill
    faults = []
    for number in range(MOMENTS):
        moment = FIRST_MOMENT + number * (UP - FIRST_MOMENT) / (MOMENTS - 1)
        process = home.start(*(word.format(port=free_port()) for word in words))
        time.sleep(moment)
        send(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=180)
        (told,) = err.splitlines() or [""]
        as_it_should = {0: told.startswith(last), 130: told.startswith("interrupted: ")}
        if not as_it_should.get(process.returncode) or "Traceback" in out or "Aborted" in out:
            faults.append(f"{moment:.2f} s: {process.returncode} {out[-2000:]} {err[-3000:]}")
        if left := left_of(process):
            faults.append(f"{moment:.2f} s: left {left}")
        mark = home.folder / "home" / "dev.pid"
        if mark.exists() and (pid := mark.read_text()):
            faults.append(f"{moment:.2f} s: {mark.name} still names {pid}")
    after = home.run("load", "--full", "--format", "json")
    assert after.returncode == 0, after.stderr
    assert not faults, "\n".join(faults)
