"""A serverless warehouse through the jobs, and in the stacks as they are: made, in order, gone without a trace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from sparkify_assets.infra import aws
from sparkify_assets.infra.existing import Account
from sparkify_assets.infra.plan import Change, Plan
from sparkify_assets.warehouse import workgroup_state
from tests.deploy.policies import not_allowed
from tests.infrastructure.harness import TERRAFORM, Checkout, Emulator

#: A workgroup in the account's default network; a foundation with nothing in it.
WAREHOUSE = """
provider "aws" {
  region = "us-west-2"

  default_tags {
    tags = { Project = "sparkify", Environment = "dev", Stack = "warehouse" }
  }
}

data "aws_subnets" "all" {}

data "aws_security_group" "default" {
  name = "default"
}

module "serverless" {
  source = "../../modules/serverless"

  name               = "sparkify-dev"
  subnet_ids         = data.aws_subnets.all.ids
  security_group_ids = [data.aws_security_group.default.id]
  port               = PORT
  kms_key_arn        = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  s3_read_role_arn   = "arn:aws:iam::123456789012:role/reader"

  endpoint_access = {
    reports = { subnet_ids = data.aws_subnets.all.ids, security_group_ids = [data.aws_security_group.default.id] }
  }
}

output "workgroup_name" { value = module.serverless.workgroup_name }
output "warehouse_url" { value = "redshift-serverless://${module.serverless.workgroup_name}/sparkify" }
"""
FOUNDATION = 'output "name" { value = "sparkify-dev" }\n'


@pytest.fixture(scope="module")
def workgroup(
    emulator: Emulator, cluster_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checkout]:
    """A checkout whose warehouse is a workgroup with nothing around it, that answers on loopback."""
    emulator.control(redshift_host="127.0.0.1")
    folder = tmp_path_factory.mktemp("workgroup")
    made = Checkout.tiny(
        folder, foundation=FOUNDATION, warehouse=WAREHOUSE.replace("PORT", str(cluster_port))
    )
    shutil.copytree(TERRAFORM / "modules" / "serverless", folder / "terraform" / "modules" / "serverless")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workgroup_state, "POLL_SECONDS", 0.05)
        yield made


@pytest.mark.soak
def test_a_workgroup_is_made_and_answers(workgroup: Checkout, cluster_port: int) -> None:
    run = workgroup.run("provision_infrastructure", {"environment": "dev"})
    assert run.success, run.failures
    assert run.metadata["wait_for_cluster.endpoint"] == f"127.0.0.1:{cluster_port}"
    assert run.metadata["publish_warehouse.warehouse_url"] == "redshift-serverless://sparkify-dev/sparkify"


@pytest.mark.soak
def test_there_is_nothing_to_pause(workgroup: Checkout) -> None:
    run = workgroup.run("pause_warehouse", {"environment": "dev"})
    assert run.success, run.failures
    assert run.metadata["pause_cluster.said"] == workgroup_state.NOTHING_TO_PAUSE


@pytest.mark.soak
def test_a_workgroup_that_takes_connections_without_tls_is_drift(
    workgroup: Checkout, emulator: Emulator
) -> None:
    """The provider cannot watch the parameters (terraform/modules/serverless/main.tf)."""
    api = emulator.client("redshift-serverless")
    off = [{"parameterKey": "require_ssl", "parameterValue": "false"}]
    api.update_workgroup(workgroupName="sparkify-dev", configParameters=off)
    drift = workgroup.run("detect_drift", {"environment": "dev"})
    assert drift.success, drift.failures
    assert (drift.metadata["passed"], drift.metadata["warehouse_actions"]) == (False, {})
    assert "connections without TLS are taken" in drift.metadata["warehouse_weakened"]


@pytest.mark.soak
def test_nothing_is_left_of_it(workgroup: Checkout, emulator: Emulator) -> None:
    run = workgroup.run("destroy_infrastructure", {"environment": "dev", "confirm": "dev"})
    assert run.success, run.failures
    api = emulator.client("redshift-serverless")
    assert api.list_workgroups().get("workgroups", []) == api.list_namespaces().get("namespaces", []) == []
    assert not_allowed(emulator.calls("terraform"), "terraform", "serverless") == set()


def test_what_is_left_without_tags_is_found_by_its_name(workgroup: Checkout, emulator: Emulator) -> None:
    api = emulator.client("redshift-serverless")
    made = api.create_namespace(namespaceName="sparkify-dev")["namespace"]
    api.create_namespace(namespaceName="somebody-elses")
    assert aws.leftovers("dev", "warehouse", "us-west-2", seconds=0.1).unexpected == [made["namespaceArn"]]


def test_what_exists_by_name_would_not_be_made_a_second_time(emulator: Emulator) -> None:
    wanted = {
        "aws_redshiftserverless_namespace": {"namespace_name": "somebody-elses"},
        "aws_redshiftserverless_workgroup": {"workgroup_name": "somebody-elses"},
    }
    changes = tuple(Change(kind, kind, "add", (), after=after) for kind, after in wanted.items())
    found = Account("dev", "us-west-2").existing(Plan(changes, applicable=True))
    assert [(one.address, one.import_id) for one in found] == [
        ("aws_redshiftserverless_namespace", "somebody-elses")
    ]


@pytest.mark.soak
def test_the_stacks_as_they_are(checkout: Checkout, emulator: Emulator, cluster_port: int) -> None:
    emulator.forget_everything()
    emulator.control(redshift_host="127.0.0.1")
    checkout.add_environment(
        "idle",
        'environment = "idle"\nregion = "us-west-2"\nwarehouse_kind = "serverless"\nfoundation = { az_count = 3 }\n'
        f"warehouse = {{ port = {cluster_port}, serverless = {{ base_capacity = 4, max_capacity = 8 }} }}\n",
    )
    idle = {"environment": "idle"}
    made = checkout.run("provision_infrastructure", idle)
    assert made.success, made.failures
    assert made.metadata["publish_warehouse.warehouse_url"] == (
        "redshift-serverless://sparkify-idle/sparkify?region=us-west-2"
        "&role=arn:aws:iam::123456789012:role/sparkify-idle-loader"
    )
    by_hand = {**os.environ, "TF_WORKSPACE": "idle"}
    for stack in ("foundation", "warehouse"):
        checkout.terraform(stack, "init", "-lockfile=readonly", "-no-color", environment=by_hand)
        checkout.terraform(
            stack, "plan", "-detailed-exitcode", "-var-file=../../environments/idle.tfvars", environment=by_hand
        )  # fmt: skip
    drift = checkout.run("detect_drift", idle)
    assert drift.metadata["passed"] is True
    bucket = made.metadata["publish_foundation.landing_bucket"]
    gone = checkout.run(
        "destroy_infrastructure",
        {**idle, "confirm": "idle", "foundation_too": True, "confirm_data_loss": bucket},
    )
    assert gone.success, gone.failures
    assert "KMS key" in gone.metadata["prove_foundation_gone.stays"]
    assert not_allowed(emulator.calls("terraform"), "terraform", "serverless") == set()
