"""What the provider cannot change of a cluster is done by Redshift's API, in an order that shuts nobody out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sparkify_assets.infra import cluster_ops, ops
from sparkify_assets.infra.plan import Change, Plan
from sparkify_assets.infra.stack import Stack
from sparkify_assets.warehouse import cluster_state
from tests.infra.planned import change, run_on_plan
from tests.infrastructure.harness import Checkout, Emulator, JobRun

#: A cluster behind a group that lets clients in on its port, as modules/warehouse has it.
STACK = """
variable "port" { default = 5439 }
variable "nodes" { default = 2 }

resource "aws_security_group" "cluster" {
  name = "sparkify-dev-cluster"

  ingress {
    description = "Clients"
    cidr_blocks = ["10.0.0.0/16"]
    protocol    = "tcp"
    from_port   = var.port
    to_port     = var.port
  }
}

resource "aws_redshift_cluster" "this" {
  cluster_identifier     = "sparkify-dev"
  node_type              = "ra3.xlplus"
  cluster_type           = var.nodes > 1 ? "multi-node" : "single-node"
  number_of_nodes        = var.nodes
  port                   = var.port
  master_username        = "somebody"
  manage_master_password = true
  skip_final_snapshot    = true
  vpc_security_group_ids = [aws_security_group.cluster.id]
  apply_immediately      = true

  # The provider leaves this out of CreateCluster, and Redshift's default is true.
  availability_zone_relocation_enabled = false
}
"""


@dg.job(executor_def=dg.in_process_executor, tags={ops.INFRASTRUCTURE_TAG: "true"})
def applying() -> None:
    planned = ops.guard("warehouse")(ops.plan("warehouse")(ops.init("warehouse")()))
    ops.prove_applied("warehouse")(ops.apply("warehouse")(cluster_ops.change_cluster("warehouse")(planned)))


@pytest.fixture(scope="module")
def provisioned(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout.tiny(tmp_path_factory.mktemp("tiny"), warehouse=STACK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ops, "SETTLE_SECONDS", 0.0)
        made = checkout.run(applying)
    assert made.success, made.failures
    return checkout


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_state, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(ops, "SETTLE_SECONDS", 0.0)


def apply(checkout: Checkout, **variables: Any) -> JobRun:
    checkout.add_environment(
        "dev", 'region = "us-west-2"\n' + "".join(f"{name} = {value}\n" for name, value in variables.items())
    )
    return checkout.run(applying)


@pytest.mark.soak
def test_what_the_provider_drops_at_the_creation_is_applied_once_more(
    provisioned: Checkout, emulator: Emulator
) -> None:
    [cluster] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert cluster["AvailabilityZoneRelocationStatus"] == "disabled"


@pytest.mark.soak  # the same without Terraform is below
def test_a_port_moves_with_its_cluster_and_terraform_closes_the_old_one(
    provisioned: Checkout, emulator: Emulator
) -> None:
    before = len(emulator.calls_file.read_text().splitlines())
    run = apply(provisioned, port=5440)
    assert run.success, run.failures
    [cluster] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert cluster["Endpoint"]["Port"] == 5440
    groups = emulator.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["sparkify-dev-cluster"]}]
    )
    [rule] = groups["SecurityGroups"][0]["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"]) == (5440, 5440)

    calls = emulator.calls_file.read_text().splitlines()[before:]
    changing = [c for c in calls if c.endswith(("SecurityGroupIngress", ":ModifyCluster"))]
    assert changing == [
        "other ec2:AuthorizeSecurityGroupIngress",
        "other redshift:ModifyCluster",
        "terraform ec2:RevokeSecurityGroupIngress",
    ]


@pytest.mark.soak
def test_a_cluster_grows_elastically(provisioned: Checkout, emulator: Emulator) -> None:
    run = apply(provisioned, port=5440, nodes=4)
    assert run.success, run.failures
    [cluster] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert cluster["NumberOfNodes"] == 4
    assert "redshift:ResizeCluster" in emulator.calls("other")
    assert (cluster["NodeType"], cluster["Endpoint"]["Port"]) == ("ra3.xlplus", 5440)


@pytest.mark.soak
def test_where_no_elastic_resize_leads_there_terraform_makes_a_classic_one(
    provisioned: Checkout, emulator: Emulator
) -> None:
    before = len(emulator.calls_file.read_text().splitlines())
    run = apply(provisioned, port=5440, nodes=1)
    assert run.success, run.failures
    [cluster] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert cluster["NumberOfNodes"] == 1
    assert "terraform redshift:ModifyCluster" in emulator.calls_file.read_text().splitlines()[before:]


@pytest.mark.soak
def test_a_port_does_not_move_under_a_load(provisioned: Checkout, emulator: Emulator) -> None:
    @dg.job
    def load() -> None: ...

    with provisioned.instance() as instance:
        running = instance.create_run_for_job(load, status=dg.DagsterRunStatus.STARTED)
    run = apply(provisioned, port=5441, nodes=4)
    with provisioned.instance() as instance:
        instance.delete_run(running.run_id)
    assert run.failures["change_cluster"].startswith(f"refused while loads run: load {running.run_id[:8]}")
    [cluster] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert cluster["Endpoint"]["Port"] == 5440


# ---------------------------------------------------------------- the op by itself, on a plan that a test has written


@pytest.fixture
def cluster(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """The group of a cluster of two nodes, made without Terraform. The plan that is made afterwards has no change."""
    emulator.forget_everything()
    ec2 = emulator.client("ec2")
    group = ec2.create_security_group(GroupName="sparkify-dev-cluster", Description="x")["GroupId"]
    port = {"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[port])
    emulator.client("redshift").create_cluster(
        ClusterIdentifier="sparkify-dev",
        NodeType="ra3.xlplus",
        NumberOfNodes=2,
        ClusterType="multi-node",
        Port=5439,
        MasterUsername="somebody",
        ManageMasterPassword=True,
        VpcSecurityGroupIds=[group],
    )
    monkeypatch.setattr(Stack, "plan", lambda _: Plan((), applicable=False))
    return str(group)


def run_wanting(checkout: Checkout, **wanted: Any) -> JobRun:
    before = {"port": 5439, "node_type": "ra3.xlplus", "number_of_nodes": 2, "cluster_type": "multi-node"}
    resized = change("aws_redshift_cluster.this", "change", before, {**before, **wanted})
    return run_on_plan(
        checkout, "dev", "warehouse", {"resource_changes": [resized]}, cluster_ops.change_cluster
    )


def test_a_new_port_is_open_before_the_cluster_moves_there(
    checkout: Checkout, emulator: Emulator, cluster: str
) -> None:
    run = run_wanting(checkout, port=5440)
    assert run.success, run.failures
    assert run.metadata["change_cluster.plan"] == "no changes", "what is left is planned again"
    [moved] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert moved["Endpoint"]["Port"] == 5440
    [group] = emulator.client("ec2").describe_security_groups(GroupIds=[cluster])["SecurityGroups"]
    rules = {(rule["FromPort"], rule["IpRanges"][0]["CidrIp"]) for rule in group["IpPermissions"]}
    assert rules == {(5439, "10.0.0.0/16"), (5440, "10.0.0.0/16")}, "Terraform closes the old one"
    calls = [call.split()[1] for call in emulator.calls_file.read_text().splitlines()]
    last_opening = len(calls) - calls[::-1].index("ec2:AuthorizeSecurityGroupIngress")
    assert last_opening <= calls.index("redshift:ModifyCluster")


def test_a_port_that_an_interrupted_run_has_opened_is_no_hindrance(
    checkout: Checkout, emulator: Emulator, cluster: str
) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 5440, "ToPort": 5440, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    emulator.client("ec2").authorize_security_group_ingress(GroupId=cluster, IpPermissions=[rule])
    run = run_wanting(checkout, port=5440)
    assert run.success, run.failures
    [moved] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert moved["Endpoint"]["Port"] == 5440


def test_the_size_changes_elastically_where_redshift_can_and_else_by_terraform(
    checkout: Checkout, emulator: Emulator, cluster: str
) -> None:
    assert run_wanting(checkout, number_of_nodes=4).success
    [grown] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert grown["NumberOfNodes"] == 4
    assert run_wanting(checkout, number_of_nodes=1, cluster_type="single-node").success
    [stayed] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert stayed["NumberOfNodes"] == 4
    assert "redshift:ModifyCluster" not in emulator.calls("other"), "it would be a classic resize"


def test_nothing_of_a_cluster_changes_under_a_load(
    checkout: Checkout, emulator: Emulator, cluster: str
) -> None:
    @dg.job
    def load() -> None: ...

    with checkout.instance() as instance:
        running = instance.create_run_for_job(load, status=dg.DagsterRunStatus.STARTED)
    run = run_wanting(checkout, port=5440, number_of_nodes=4)
    with checkout.instance() as instance:
        instance.delete_run(running.run_id)
    assert run.failures["change_cluster"].startswith(f"refused while loads run: load {running.run_id[:8]}")
    assert not {"redshift:ModifyCluster", "redshift:ResizeCluster"} & emulator.calls("other")


# ---------------------------------------------------------------- after an apply


DROPPED = Plan((Change("aws_redshift_cluster.this", "aws_redshift_cluster", "change", ()),), applicable=True)
DONE = Plan((), applicable=False)


@pytest.mark.parametrize(
    ("plans", "applies", "proven"),
    [
        ([DONE], 0, True),
        ([DROPPED, DONE], 0, True),  # AWS did not show it yet
        ([DROPPED, DROPPED, DONE], 1, True),
        ([DROPPED, DROPPED, DROPPED], 1, False),
        ([replace(DROPPED, changes=(replace(DROPPED.changes[0], action="replace"),))], 0, False),
    ],
)
def test_what_is_left_to_do_is_applied_once_and_never_replaced(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, plans: list[Plan], applies: int, proven: bool
) -> None:
    left, applied = list(plans), list[Stack]()
    monkeypatch.setattr(Stack, "plan", lambda _: left.pop(0))
    monkeypatch.setattr(Stack, "planned", False)  # an apply removes its plan
    monkeypatch.setattr(Stack, "apply", lambda stack: applied.append(stack))  # noqa: PLW0108 (a method)
    monkeypatch.setattr(ops, "cluster_of", lambda _: None)

    @dg.job(executor_def=dg.in_process_executor)
    def proving() -> None:
        ops.prove_applied("warehouse")()

    run = checkout.run(proving)
    assert (run.success, len(applied), left) == (proven, applies, [])
    if not proven:
        assert "aws_redshift_cluster.this" in run.failures["prove_warehouse_applied"]


def test_what_is_never_done_is_an_error_that_names_it(terraform: str, tmp_path: Path) -> None:
    """Terraform would call it a success, and every later plan would have a change."""
    checkout = Checkout.tiny(
        tmp_path, warehouse='resource "terraform_data" "clock" {\n  input = timestamp()\n}\n'
    )

    @dg.job(executor_def=dg.in_process_executor)
    def proving() -> None:
        applied = ops.apply("warehouse")(ops.plan("warehouse")(ops.init("warehouse")()))
        ops.prove_applied("warehouse")(applied)

    run = checkout.run(proving)
    assert list(run.failures) == ["prove_warehouse_applied"]
    told = run.failures["prove_warehouse_applied"]
    assert "its plan is not empty" in told
    assert "change terraform_data.clock (input: " in told
    assert "\n" not in told
