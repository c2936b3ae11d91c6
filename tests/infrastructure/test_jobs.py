"""What the jobs promise without touching AWS: what they refuse, what they need, what the UI shows."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.infrastructure import InfrastructureError, aws
from sparkify_assets.infrastructure.drift import drift_schedule
from sparkify_assets.infrastructure.jobs import STACKS_FOLDER, infrastructure_defs
from tests.infrastructure.harness import Checkout

JOBS = (
    "plan_infrastructure",
    "provision_infrastructure",
    "destroy_infrastructure",
    "pause_warehouse",
    "resume_warehouse",
    "detect_drift",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout.make(tmp_path)


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_never_retried_as_a_run(tmp_path: Path, name: str) -> None:
    """https://docs.dagster.io/deployment/execution/run-retries"""
    job = infrastructure_defs(tmp_path).resolve_job_def(name)
    assert job.tags["dagster/max_retries"] == "0"


def test_steps_stand_in_the_order_in_which_they_are_told(tmp_path: Path) -> None:
    job = infrastructure_defs(tmp_path).resolve_job_def("provision_infrastructure")
    order = [node.name for node in job.nodes_in_topological_order]
    assert order == [
        "init_foundation",
        "validate_foundation",
        "plan_foundation",
        "guard_foundation",
        "apply_foundation",
        "publish_foundation",
        "init_warehouse",
        "validate_warehouse",
        "wake_cluster",
        "plan_warehouse",
        "guard_warehouse",
        "apply_warehouse",
        "publish_warehouse",
        "wait_for_cluster",
    ]


def test_no_value_passes_between_steps(tmp_path: Path) -> None:
    """What passes is pickled into Dagster's storage."""
    definitions = infrastructure_defs(tmp_path)
    for name in JOBS[:-1]:
        for node in definitions.resolve_job_def(name).nodes:
            for output in node.definition.output_defs:
                assert output.dagster_type.is_nothing, f"{name}: {node.name}"


def test_destroying_without_a_typed_name_does_not_start(checkout: Checkout) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="confirm"):
        checkout.run("destroy_infrastructure", {"environment": "dev"})


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
@pytest.mark.parametrize(
    ("job", "step", "config"),
    [
        ("destroy_infrastructure", "confirm_destroy", {"confirm": "dev"}),
        ("pause_warehouse", "pause_cluster", {}),
    ],
)
def test_nothing_is_taken_away_under_a_load(
    terraform: str,
    checkout: Checkout,
    job: str,
    step: str,
    config: dict[str, str],
    status: dg.DagsterRunStatus,
) -> None:
    @dg.op
    def load_events() -> None: ...

    @dg.job
    def load() -> None:
        load_events()

    with checkout.instance() as instance:
        running = instance.create_run_for_job(load, status=status)
    run = checkout.run(job, config)
    assert list(run.failures) == [step]
    assert run.failures[step].startswith(f"refused while loads run: load {running.run_id[:8]}")


def test_another_infrastructure_run_is_no_load(checkout: Checkout) -> None:
    job = infrastructure_defs(checkout.home).resolve_job_def("detect_drift")
    with checkout.instance() as instance:
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=job.tags)
    run = checkout.run("destroy_infrastructure", {"environment": "dev", "confirm": "prod"})
    assert run.failures["confirm_destroy"].startswith("refused: to destroy environment dev, type its name")


# ---------------------------------------------------------------- whether the cluster answers


def test_a_cluster_out_of_reach_fails_in_time_and_names_the_ways_in() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(InfrastructureError) as failed:
        aws.wait_until_it_answers("127.0.0.1", port, seconds=2)
    assert time.monotonic() - started < 4
    told = str(failed.value)
    assert 'access = "allow_list"' in told
    assert 'access = "port_forward"' in told
    assert f"127.0.0.1:{port}" in told


def test_a_port_that_swallows_everything_is_no_cluster() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(InfrastructureError, match="does not answer"):
            aws.wait_until_it_answers("127.0.0.1", silent.getsockname()[1], seconds=2)
        assert time.monotonic() - started < 5


def test_the_wait_is_a_minute_unless_told_otherwise() -> None:
    assert aws.wait_until_it_answers.__defaults__ == (60.0,)


# ---------------------------------------------------------------- the daily look


def _tick(stacks: Path) -> dg.RunRequest | dg.SkipReason:
    @dg.job
    def some() -> None: ...

    schedule = drift_schedule(some, stacks)
    with dg.build_schedule_context() as context:
        data = schedule.evaluate_tick(context)
    return data.run_requests[0] if data.run_requests else dg.SkipReason(data.skip_message)


def test_the_daily_look_skips_where_nothing_is_provisioned(tmp_path: Path) -> None:
    skipped = _tick(Checkout.make(tmp_path).stacks)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "nothing is provisioned from this checkout"


@pytest.mark.parametrize(
    "state",
    [
        "foundation/terraform.tfstate",
        "warehouse/terraform.tfstate.d/prod/terraform.tfstate",
        "foundation/backend_override.tf",
    ],
)
def test_the_daily_look_runs_once_something_is(terraform: str, tmp_path: Path, state: str) -> None:
    stacks = Checkout.make(tmp_path).stacks
    (stacks / state).parent.mkdir(parents=True, exist_ok=True)
    (stacks / state).write_text("")
    assert isinstance(_tick(stacks), dg.RunRequest)


def test_the_daily_look_does_not_hinder_who_has_no_terraform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks = Checkout.make(tmp_path / "checkout").stacks
    (stacks / "foundation" / "terraform.tfstate").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    skipped = _tick(stacks)
    assert isinstance(skipped, dg.SkipReason)
    assert "Terraform is not on the PATH" in str(skipped.skip_message)


def test_definitions_load_without_terraform_and_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    definitions = infrastructure_defs(tmp_path / "home")
    dg.Definitions.validate_loadable(definitions)
    assert STACKS_FOLDER.is_dir()
    assert not (tmp_path / "home").exists(), "loading the definitions must not write anything"
