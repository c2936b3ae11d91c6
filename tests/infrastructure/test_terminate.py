"""The button Terminate during an apply, on Dagster's real page: Terraform stops gracefully, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dev import as_a_shell_does, free_port
from tests.infrastructure.harness import ROOT, Checkout, Emulator
from tests.page import LAUNCH_RUN, Page, until

LOCATION = """
from pathlib import Path
from sparkify_assets.infra.jobs import infrastructure_defs

defs = infrastructure_defs(Path({home!r}), Path({stacks!r}))
"""

#: Runs start at once instead of waiting for a daemon.
SETTINGS = """
telemetry: { enabled: false }
run_coordinator: { module: dagster._core.run_coordinator, class: DefaultRunCoordinator }
"""

EVENTS = """
query Events($id: ID!) {
  logsForRun(runId: $id) { ... on EventConnection { events { __typename ... on MessageEvent { message } } } }
}
"""


@pytest.fixture
def page(checkout: Checkout, emulator: Emulator) -> Iterator[Page]:
    """Dagster's web server over the infrastructure jobs, started as by a shell in the background."""
    dagster_home = checkout.folder / "dagster"
    (dagster_home / "dagster.yaml").write_text(SETTINGS)
    location = checkout.folder / "location.py"
    location.write_text(LOCATION.format(home=str(checkout.home), stacks=str(checkout.stacks)))
    port = free_port()
    with (checkout.folder / "page.log").open("wb") as log:
        process = subprocess.Popen(
            [
                Path(sys.executable).parent / "dagster-webserver",
                "-f",
                location,
                "-h",
                "127.0.0.1",
                "-p",
                str(port),
            ],
            cwd=ROOT,
            env={**os.environ, "DAGSTER_HOME": str(dagster_home)},
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=as_a_shell_does,  # noqa: PLW1509
        )
    page = Page(f"http://127.0.0.1:{port}")

    def up() -> bool | None:
        try:
            return bool(page.ask("{ version }")) or None
        except OSError:
            assert process.poll() is None, (checkout.folder / "page.log").read_text()
            return None

    try:
        until(up, 180, "the page did not come up")
        yield page
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def launch(page: Page, job: str, config: dict[str, object]) -> str:
    [repository] = page.ask(
        "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
    )["repositoriesOrError"]["nodes"]
    selector = {
        "repositoryName": repository["name"],
        "repositoryLocationName": repository["location"]["name"],
        "pipelineName": job,
    }
    answer = page.ask(LAUNCH_RUN, executionParams={"selector": selector, "runConfigData": json.dumps(config)})
    assert answer["launchPipelineExecution"]["__typename"] == "LaunchRunSuccess", answer
    return str(answer["launchPipelineExecution"]["run"]["id"])


def said(page: Page, run: str) -> list[str]:
    """What a run has told so far."""
    return [event.get("message", "") for event in page.ask(EVENTS, id=run)["logsForRun"]["events"]]


@pytest.mark.soak  # what SIGTERM does to a run is tested in tests/deploy/test_stopping.py
@pytest.mark.live
@pytest.mark.timeout(600)
def test_terminate_lets_terraform_save_its_state(page: Page, checkout: Checkout, emulator: Emulator) -> None:
    refused = None
    try:
        launch(page, "destroy_infrastructure", {"environment": "dev"})
    except AssertionError as error:
        refused = str(error)
    assert refused
    assert "RunConfigValidationInvalid" in refused
    assert "confirm" in refused

    # What AWS puts off is tried again for minutes, so the apply is still under way when it is stopped.
    with emulator.failing(ec2_CreateVpcEndpoint=("RequestLimitExceeded", "Request limit exceeded.")):
        run = launch(page, "provision_infrastructure", {"environment": "dev"})
        s3 = emulator.client("s3")
        try:
            until(lambda: s3.list_buckets()["Buckets"] or None, 240, "the apply made no bucket")
            page.terminate(run)
            ended = page.run(run, timeout=240)  # a busy machine is slow to stop, too
        except TimeoutError as error:
            raise AssertionError(said(page, run)) from error
    assert ended.status == "CANCELED"

    lines = said(page, run)
    assert any(line.startswith("Stopping Terraform (process ") for line in lines), lines
    assert "Terraform has stopped; its state is saved and unlocked." in lines

    foundation = checkout.stacks / "foundation"
    state = json.loads((foundation / "terraform.tfstate").read_text())
    known = {resource["type"] for resource in state["resources"] if resource["mode"] == "managed"}
    assert "aws_s3_bucket" in known, "what was made is in the state"
    assert not (foundation / ".terraform.tfstate.lock.info").exists()
    assert not any((checkout.home / "terraform" / "runs").iterdir()), "the plan went with the run"

    # What is half made can be taken away as well as finished, and at once: no lock is in the way.
    checkout.terraform("foundation", "init")
    checkout.terraform("foundation", "destroy", "-auto-approve")
    assert s3.list_buckets()["Buckets"] == []
