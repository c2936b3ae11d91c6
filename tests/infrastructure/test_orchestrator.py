"""The life of an environment with Dagster's own home, from nothing to nothing, through the jobs: real Terraform, real
provider, emulated AWS. The tests tell one story and run in the order in which they stand.
"""

from __future__ import annotations

import re

import pytest

from tests.deploy.policies import not_allowed
from tests.infrastructure.harness import Checkout, Emulator

pytestmark = pytest.mark.soak  # minutes of waiting: the provider looks after a database every half minute

SETTINGS = """\
environment = "dev"
region      = "us-west-2"
warehouse   = {{ port = {port} }}
orchestrator = {{
  image_tag = "3f2a1b0"
  database  = {{ deletion_protection = {protected} }}
}}
"""


@pytest.fixture(scope="module")
def home(checkout: Checkout, emulator: Emulator, cluster_port: int) -> Checkout:
    """A checkout whose environment dev has an orchestrator."""
    emulator.control(redshift_host="127.0.0.1", create_seconds=3)
    checkout.add_environment("dev", SETTINGS.format(port=cluster_port, protected="true"))
    return checkout


def test_it_is_made_after_the_warehouse(home: Checkout, emulator: Emulator) -> None:
    planned = home.run("plan_infrastructure")
    assert planned.success, planned.failures
    run = home.run("provision_infrastructure")
    assert run.success, run.failures
    assert planned.metadata["plan_orchestrator.plan"] == run.metadata["plan_orchestrator.plan"]
    assert run.metadata["publish_orchestrator.cluster"] == "sparkify-dev-dagster"
    [database] = emulator.client("rds").describe_db_instances()["DBInstances"]
    assert (database["PubliclyAccessible"], database["StorageEncrypted"]) == (False, True)
    ecs = emulator.client("ecs")
    [service] = ecs.describe_services(cluster="sparkify-dev-dagster", services=["dagster"])["services"]
    assert (service["desiredCount"], service["launchType"]) == (1, "FARGATE")
    names = sorted(arn.rpartition("/")[2] for arn in ecs.list_task_definitions()["taskDefinitionArns"])
    assert names == ["sparkify-dev-dagster-run:1", "sparkify-dev-dagster:1"]
    [task] = [
        ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
        for name in names
        if "-run" in name
    ]
    told = {one["name"]: one["value"] for one in task["containerDefinitions"][0]["environment"]}
    assert told["SPARKIFY_QUEUE"] == run.metadata["publish_foundation.queue_url"]
    assert told["SPARKIFY_WAREHOUSE"] == run.metadata["publish_warehouse.warehouse_url"]


def test_nothing_of_it_is_drift(home: Checkout) -> None:
    drift = home.run("detect_drift")
    assert (drift.metadata["orchestrator"], drift.metadata["findings"]) == ("no changes", [])
    assert drift.metadata["passed"], drift.metadata["verdict"]


def test_its_protected_database_is_not_destroyed(
    home: Checkout, emulator: Emulator, cluster_port: int
) -> None:
    config = {"confirm": "dev", "foundation_too": True}
    assert "--orchestrator-too" in home.run("destroy_infrastructure", config).failures["confirm_destroy"]
    refused = home.run("destroy_infrastructure", {**config, "orchestrator_too": True})
    assert "deletion_protection = false" in refused.failures["confirm_destroy"]
    home.add_environment("dev", SETTINGS.format(port=cluster_port, protected="false"))
    run = home.run("provision_infrastructure")
    assert run.success, run.failures


def test_destroyed_it_leaves_its_final_snapshot_only(home: Checkout, emulator: Emulator) -> None:
    bucket = emulator.client("s3").list_buckets()["Buckets"][0]["Name"]
    run = home.run(
        "destroy_infrastructure",
        {"confirm": "dev", "orchestrator_too": True, "foundation_too": True, "confirm_data_loss": bucket},
    )
    assert run.success, run.failures
    assert re.search(
        r"final snapshot sparkify-dev-dagster-final-\S+ of Dagster's records",
        run.metadata["prove_orchestrator_gone.stays"],
    )
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
