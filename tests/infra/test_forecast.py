"""What cannot be is refused on a fresh environment too, before its foundation is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infrastructure.harness import Checkout, Emulator


@pytest.fixture
def fresh(checkout: Checkout) -> Iterator[Checkout]:
    """A checkout of the project's own stacks, whose environment `fresh` a test writes."""
    yield checkout
    (checkout.folder / "terraform" / "environments" / "fresh.tfvars").unlink()


def settings(text: str) -> str:
    return f'environment = "fresh"\nregion = "us-west-2"\n{text}\n'


FOUNDATION = """
resource "terraform_data" "vpc" {}
output "name" { value = "a $${template} stays as it is" }
output "subnet_ids" { value = [terraform_data.vpc.id] }
"""

WAREHOUSE = """
data "terraform_remote_state" "foundation" {
  backend = "local"
  config  = { path = "../foundation/terraform.tfstate" }
}
locals { foundation = data.terraform_remote_state.foundation.outputs }
variable "nodes" {
  default = 1
  validation {
    condition     = var.nodes < 5
    error_message = "There are fewer than 5 nodes."
  }
}
resource "terraform_data" "cluster" { input = [local.foundation.name, local.foundation.subnet_ids[0], var.nodes] }
"""


def test_a_fresh_environment_is_planned_as_a_whole(terraform: str, tmp_path: Path) -> None:
    tiny = Checkout.tiny(tmp_path, foundation=FOUNDATION, warehouse=WAREHOUSE)
    run = tiny.run("plan_infrastructure", {"environment": "dev"})
    assert run.success, run.failures
    assert run.metadata["plan_warehouse.plan"] == "1 to add"
    assert run.metadata["plan_warehouse.actions"] == {"terraform_data.cluster": "add"}
    assert not list(tmp_path.rglob("foreseen*")), "the copy it was planned in is left behind"

    tiny.add_environment("dev", 'region = "us-west-2"\nnodes = 9\n')
    refused = tiny.run("provision_infrastructure", {"environment": "dev"})
    settings = tiny.folder / "terraform" / "environments" / "dev.tfvars"
    assert refused.failures == {"foresee_warehouse": f"{settings}: There are fewer than 5 nodes."}
    assert not list(tmp_path.rglob("terraform.tfstate")), "something was made"


@pytest.mark.soak
def test_the_projects_own_environment_is_planned_as_a_whole(fresh: Checkout, emulator: Emulator) -> None:
    fresh.add_environment("fresh", settings(""))
    run = fresh.run("plan_infrastructure", {"environment": "fresh"})
    assert run.success, run.failures
    actions = run.metadata["plan_warehouse.actions"]
    assert actions["module.warehouse.aws_redshift_cluster.this[0]"] == "add"
    assert run.metadata["plan_warehouse.plan"] == f"{len(actions)} to add"
    assert emulator.client("s3").list_buckets()["Buckets"] == []


def test_a_misspelt_setting_is_refused_before_anything_is_planned(fresh: Checkout, terraform: str) -> None:
    fresh.add_environment("fresh", settings("warehouse = {\n  node_cuont = 2\n}"))
    run = fresh.run("plan_infrastructure", {"environment": "fresh"})
    place = f"{fresh.folder}/terraform/environments/fresh.tfvars:4"
    told = f"{place}: unknown setting warehouse.node_cuont; did you mean node_count?"
    assert run.failures == {"validate_foundation": told}


@pytest.mark.soak
def test_nothing_is_made_of_what_cannot_be_whole(fresh: Checkout, emulator: Emulator) -> None:
    fresh.add_environment("fresh", settings('warehouse = { node_type = "dc2.large", node_count = 9 }'))
    run = fresh.run("provision_infrastructure", {"environment": "fresh"})
    assert list(run.failures) == ["foresee_warehouse"]
    told = run.failures["foresee_warehouse"]
    assert told.startswith(f"{fresh.folder}/terraform/environments/fresh.tfvars: node_type is ")
    assert "\n" not in told
    assert emulator.client("s3").list_buckets()["Buckets"] == []
