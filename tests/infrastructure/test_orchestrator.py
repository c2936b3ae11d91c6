"""The life of Dagster's own home, from nothing to nothing, on a foundation that is only a state with outputs.
Terraform and provider are real, AWS is emulated. The tests tell one story and run in the order in which they stand.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.deploy.policies import not_allowed
from tests.infrastructure.harness import REGION, Checkout, Emulator

pytestmark = pytest.mark.soak  # minutes of waiting: the provider looks after a database every half minute

SETTINGS = """\
environment = "dev"
region      = "us-west-2"
orchestrator = {
  image_tag = "3f2a1b0"
  database  = { deletion_protection = false }
}
"""


@pytest.fixture(scope="module")
def home(checkout: Checkout, emulator: Emulator) -> Checkout:
    """A checkout whose foundation is there: a network, and a state that names it."""
    ec2 = emulator.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{i}.0/24", AvailabilityZone=f"{REGION}{zone}")[
            "Subnet"
        ]["SubnetId"]
        for i, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    emulator.client("kms").create_key()
    key = emulator.client("kms").list_keys()["Keys"][0]["KeyArn"]
    outputs: dict[str, tuple[Any, Any]] = {
        "name": ("sparkify-dev", "string"),
        "vpc_id": (vpc, "string"),
        "vpc_cidr": ("10.20.0.0/16", "string"),
        "subnet_ids": (subnets, ["tuple", ["string", "string"]]),
        "nat_gateway": (False, "bool"),
        "log_retention_days": (365, "number"),
        "orchestrator_security_group_id": (group, "string"),
        "kms_key_arn": (key, "string"),
        "landing_bucket": ("landing", "string"),
        "source_url": ("s3://landing/landing", "string"),
        "work_url": ("s3://landing/work", "string"),
    }
    state = {
        "version": 4,
        "terraform_version": "1.11.0",
        "serial": 1,
        "lineage": "00000000-0000-0000-0000-000000000000",
        "outputs": {name: {"value": value, "type": kind} for name, (value, kind) in outputs.items()},
        "resources": [],
    }
    (checkout.stacks / "foundation" / "terraform.tfstate").write_text(json.dumps(state))
    checkout.add_environment("dev", SETTINGS)
    return checkout


VARIABLES = "-var-file=../../environments/dev.tfvars"


def test_by_hand_it_is_made(home: Checkout, emulator: Emulator) -> None:
    home.terraform("orchestrator", "init", "-lockfile=readonly", "-no-color")
    home.terraform("orchestrator", "apply", "-auto-approve", "-no-color", VARIABLES)
    [database] = emulator.client("rds").describe_db_instances()["DBInstances"]
    assert (database["PubliclyAccessible"], database["StorageEncrypted"]) == (False, True)
    ecs = emulator.client("ecs")
    [service] = ecs.describe_services(cluster="sparkify-dev-dagster", services=["dagster"])["services"]
    assert (service["desiredCount"], service["launchType"]) == (1, "FARGATE")
    names = [arn.rpartition("/")[2] for arn in ecs.list_task_definitions()["taskDefinitionArns"]]
    assert names == ["sparkify-dev-dagster:1", "sparkify-dev-dagster-run:1"]


def test_a_plan_after_it_is_empty(home: Checkout) -> None:
    home.terraform("orchestrator", "plan", "-detailed-exitcode", "-no-color", VARIABLES)


def test_destroyed_by_hand_it_leaves_its_final_snapshot_only(home: Checkout, emulator: Emulator) -> None:
    home.terraform("orchestrator", "destroy", "-auto-approve", "-no-color", VARIABLES)
    assert emulator.client("rds").describe_db_instances()["DBInstances"] == []
    assert emulator.client("rds").describe_db_subnet_groups()["DBSubnetGroups"] == []
    ecs = emulator.client("ecs")
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    assert all(cluster["status"] == "INACTIVE" for cluster in clusters)  # how ECS shows one that was deleted
    assert ecs.list_task_definitions()["taskDefinitionArns"] == []
    assert emulator.client("ecr").describe_repositories()["repositories"] == []
    assert emulator.client("iam").list_roles()["Roles"] == []
    assert emulator.client("logs").describe_log_groups()["logGroups"] == []
    endpoints = emulator.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert all(endpoint["State"] == "deleted" for endpoint in endpoints)


def test_the_policy_allows_all_that_terraform_called(home: Checkout, emulator: Emulator) -> None:
    called = emulator.calls("terraform")
    assert {
        "ecs:CreateService",
        "rds:CreateDBInstance",
        "rds:DeleteDBInstance",
        "ecr:DeleteRepository",
    } <= called
    assert not_allowed(called, "terraform", "orchestrator-stack") == set()
