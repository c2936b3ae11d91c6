"""A cluster made from a snapshot, in two zones, with bounded roles and copies in another region: real Terraform and
provider, emulated AWS. The tests tell one story and run in the order in which they stand.
"""

from __future__ import annotations

import shutil

import boto3
import pytest

from tests.deploy.policies import not_allowed
from tests.infrastructure.harness import TERRAFORM, Checkout, Emulator

pytestmark = pytest.mark.soak  # that the settings lead there is tested by modules/warehouse's own tests

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
SNAPSHOT = "sparkify-trial-final-20261128-060000"
TAGS = [{"Key": "Project", "Value": "sparkify"}]

#: The two modules, and no more around them than they need.
TRIAL = """
provider "aws" {
  region = "us-west-2"

  default_tags {
    tags = { Project = "sparkify" }
  }
}

provider "aws" {
  alias  = "copies"
  region = "us-east-2"
}

variable "warehouse" {
  type = any
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "this" {
  for_each = { a = 1, b = 2, c = 3 }

  vpc_id            = aws_vpc.this.id
  availability_zone = "us-west-2${each.key}"
  cidr_block        = "10.0.${each.value}.0/24"
}

resource "aws_kms_key" "this" {}

module "snapshot_copies" {
  source    = "../../modules/snapshot_copies"
  providers = { aws = aws.copies }

  name = "sparkify-trial"
}

module "warehouse" {
  source = "../../modules/warehouse"

  name                 = "sparkify-trial"
  vpc_id               = aws_vpc.this.id
  subnet_ids           = [for subnet in aws_subnet.this : subnet.id]
  s3_prefix_list_id    = "pl-68a54001"
  kms_key_arn          = aws_kms_key.this.arn
  landing_bucket_arn   = "arn:aws:s3:::landing"
  permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
  admin_username       = "somebody"
  database             = try(var.warehouse.database, "sparkify")
  final_snapshot       = false

  node_type      = "rg.xlarge"
  node_count     = 2
  multi_az       = true
  pause_schedule = {}
  restore        = try(var.warehouse.restore, {})

  snapshot_copy = try(var.warehouse.copied, true) ? {
    destination_region = "us-east-2"
    grant_name         = module.snapshot_copies.grant_name
  } : null
}
"""


@pytest.fixture(scope="module")
def trial(checkout: Checkout, emulator: Emulator) -> Checkout:
    """A stack of the modules, and the snapshot of a cluster of one node that is gone."""
    folder = checkout.stacks / "trial"
    folder.mkdir()
    (folder / "main.tf").write_text(TRIAL)
    shutil.copy(TERRAFORM / "stacks" / "foundation" / ".terraform.lock.hcl", folder)
    redshift = emulator.client("redshift")
    redshift.create_cluster(
        ClusterIdentifier="sparkify-trial",
        NodeType="ra3.large",
        ClusterType="single-node",
        DBName="sparkify",
        MasterUsername="somebody",
        ManageMasterPassword=True,
        Encrypted=True,
        Tags=TAGS,
    )
    redshift.delete_cluster(
        ClusterIdentifier="sparkify-trial",
        SkipFinalClusterSnapshot=False,
        FinalClusterSnapshotIdentifier=SNAPSHOT,
    )
    checkout.terraform("trial", "init", "-lockfile=readonly", "-no-color")
    return checkout


def apply(trial: Checkout, warehouse: str) -> str:
    return trial.terraform("trial", "apply", "-auto-approve", "-no-color", f"-var=warehouse={warehouse}")


def unchanged(trial: Checkout, warehouse: str) -> str:
    """The text of a plan that changes nothing; any difference is exit code 2, which fails here."""
    return trial.terraform("trial", "plan", "-detailed-exitcode", "-no-color", f"-var=warehouse={warehouse}")


def test_a_snapshot_of_another_database_is_said_at_once(trial: Checkout) -> None:
    with pytest.raises(AssertionError) as told:
        apply(trial, f'{{ restore = {{ snapshot_identifier = "{SNAPSHOT}" }}, database = "other" }}')
    assert "database sparkify and admin user somebody" in " ".join(str(told.value).split())


def test_with_the_right_name_the_restored_cluster_stays(trial: Checkout, emulator: Emulator) -> None:
    redshift = emulator.client("redshift")
    [before] = redshift.describe_clusters()["Clusters"]
    restored = f'{{ restore = {{ snapshot_identifier = "{SNAPSHOT}" }} }}'
    apply(trial, restored)
    [cluster] = redshift.describe_clusters()["Clusters"]
    assert cluster["ClusterNamespaceArn"] == before["ClusterNamespaceArn"], "it was made again"
    assert (cluster["NodeType"], cluster["NumberOfNodes"], cluster["MultiAZ"]) == ("rg.xlarge", 2, "Enabled")
    assert cluster["AvailabilityZoneRelocationStatus"] == "disabled"
    assert cluster["MasterUsername"] == "somebody"
    assert cluster["MasterPasswordSecretArn"], "the password would be the one that the snapshot's cluster had"
    assert cluster["ClusterSnapshotCopyStatus"]["DestinationRegion"] == "us-east-2"
    assert "redshift:RestoreFromClusterSnapshot" in emulator.calls("terraform")
    assert "redshift:CreateCluster" not in emulator.calls("terraform")
    unchanged(trial, restored)


def test_the_policy_allows_what_terraform_called(trial: Checkout, emulator: Emulator) -> None:
    """The grant is made in the other region, by whoever may do that there."""
    grant = {f"redshift:{verb}SnapshotCopyGrant" for verb in ("Create", "Describe", "Delete")}
    called = emulator.calls("terraform")
    assert {"redshift:RestoreFromClusterSnapshot", "redshift:EnableSnapshotCopy"} <= called
    assert not_allowed(called, "terraform") <= grant


def test_every_role_is_bounded(trial: Checkout, emulator: Emulator) -> None:
    iam = emulator.client("iam")
    roles = [iam.get_role(RoleName=role["RoleName"])["Role"] for role in iam.list_roles()["Roles"]]
    assert {role["RoleName"] for role in roles} == {"sparkify-trial-s3-read", "sparkify-trial-pause-schedule"}
    assert {role["PermissionsBoundary"]["PermissionsBoundaryArn"] for role in roles} == {BOUNDARY}


def test_the_snapshots_name_may_be_taken_out(trial: Checkout) -> None:
    unchanged(trial, "{}")


def test_naming_another_later_changes_nothing_and_is_said(trial: Checkout) -> None:
    told = unchanged(trial, '{ restore = { snapshot_identifier = "another" } }')
    assert "sparkify-trial was not made from this snapshot" in " ".join(told.replace("│", " ").split())


def test_the_grant_stays_as_long_as_copies_are_made(trial: Checkout, emulator: Emulator) -> None:
    there = boto3.client("redshift", region_name="us-east-2")
    with pytest.raises(there.exceptions.InvalidSnapshotCopyGrantStateFault):
        there.delete_snapshot_copy_grant(SnapshotCopyGrantName="sparkify-trial-copies")
    apply(trial, "{ copied = false }")
    [cluster] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert "ClusterSnapshotCopyStatus" not in cluster


def test_a_cluster_in_two_zones_cannot_be_paused(trial: Checkout, emulator: Emulator) -> None:
    redshift = emulator.client("redshift")
    with pytest.raises(redshift.exceptions.UnsupportedOperationFault):
        redshift.pause_cluster(ClusterIdentifier="sparkify-trial")


def test_destroy_leaves_the_snapshot_and_nothing_else(trial: Checkout, emulator: Emulator) -> None:
    trial.terraform("trial", "destroy", "-auto-approve", "-no-color", "-var=warehouse={ copied = false }")
    redshift = emulator.client("redshift")
    assert redshift.describe_clusters()["Clusters"] == []
    [snapshot] = redshift.describe_cluster_snapshots()["Snapshots"]
    assert snapshot["SnapshotIdentifier"] == SNAPSHOT
    assert emulator.client("secretsmanager").list_secrets()["SecretList"] == []
    assert emulator.client("iam").list_roles()["Roles"] == []
