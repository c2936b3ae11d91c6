"""Two people, one account, one name: who comes second is told before anything is made, leaves the other's alone, and
can take over what exists.
"""

from __future__ import annotations

import pytest

from tests.infrastructure.harness import Checkout, Emulator

#: What the project's foundation has of each kind: found by its name, by its tags, by what it hangs on, by its alias.
FOUNDATION = """
provider "aws" {
  default_tags {
    tags = { Project = "sparkify", Environment = "dev", Stack = "foundation", Owner = "somebody" }
  }
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/24"
  tags       = { Name = "sparkify-dev" }
}

resource "aws_subnet" "this" {
  vpc_id     = aws_vpc.this.id
  cidr_block = "10.0.0.0/25"
  tags       = { Name = "sparkify-dev-a" }
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "sparkify-dev" }
}

resource "aws_route_table_association" "this" {
  subnet_id      = aws_subnet.this.id
  route_table_id = aws_route_table.this.id
}

module "landing" {
  source = "./landing"
}

resource "aws_kms_key" "this" {}

resource "aws_kms_alias" "this" {
  name          = "alias/sparkify-dev"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_cloudwatch_log_group" "this" { name = "/sparkify-dev/log" }

output "landing_bucket" { value = "sparkify-dev-landing-123456789012" }
"""

WAREHOUSE = """
resource "aws_redshift_cluster" "this" {
  cluster_identifier     = "sparkify-dev"
  node_type              = "ra3.large"
  master_username        = "somebody"
  manage_master_password = true
  skip_final_snapshot    = true
  apply_immediately      = true

  availability_zone_relocation_enabled = true
}
"""

BUCKET = 'resource "aws_s3_bucket" "this" { bucket = "sparkify-dev-landing-123456789012" }\n'


def checkout_of(folder: pytest.TempPathFactory, name: str) -> Checkout:
    checkout = Checkout.tiny(folder.mktemp(name), foundation=FOUNDATION, warehouse=WAREHOUSE)
    landing = checkout.stacks / "foundation" / "landing"
    landing.mkdir()
    (landing / "main.tf").write_text(BUCKET)
    return checkout


@pytest.fixture(scope="module")
def first(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The checkout of who came first, with a key and a network and a bucket."""
    checkout = checkout_of(tmp_path_factory, "first")
    checkout.terraform("foundation", "init")
    checkout.terraform("foundation", "apply", "-auto-approve")
    return checkout


@pytest.fixture(scope="module")
def cluster(first: Checkout) -> None:
    """The cluster of who came first."""
    first.terraform("warehouse", "init")
    first.terraform("warehouse", "apply", "-auto-approve")


@pytest.fixture(scope="module")
def second(first: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return checkout_of(tmp_path_factory, "second")


@pytest.mark.soak  # the same on plans that tests have written is in test_orphans.py
def test_who_comes_second_is_told_before_anything_is_made(second: Checkout, emulator: Emulator) -> None:
    vpcs = len(emulator.client("ec2").describe_vpcs()["Vpcs"])
    run = second.run("provision_infrastructure", {"environment": "dev"})
    assert list(run.failures) == ["survey_foundation"]
    told = run.failures["survey_foundation"]
    assert told.startswith("environment dev exists in this account, made by somebody on 20")
    for named in (
        "module.landing.aws_s3_bucket.this (sparkify-dev-landing-123456789012)",
        "aws_kms_alias.this (alias/sparkify-dev)",
        "aws_cloudwatch_log_group.this (/sparkify-dev/log)",
        "aws_vpc.this (vpc-",
        "sparkify infra backend s3",
        "sparkify infra adopt --env dev",
    ):
        assert named in told
    assert len(emulator.client("ec2").describe_vpcs()["Vpcs"]) == vpcs


@pytest.mark.soak
def test_destroying_leaves_alone_what_was_never_in_the_state(
    second: Checkout, cluster: None, emulator: Emulator
) -> None:
    """A half foundation: the bucket's name is known, and the bucket is the other's."""
    (second.stacks / "foundation" / "half.tf").write_text('resource "terraform_data" "half" {}\n')
    second.terraform("foundation", "init")
    second.terraform("foundation", "apply", "-auto-approve", "-target=terraform_data.half")
    emulator.client("s3").put_object(Bucket="sparkify-dev-landing-123456789012", Key="landing/x", Body=b"{}")
    run = second.run(
        "destroy_infrastructure", {"environment": "dev", "confirm": "dev", "foundation_too": True}
    )
    (second.stacks / "foundation" / "half.tf").unlink()
    assert run.success, run.failures
    assert "left alone: " in run.metadata["prove_foundation_gone.stays"]
    assert "s3:::sparkify-dev-landing-123456789012" in run.metadata["prove_foundation_gone.stays"]
    assert second.terraform("foundation", "state", "list") == ""
    assert emulator.client("redshift").describe_clusters()["Clusters"]


@pytest.mark.soak
def test_what_exists_can_be_adopted_and_its_plan_is_shown_first(second: Checkout, cluster: None) -> None:
    shown = second.run("adopt_infrastructure", {"environment": "dev"})
    assert shown.success, shown.failures
    assert shown.metadata["adopt_foundation.plan"] == "8 to import"
    assert second.terraform("foundation", "state", "list") == ""

    adopted = second.run("adopt_infrastructure", {"environment": "dev", "confirm": "dev"})
    assert adopted.success, adopted.failures
    assert adopted.metadata["adopt_warehouse.imports"] == {"aws_redshift_cluster.this": "sparkify-dev"}
    assert not list(second.folder.rglob("adopting.tf"))

    again = second.run("adopt_infrastructure", {"environment": "dev", "confirm": "dev"})
    for stack in ("foundation", "warehouse"):
        assert again.metadata[f"adopt_{stack}.imports"] == {}, "it is in the state already"
        assert again.metadata[f"adopt_{stack}.plan"] == "no changes"
