"""What destroying needs, and the proof that nothing is left."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.infra import aws, destroy_ops
from sparkify_assets.infra.jobs import infrastructure_defs
from tests.infrastructure.harness import REGION, Checkout, Emulator


def test_destroying_without_a_typed_name_does_not_start(checkout: Checkout) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match="confirm"):
        checkout.run("destroy_infrastructure", {"environment": "dev"})


def test_another_infrastructure_run_is_no_load(checkout: Checkout) -> None:
    job = infrastructure_defs(checkout.home).resolve_job_def("detect_drift")
    with checkout.instance() as instance:
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=job.tags)
    run = checkout.run("destroy_infrastructure", {"environment": "dev", "confirm": "prod"})
    assert run.failures["confirm_destroy"].startswith("refused: to destroy environment dev, type its name")


def test_what_is_left_of_a_destroyed_stack_is_named(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.leftovers, "__defaults__", (None, 0.5))
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
    foreign = aws.leftovers("dev", "warehouse", REGION, owned=set(), seconds=600)
    assert foreign.unexpected == [], "none of it was in this state"
    [told] = foreign.meant
    assert "left alone: " in told
    assert "scheduled action sparkify-dev-pause" in told
    assert "cluster:sparkify-dev" in told
    ours = aws.leftovers("dev", "warehouse", REGION, owned={"sparkify-dev-pause"})
    assert ours.unexpected == ["scheduled action sparkify-dev-pause"]

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
