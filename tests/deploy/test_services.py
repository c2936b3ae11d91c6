"""The services of a server, started as systemd would: the page knows the assets, and the daemon works."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.deploy.conftest import DEPLOY, ROOT
from tests.deploy.units import UNITS, here, unit
from tests.dev import free_port

HEALTH = """{
  workspaceOrError { ... on Workspace { locationEntries { name loadStatus locationOrLoadError { __typename } } } }
  instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } }
}"""


def environment_file() -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "sparkify.env").read_text("utf-8"), re.MULTILINE))


def test_every_variable_of_the_services_means_something() -> None:
    named = environment_file().keys()
    known = set(re.findall(r"\b(SPARKIFY_\w+|AWS_REGION)=", (ROOT / ".env.example").read_text("utf-8")))
    used = set(re.findall(r"env: (\w+)", (DEPLOY / "dagster.yaml").read_text("utf-8")))
    assert named == (named & known) | used | {"DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE"}
    for path in UNITS:
        assert set(re.findall(r"\$\{(\w+)\}", path.read_text("utf-8"))) <= named


@pytest.fixture
def page(server_variables: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The address of the page of all three services, which run the lines of their units with other paths and ports."""
    ports = {"3000": str(free_port()), "4266": str(free_port())}
    workspace = tmp_path / "workspace.yaml"
    workspace.write_text((DEPLOY / "workspace.yaml").read_text("utf-8").replace("4266", ports["4266"]))

    instead = {"/opt/sparkify/deploy/workspace.yaml": str(workspace), **ports}

    def words(line: str) -> list[str]:
        return here(line, server_variables, instead)

    environment = {**os.environ, "SPARKIFY_AUTOMATION": "off"}
    started: list[subprocess.Popen[bytes]] = []
    try:
        for path in sorted(
            UNITS, key=lambda path: "code-server" not in path.stem
        ):  # the others come after it
            service = unit(path)["Service"]
            subprocess.run(words(service["ExecStartPre"]), check=True)
            started.append(
                subprocess.Popen(
                    words(service["ExecStart"]), cwd=ROOT, env=environment, start_new_session=True
                )
            )
            if "ExecStartPost" in service:
                subprocess.run(words(service["ExecStartPost"]), check=True, timeout=120, env=environment)
        yield f"http://127.0.0.1:{ports['3000']}"
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
        for process in started:
            process.wait(60)


def eventually(ask: Callable[[], Any], seconds: float = 150) -> Any:
    until = time.monotonic() + seconds
    while True:
        try:
            if found := ask():
                return found
        except requests.RequestException:
            pass
        assert time.monotonic() < until, "the services do not answer"
        time.sleep(0.5)


@pytest.mark.live
def test_the_services_of_a_server_work_together(page: str) -> None:
    def healthy() -> bool:
        data = requests.post(f"{page}/graphql", json={"query": HEALTH}, timeout=10).json()["data"]
        entries = data["workspaceOrError"]["locationEntries"]
        daemons = data["instance"]["daemonHealth"]["allDaemonStatuses"]
        assert [entry["name"] for entry in entries] == ["sparkify_assets.definitions"]
        loaded = entries[0]["locationOrLoadError"] or {}
        return loaded.get("__typename") == "RepositoryLocation" and all(
            daemon["healthy"] for daemon in daemons if daemon["required"]
        )

    assert eventually(healthy)


def test_page_and_daemon_come_after_the_code_server() -> None:
    for path in UNITS:
        comes_after = unit(path)["Unit"]["After"].split()
        assert ("sparkify-code-server.service" in comes_after) == ("code-server" not in path.stem)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_no_service_listens_beyond_this_machine(path: Path) -> None:
    line = unit(path)["Service"]["ExecStart"]
    assert re.findall(r"--host (\S+)", line) in ([], ["127.0.0.1"])
    assert ("--host" in line) == ("daemon" not in path.stem)
