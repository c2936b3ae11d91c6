"""One `sparkify dev` for tests/live and tests/ui, as `make dev` starts it: page, daemon, code servers, its own home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from sparkify_assets.partitions import partition_of
from sparkify_assets.resources.redshift import Warehouse
from sparkify_assets.sample import write_sample
from tests.page import Page, until

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
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
    """The page over a source and a home of its own. SIGINT is ignored, as in what a shell starts in the background."""
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
            [BIN / "sparkify", "dev", "--port", str(port)],
            env=environment,
            cwd=home,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509
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
        yield dev
        if process.poll() is None:
            stopped = dev.sparkify("stop")
            assert stopped.stdout.startswith("The UI is stopped."), stopped
            assert process.wait(10) == 0
        # Nothing of it is left; its code servers take some seconds to believe that nobody asks any more.
        until(lambda: gone(process.pid) or None, 60, "the page's processes did not end")
    except BaseException:
        sys.stderr.write(log.read_text("utf-8", "replace")[-5000:])
        raise
    finally:
        if not gone(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        dev.sparkify("stop")


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
