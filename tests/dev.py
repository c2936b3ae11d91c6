"""One `sparkify dev` for tests/live and tests/ui, as `make dev` starts it: page, daemon, code servers, its own home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests

import redshift_local
from sample_data.generate import write_sample
from sparkify_assets.model.datasets import partition_of
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import Admin
from tests.page import Page, until

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[1]


@dataclass
class Dev:
    """A running page with what stands behind it."""

    page: Page
    source: Path
    environment: dict[str, str]
    warehouse: Warehouse
    process: subprocess.Popen[bytes]

    def sparkify(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line beside the page, on the same home."""
        return subprocess.run(
            [BIN / "sparkify", *arguments], env=self.environment, capture_output=True, text=True, check=False
        )

    @cached_property
    def group(self) -> int:
        """The process group of `dagster dev` and all that it starts."""
        return int((Path(self.environment["SPARKIFY_HOME"]) / "dev.pid").read_text())

    def kill(self) -> None:
        """SIGKILL to all at once: to `sparkify dev`, and to `dagster dev` with its services and runs."""
        group = self.group
        self.process.kill()
        os.killpg(group, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="session")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source to work on: a copy of the real data, or a sample of the same days where that is not here."""
    folder = tmp_path_factory.mktemp("landed") / "data"
    reference = os.environ.get("SPARKIFY_REFERENCE")
    if reference:
        shutil.copytree(reference, folder)
    else:
        write_sample(folder, events=3000, songs=70, days=30, seed=1)
    return folder


@pytest.fixture(scope="session")
def dev(landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """The page over an empty home, where nothing starts by itself."""
    with running(landed, tmp_path_factory.mktemp("dev"), SPARKIFY_AUTOMATION="off") as dev:
        yield dev


@contextmanager
def running(source: Path | str, home: Path, **settings: str) -> Iterator[Dev]:
    """The page over a source and a home of its own, started as by a shell in the background."""
    log = home / "dev.log"
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SPARKIFY_", "DAGSTER_"))
        },
        "SPARKIFY_HOME": str(home),
        "SPARKIFY_SOURCE": str(source),
        "SPARKIFY_FIRST_DAY": "2018-11-01",
        "SPARKIFY_LAST_DAY": "2018-11-30",
        **settings,
    }
    with log.open("ab") as output:
        port = free_port()
        process = subprocess.Popen(
            [BIN / "sparkify", "dev", "--port", str(port), "--report-port", "0"],
            env=environment,
            cwd=home,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=as_a_shell_does,  # noqa: PLW1509
        )
    dev = Dev(
        page=Page(f"http://127.0.0.1:{port}"),
        source=Path(source),
        environment=environment,
        warehouse=Warehouse("embedded", home / "warehouse"),
        process=process,
    )
    try:
        until(lambda: answers(dev), 120, "the page did not come up")
        group = dev.group
        yield dev
        if process.poll() is None:
            stopped = dev.sparkify("stop")
            assert stopped.stdout.startswith("The UI is stopped."), stopped
            assert process.wait(60) == 0
        # A process that was killed is there until whoever inherited it takes notice.
        until(lambda: gone(group) or None, 60, "the page's processes did not end")
    except BaseException:
        sys.stderr.write(log.read_text("utf-8", "replace")[-5000:])
        raise
    finally:
        if process.poll() is None:
            dev.kill()
        dev.sparkify("stop")


def as_a_shell_does() -> None:
    """SIGINT is ignored in what a shell starts in the background; SIGHUP is not, unless the tests run under nohup."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def locked(warehouse: Warehouse) -> Iterator[Callable[[], bool]]:
    """Hold the project's one lock; whether a load waits for it."""
    dsn = redshift_local.ensure(warehouse.folder, "sparkify")
    with Admin(dsn) as connection, connection.cursor() as asking, closing(psycopg2.connect(dsn)) as holder:
        holder.cursor().execute("lock table ledger.load_lock")

        def waits() -> bool:
            asking.execute(
                "select 1 from pg_locks where not granted and relation = 'ledger.load_lock'::regclass"
            )
            return asking.fetchone() is not None

        yield waits


def answers(dev: Dev) -> bool | None:
    """Whether the page is there; raises as soon as it never will be."""
    assert dev.process.poll() is None, "sparkify dev ended"
    try:
        return requests.get(f"{dev.page.address}/server_info", timeout=5).ok or None
    except requests.ConnectionError:
        return None


def gone(group: int) -> bool:
    """Whether no process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def records_of(source: Path, day: str) -> list[dict[str, Any]]:
    """The records of a day's files, read here."""
    return [
        json.loads(line)
        for path in sorted((source / "log_data").rglob("*.json"))
        if (partition := partition_of(str(path.relative_to(source)))) and partition.key == day
        for line in path.read_text("utf-8").splitlines()
    ]
