"""Whatever stops a run, systemd, a container's end or a terminal, asks Terraform once, and waits for its state."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import GRPC_INFO_TAG

from sparkify_assets.defs.served_runs import cancel_served_runs
from sparkify_assets.infra.terraform import TerraformResource
from tests.deploy.systemd import RealService
from tests.deploy.units import CODE_SERVER, Service, here, seconds_of, unit
from tests.dev import free_port
from tests.infrastructure.harness import SLOW, Checkout
from tests.page import until

BIN = Path(sys.executable).parent

LOCATION = """
from pathlib import Path
import dagster as dg
from sparkify_assets.infra import ops
from sparkify_assets.infra.jobs import infrastructure_defs

@dg.job(executor_def=dg.in_process_executor)
def applying():
    ops.apply("warehouse")(ops.plan("warehouse")(ops.init("warehouse")()))

defs = dg.Definitions(jobs=[applying], resources=infrastructure_defs(Path({home!r}), Path({stacks!r})).resources)
"""

#: As on a server, except that runs start at once and records are files.
SETTINGS = """
telemetry: { enabled: false }
run_coordinator: { module: dagster._core.run_coordinator, class: DefaultRunCoordinator }
"""

#: Terraform, which takes its time to stop, and notes which signals it gets.
NOTING = """#!{python}
import os, signal, subprocess, sys, time

def note(number, _):
    with open({notes!r}, "a") as notes:
        notes.write(signal.Signals(number).name + "\\n")
    if {seconds}:
        time.sleep({seconds})
    child.send_signal(number)

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, note)
child = subprocess.Popen([{terraform!r}, *sys.argv[1:]], start_new_session=True)
sys.exit(child.wait())
"""


class Server:
    """A code server with a job that applies a stack for minutes."""

    def __init__(self, folder: Path, terraform: str, seconds: float) -> None:
        self.checkout = Checkout.tiny(folder, warehouse=(SLOW % 300).replace("sleep", "exec sleep"))
        self.notes = folder / "signals"
        noting = folder / "bin" / "terraform"
        noting.parent.mkdir()
        noting.write_text(
            NOTING.format(python=sys.executable, notes=str(self.notes), seconds=seconds, terraform=terraform)
        )
        noting.chmod(0o755)
        location = folder / "location.py"
        location.write_text(LOCATION.format(home=str(self.checkout.home), stacks=str(self.checkout.stacks)))
        settings = folder / "settings.yaml"
        settings.write_text(SETTINGS)
        self.port = str(free_port())
        self.variables = {
            "SPARKIFY_HOME": str(folder),
            "SPARKIFY_DAGSTER_YAML": str(settings),
            "DAGSTER_HOME": str(folder / "dagster"),
        }
        self.environment = {**self.variables, "PATH": f"{noting.parent}:{os.environ['PATH']}"}
        self.location = location
        self.instead = {
            "4266": self.port,
            "--module-name sparkify_assets.definitions": f"--python-file {location}",
        }

    def words(self, line: str) -> list[str]:
        """The words of a line of the unit."""
        return here(line, self.variables, self.instead)

    def apply(self) -> None:
        """Launch the job, and wait until it applies."""
        subprocess.run(
            [
                BIN / "dagster",
                "job",
                "launch",
                "--grpc-host",
                "127.0.0.1",
                "--grpc-port",
                self.port,
                "-j",
                "applying",
            ],
            env={**os.environ, **self.environment},
            check=True,
            capture_output=True,
        )
        self.wait_for_apply()

    def wait_for_apply(self) -> None:
        """Wait until Terraform is making something slow."""
        until(
            lambda: "terraform_data.slow: Creating..." in self.said() or None, 240, "the apply did not begin"
        )

    def said(self) -> list[str]:
        """What the run has told."""
        with dg.DagsterInstance.from_config(self.variables["DAGSTER_HOME"]) as instance:
            return [
                entry.user_message for run in instance.get_runs() for entry in instance.all_logs(run.run_id)
            ]

    def status(self) -> str:
        """What became of the run."""
        with dg.DagsterInstance.from_config(self.variables["DAGSTER_HOME"]) as instance:
            [run] = instance.get_runs()
            return run.status.value

    def saved(self) -> list[str]:
        """The names of what the state manages, if nobody has locked it."""
        folder = self.checkout.stacks / "warehouse"
        assert not (folder / ".terraform.tfstate.lock.info").exists()
        state = json.loads((folder / "terraform.tfstate").read_text())
        return [found["name"] for found in state["resources"] if found["mode"] == "managed"]


@pytest.fixture
def server(terraform: str, tmp_path: Path) -> Server:
    return Server(tmp_path, terraform, seconds=3)


@pytest.fixture(params=[Service, pytest.param(RealService, marks=pytest.mark.soak)])
def service(
    server: Server, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Service | RealService]:
    """The code server, started by its unit."""
    service = request.param(CODE_SERVER, server.words, server.environment, tmp_path)
    yield service
    service.end()


@pytest.mark.live
def test_stopping_the_code_server_interrupts_terraform_once(
    server: Server, service: Service | RealService
) -> None:
    server.apply()
    service.stop()
    assert server.notes.read_text().split() == ["SIGINT"]
    assert server.saved() == ["quick", "slow"]
    assert server.status() == "CANCELED"
    assert "Terraform has stopped; its state is saved and unlocked." in server.said()
    assert service.members() == []


def container_is_stopped(run: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the first process, and at its end the others end with it
    (https://docs.docker.com/reference/cli/docker/container/stop/).
    """
    run.send_signal(signal.SIGTERM)


def impatient_person_at_a_terminal(run: subprocess.Popen[bytes]) -> None:
    """Ctrl-C, twice, which a terminal sends to all processes of the foreground."""
    os.killpg(run.pid, signal.SIGINT)
    os.killpg(run.pid, signal.SIGINT)


@pytest.mark.parametrize("stopped", [container_is_stopped, impatient_person_at_a_terminal])
def test_a_run_waits_for_terraform_which_it_interrupts_once(
    server: Server, stopped: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    shutil.copy(
        server.variables["SPARKIFY_DAGSTER_YAML"], Path(server.variables["DAGSTER_HOME"], "dagster.yaml")
    )
    assert server.said() == []  # makes Dagster's storage, which two processes at once would make twice
    run = subprocess.Popen(
        [BIN / "dagster", "job", "execute", "-f", server.location, "-j", "applying"],
        env={**os.environ, **server.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        server.wait_for_apply()
        stopped(run)
        run.wait(120)
    finally:
        run.kill()
        run.wait()
    assert server.notes.read_text().split() == ["SIGINT"]
    assert server.saved() == ["quick", "slow"]


def test_what_no_code_server_knows_is_named_and_not_waited_for(tmp_path: Path) -> None:
    said: list[str] = []
    lost = {GRPC_INFO_TAG: json.dumps({"host": "127.0.0.1", "port": free_port()})}
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        job = dg.GraphDefinition(name="loading").to_job()
        for tags in (lost, {}):  # the second is one of the command line
            run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)
        cancel_served_runs(instance, said.append)
        still = instance.get_run_by_id(run.run_id)
    assert still is not None
    assert still.status == dg.DagsterRunStatus.STARTED
    assert [line.partition(" of ")[2] for line in said] == [
        "loading; waiting until it has ended.",
        "loading is not one of this code server's: left to end by itself.",
    ]


def test_a_stop_may_take_as_long_as_terraform_may() -> None:
    may_take = TerraformResource(stacks="", work="").stop_seconds
    assert seconds_of(unit(CODE_SERVER)["Service"]["TimeoutStopSec"]) >= may_take + 30
