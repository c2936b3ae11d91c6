"""What the jobs promise without touching AWS: what they refuse, what they need, what the UI shows."""

from __future__ import annotations

import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.defs.instance import PROCESS_TAG
from sparkify_assets.infra import InfrastructureError, aws, destroy_ops
from sparkify_assets.infra.jobs import STACKS_FOLDER, infrastructure_defs
from tests.infrastructure.harness import Checkout, Emulator

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
        "untaint_foundation",
        "guard_foundation",
        "apply_foundation",
        "publish_foundation",
        "init_warehouse",
        "validate_warehouse",
        "wake_cluster",
        "plan_warehouse",
        "untaint_warehouse",
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


@pytest.mark.parametrize(
    ("job", "step", "config", "status"),
    [
        ("destroy_infrastructure", "confirm_destroy", {"confirm": "dev"}, dg.DagsterRunStatus.STARTED),
        ("destroy_infrastructure", "confirm_destroy", {"confirm": "dev"}, dg.DagsterRunStatus.STARTING),
        ("pause_warehouse", "pause_cluster", {}, dg.DagsterRunStatus.CANCELING),
    ],
)
def test_nothing_is_taken_away_under_a_load(
    terraform: str, tmp_path: Path, job: str, step: str, config: dict[str, str], status: dg.DagsterRunStatus
) -> None:
    checkout = Checkout.tiny(tmp_path, warehouse="")

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


def test_a_load_whose_process_was_killed_is_none(terraform: str, tmp_path: Path) -> None:
    """Nobody would ever end it, and the environment could never be destroyed."""

    checkout = Checkout.tiny(tmp_path, warehouse="")

    @dg.job
    def load() -> None: ...

    with subprocess.Popen(["true"]) as gone:
        pass
    with checkout.instance() as instance:
        tags = {PROCESS_TAG: f"{socket.gethostname()}:{gone.pid}"}
        killed = instance.create_run_for_job(load, status=dg.DagsterRunStatus.STARTED, tags=tags).run_id
    run = checkout.run("pause_warehouse", {"environment": "dev"})
    assert run.failures["pause_cluster"].startswith("there is no cluster"), "it was not refused"
    with checkout.instance() as instance:
        ended = instance.get_run_by_id(killed)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.FAILURE


def test_another_infrastructure_run_is_no_load(checkout: Checkout) -> None:
    job = infrastructure_defs(checkout.home).resolve_job_def("detect_drift")
    with checkout.instance() as instance:
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=job.tags)
    run = checkout.run("destroy_infrastructure", {"environment": "dev", "confirm": "prod"})
    assert run.failures["confirm_destroy"].startswith("refused: to destroy environment dev, type its name")


# ---------------------------------------------------------------- what is left


def test_what_is_left_of_a_destroyed_stack_is_named(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.leftovers, "__defaults__", (0.5,))
    tags = {"Project": "sparkify", "Environment": "dev", "Stack": "warehouse"}
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    other = [{"Key": "Environment", "Value": "prod"}, *listed[::2]]
    redshift, iam = emulator.client("redshift"), emulator.client("iam")
    who = {"NodeType": "ra3.large", "MasterUsername": "x", "MasterUserPassword": "Xx123456"}
    for name, its in (("sparkify-dev", listed), ("sparkify-prod", other)):
        redshift.create_cluster(ClusterIdentifier=name, **who, Tags=its)
        iam.create_role(RoleName=f"{name}-s3-read", AssumeRolePolicyDocument="{}", Tags=its)
        redshift.create_scheduled_action(
            ScheduledActionName=f"{name}-pause",
            TargetAction={"PauseCluster": {"ClusterIdentifier": name}},
            Schedule="cron(0 20 * * ? *)",
            IamRole="arn:aws:iam::123456789012:role/x",
        )
    checkout = Checkout.tiny(tmp_path, warehouse='resource "terraform_data" "forgotten" {}')
    checkout.terraform("warehouse", "init")
    checkout.terraform("warehouse", "apply", "-auto-approve")

    @dg.job(executor_def=dg.in_process_executor)
    def proof() -> None:
        destroy_ops.prove_gone("warehouse")()

    failed = checkout.run(proof)
    told = failed.failures["prove_warehouse_gone"]
    assert set(told.partition("but this is left: ")[2].split(", ")) == {
        "terraform_data.forgotten",
        "arn:aws:redshift:us-west-2:123456789012:cluster:sparkify-dev",
        "arn:aws:iam::123456789012:role/sparkify-dev-s3-read",
        "scheduled action sparkify-dev-pause",
    }
    redshift.delete_cluster(
        ClusterIdentifier="sparkify-dev", FinalClusterSnapshotIdentifier="sparkify-dev-final-1"
    )
    iam.delete_role(RoleName="sparkify-dev-s3-read")
    redshift.delete_scheduled_action(ScheduledActionName="sparkify-dev-pause")
    checkout.terraform("warehouse", "destroy", "-auto-approve")
    proven = checkout.run(proof)
    assert proven.success, proven.failures


def test_a_half_made_foundation_can_be_destroyed(emulator: Emulator, tmp_path: Path) -> None:
    """Terraform knows the bucket's name before there is a bucket, and of the key nothing."""
    half = 'output "landing_bucket" { value = "sparkify-dev-landing-123456789012" }\n'
    checkout = Checkout.tiny(tmp_path, foundation=half, warehouse="")
    checkout.terraform("foundation", "init")
    checkout.terraform("foundation", "apply", "-auto-approve")
    run = checkout.run(
        "destroy_infrastructure", {"environment": "dev", "confirm": "dev", "foundation_too": True}
    )
    assert run.success, run.failures
    assert "prove_foundation_gone.stays" in run.metadata


# ---------------------------------------------------------------- whether the cluster answers


def test_a_cluster_out_of_reach_fails_in_time_and_names_the_ways_in() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(InfrastructureError) as failed:
        aws.wait_until_it_answers("127.0.0.1", port, seconds=2)
    assert time.monotonic() - started < 30
    told = str(failed.value)
    assert 'access = "allow_list"' in told
    assert 'access = "port_forward"' in told
    assert f"127.0.0.1:{port}" in told


def test_a_port_that_swallows_everything_is_no_cluster() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(InfrastructureError, match="does not answer"):
            aws.wait_until_it_answers("127.0.0.1", silent.getsockname()[1], seconds=2)
        assert time.monotonic() - started < 30


def test_the_wait_is_a_minute_unless_told_otherwise() -> None:
    assert aws.wait_until_it_answers.__defaults__ == (60.0,)


# ---------------------------------------------------------------- the daily look


def _tick(checkout: Checkout) -> list[str] | str:
    """The environments that the schedule asks runs for, each with a configuration that the job takes; or why none."""
    definitions = infrastructure_defs(checkout.home, checkout.stacks)
    schedule = definitions.resolve_schedule_def("daily_drift")
    with dg.build_schedule_context(scheduled_execution_time=datetime(2026, 1, 2, 6, tzinfo=UTC)) as context:
        data = schedule.evaluate_tick(context)
    job = definitions.resolve_job_def("detect_drift")
    for request in data.run_requests or []:
        assert dg.validate_run_config(job, request.run_config)
    environments = [
        request.run_config["resources"]["terraform"]["config"]["environment"]
        for request in data.run_requests or []
    ]
    return environments or str(data.skip_message)


def test_the_daily_look_skips_where_nothing_is_provisioned(checkout: Checkout) -> None:
    assert _tick(checkout) == "nothing is provisioned from this checkout"


@pytest.mark.parametrize(
    ("state", "environments"),
    [
        ("foundation/terraform.tfstate", ["dev"]),
        ("warehouse/terraform.tfstate.d/prod/terraform.tfstate", ["prod"]),
        ("foundation/backend_override.tf", ["dev", "prod"]),
    ],
)
def test_the_daily_look_is_at_every_environment_that_is(
    terraform: str, checkout: Checkout, state: str, environments: list[str]
) -> None:
    (checkout.stacks / state).parent.mkdir(parents=True, exist_ok=True)
    (checkout.stacks / state).write_text("")
    assert _tick(checkout) == environments


def test_the_daily_look_does_not_hinder_who_has_no_terraform(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout.stacks / "foundation" / "terraform.tfstate").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _tick(checkout) == "Terraform is not on the PATH"


def test_definitions_load_without_terraform_and_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    definitions = infrastructure_defs(tmp_path / "home")
    dg.Definitions.validate_loadable(definitions)
    assert STACKS_FOLDER.is_dir()
    assert not (tmp_path / "home").exists(), "loading the definitions must not write anything"
