"""The state in an S3 bucket that people share, and back: nothing is lost on the way, and locks hold there too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.stack import Stack
from sparkify_assets.infra.state_backend import keep_state_local, share_state, unlock
from sparkify_assets.infra.terraform import TerraformError, quiet
from sparkify_assets.infra.writable import OVERRIDE
from tests.infrastructure.harness import REGION, Checkout, Emulator

BUCKET = "team-terraform-state"

#: As the real foundation's outputs, without a provider.
FOUNDATION = """
output "name" { value = "sparkify-dev" }
output "access" { value = "private" }
output "vpc_id" { value = "vpc-0123456789abcdef0" }
output "subnet_ids" { value = ["subnet-0123456789abcdef0"] }
output "s3_prefix_list_id" { value = "pl-68a54001" }
output "kms_key_arn" { value = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000" }
output "landing_bucket_arn" { value = "arn:aws:s3:::landing" }
output "landing_prefixes" { value = ["landing/", "work/"] }
output "source_url" { value = "s3://landing/landing" }
output "work_url" { value = "s3://landing/work" }
resource "terraform_data" "this" { input = terraform.workspace }
"""


#: As the real warehouse, which an S3 backend leads to the foundation's state there, without a provider.
READS_THE_FOUNDATION = """
data "terraform_remote_state" "foundation" {
  backend = "local"
  config  = { path = "../foundation/terraform.tfstate" }
}
"""


@pytest.fixture(autouse=True)
def empty_account(emulator: Emulator) -> None:
    """Each test begins with an account without a bucket."""
    emulator.forget_everything()


@pytest.fixture
def shared(emulator: Emulator, tmp_path: Path) -> Checkout:
    """The real warehouse stack over a small foundation, applied with local state in two environments."""
    checkout = Checkout.make(tmp_path)
    foundation = checkout.stacks / "foundation"
    shutil.rmtree(foundation)
    foundation.mkdir()
    (foundation / "main.tf").write_text(FOUNDATION)
    checkout.add_environment("dev", f'region = "{REGION}"\n')
    checkout.add_environment("prod", f'region = "{REGION}"\n')
    for environment in ("dev", "prod"):
        on(checkout, "foundation", environment, "plan", "apply")
    return checkout


@pytest.fixture
def small(emulator: Emulator, tmp_path: Path) -> Checkout:
    """The same without the project's own warehouse, whose provider takes seconds to install."""
    checkout = Checkout.tiny(tmp_path, foundation=FOUNDATION, warehouse=READS_THE_FOUNDATION)
    checkout.add_environment("prod", f'region = "{REGION}"\n')
    for environment in ("dev", "prod"):
        on(checkout, "foundation", environment, "plan", "apply")
    return checkout


def on(checkout: Checkout, stack: str, environment: str, *steps: str) -> Any:
    """Run steps of a stack in one environment; return what the last one returned."""
    with checkout.resource(environment=environment, lock_seconds=1).opened("test") as resource:
        chosen = Stack(resource, stack)
        chosen.init()
        return [getattr(chosen, step)() for step in steps][-1]


def move(checkout: Checkout, to_s3: bool, **options: Any) -> list[str]:
    said: list[str] = []
    with checkout.resource().opened("move") as resource:
        if to_s3:
            share_state(resource, BUCKET, REGION, log=said.append, **options)
        else:
            keep_state_local(resource, said.append)
    return said


def test_there_and_back(shared: Checkout, emulator: Emulator) -> None:
    with pytest.raises(InfrastructureError, match=f"there is no bucket {BUCKET}; --create makes it"):
        move(shared, to_s3=True, create=False)
    assert not (shared.stacks / "foundation" / OVERRIDE).exists()

    move(shared, to_s3=True, create=True)
    s3 = emulator.client("s3")
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert {"sparkify/foundation.tfstate", "env:/prod/sparkify/foundation.tfstate"} <= keys

    # The same resources as before, each environment its own, and the warehouse reads the foundation from S3.
    for environment, workspace in (("dev", "default"), ("prod", "prod")):
        state = json.loads(s3.get_object(Bucket=BUCKET, Key=_key(environment))["Body"].read())
        [resource] = state["resources"]
        assert resource["instances"][0]["attributes"]["input"]["value"] == workspace
        assert on(shared, "foundation", environment, "plan").summary == "no changes"
    assert "module.warehouse.aws_redshift_cluster.this[0]" in on(shared, "warehouse", "dev", "plan").text()

    move(shared, to_s3=False)
    assert not list(shared.stacks.glob(f"*/{OVERRIDE}"))
    for environment in ("dev", "prod"):
        assert on(shared, "foundation", environment, "plan").summary == "no changes"


def test_two_writers_do_not_meet(small: Checkout, emulator: Emulator) -> None:
    move(small, to_s3=True, create=True)
    lock = {"ID": "8b9e4c1e", "Operation": "OperationTypeApply", "Who": "ada@laptop", "Version": "1.11.4"}
    body = json.dumps({**lock, "Created": "2026-01-02T03:04:05Z", "Path": _key("dev"), "Info": ""})
    emulator.client("s3").put_object(Bucket=BUCKET, Key=f"{_key('dev')}.tflock", Body=body.encode())
    with pytest.raises(TerraformError) as refused:
        on(small, "foundation", "dev", "plan")
    assert refused.value.kind == "locked"
    assert "locked by ada@laptop since 2026-01-02 03:04:05" in str(refused.value)
    assert "sparkify infra unlock 8b9e4c1e --env dev" in str(refused.value)
    assert (
        on(small, "foundation", "prod", "plan").summary == "no changes"
    )  # another environment, another lock


def test_a_lock_is_taken_from_the_stack_that_holds_it(emulator: Emulator, tmp_path: Path) -> None:
    """Nothing but the jobs has used the checkout, so no stack is initialised where a person would type."""
    checkout = Checkout.tiny(tmp_path, foundation="", warehouse=READS_THE_FOUNDATION)
    checkout.add_environment("prod", f'region = "{REGION}"\n')
    with pytest.raises(
        InfrastructureError, match=r"foundation: its state is a local one, whose lock ends with"
    ):
        release(checkout, "8b9e4c1e")
    move(checkout, to_s3=True, create=True)
    s3 = emulator.client("s3")
    key = "env:/prod/sparkify/warehouse.tfstate.tflock"
    lock = {"ID": "8b9e4c1e", "Operation": "OperationTypeApply", "Who": "ada@laptop", "Version": "1.11.4"}
    told = {**lock, "Created": "2026-01-02T03:04:05Z", "Path": f"{BUCKET}/{key}", "Info": ""}
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(told).encode())
    with pytest.raises(TerraformError, match=f"that process is surely gone: aws s3 rm s3://{BUCKET}/{key}"):
        release(checkout, "8b9e4c1e", "prod")  # for Terraform unlocks no state that is not there
    s3.delete_object(Bucket=BUCKET, Key=key)
    on(checkout, "warehouse", "prod", "resources")
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(told).encode())

    with pytest.raises(TerraformError, match="sparkify infra unlock 8b9e4c1e --env prod"):
        on(checkout, "warehouse", "prod", "plan")
    held = r"no stack of environment {} holds the lock {} \(foundation: not locked; warehouse: {}\)"
    with pytest.raises(InfrastructureError, match=held.format("prod", "0000", "locked by 8b9e4c1e")):
        release(checkout, "0000", "prod")
    with pytest.raises(InfrastructureError, match=held.format("dev", "8b9e4c1e", "not locked")):
        release(checkout, "8b9e4c1e")
    with pytest.raises(InfrastructureError, match="there is no environment 'test'"):
        release(checkout, "8b9e4c1e", "test")
    refused = ("AccessDenied", "Access Denied")
    with emulator.failing(s3_GetObject=refused), pytest.raises(TerraformError, match="AWS denies it"):
        release(checkout, "8b9e4c1e", "prod")
    assert release(checkout, "8b9e4c1e", "prod") == "warehouse"
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix=key)


def release(checkout: Checkout, lock: str, environment: str = "dev") -> str:
    with checkout.resource(environment=environment).opened("unlock") as resource:
        return unlock(resource, lock, quiet)


def test_a_state_that_cannot_be_moved_stays_where_it_is(small: Checkout, emulator: Emulator) -> None:
    with (
        emulator.failing(s3_PutObject=("AccessDenied", "Access Denied")),
        pytest.raises(TerraformError, match="AWS denies it") as refused,
    ):
        move(small, to_s3=True, create=True)
    assert refused.value.kind == "denied"
    assert not list(small.stacks.glob(f"*/{OVERRIDE}"))
    assert on(small, "foundation", "prod", "plan").summary == "no changes"

    move(small, to_s3=True, create=False)
    workspaces = small.stacks / "foundation" / "terraform.tfstate.d"
    shutil.rmtree(workspaces)
    workspaces.write_text("in the way")
    with pytest.raises(TerraformError, match="not a directory"):
        move(small, to_s3=False)
    workspaces.unlink()
    shared_still = {path.parent.name for path in small.stacks.glob(f"*/{OVERRIDE}")}
    assert shared_still == {"foundation", "warehouse"}
    assert on(small, "foundation", "prod", "plan").summary == "no changes"


def test_what_could_not_be_saved_is_not_made_a_second_time(emulator: Emulator, tmp_path: Path) -> None:
    """Credentials that expire in mid-apply: what was made is only in errored.tfstate then."""
    slow = (
        'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "sleep 3"\n  }\n}\n'
    )
    checkout = Checkout.tiny(tmp_path, foundation=slow, warehouse=READS_THE_FOUNDATION)
    move(checkout, to_s3=True, create=True)
    expired = ["ExpiredToken", "The provided token has expired."]

    def log(line: str) -> None:
        if line.startswith("terraform_data.slow: Creating"):
            emulator.control(faults={f"s3.{call}": expired for call in ("PutObject", "GetObject")})

    with checkout.resource().opened("test") as resource:
        chosen = Stack(resource, "foundation", log)
        chosen.init()
        chosen.plan()
        with pytest.raises(
            TerraformError, match=r"could not be written to the shared state.*ExpiredToken"
        ) as lost:
            chosen.apply()
        with pytest.raises(TerraformError, match="the AWS credentials have expired") as expired_before:
            chosen.plan()
    emulator.control(faults={})
    assert (lost.value.kind, expired_before.value.kind) == ("unsaved", "expired")
    with pytest.raises(InfrastructureError, match=r"errored\.tfstate holds what an earlier run made"):
        on(checkout, "foundation", "dev", "plan")

    # As the message says.
    checkout.terraform("foundation", "init")
    held = json.loads(
        emulator.client("s3").get_object(Bucket=BUCKET, Key=f"{_key('dev')}.tflock")["Body"].read()
    )
    assert release(checkout, held["ID"]) == "foundation"
    checkout.terraform("foundation", "state", "push", "errored.tfstate")
    (checkout.stacks / "foundation" / "errored.tfstate").unlink()
    assert on(checkout, "foundation", "dev", "plan").summary == "no changes"


@pytest.mark.parametrize("lacks", ["versions", "closure"])
def test_a_bucket_that_could_lose_or_show_the_state_is_refused(
    emulator: Emulator, tmp_path: Path, lacks: str
) -> None:
    s3 = emulator.client("s3")
    bucket = f"careless-{lacks}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    if lacks != "versions":
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    checkout = Checkout.make(tmp_path)
    word = {"versions": "keeps no versions", "closure": "could be made public"}[lacks]
    with checkout.resource().opened("move") as resource, pytest.raises(InfrastructureError, match=word):
        share_state(resource, bucket, REGION, create=True, log=quiet)
    assert not list(checkout.stacks.glob(f"*/{OVERRIDE}"))


def _key(environment: str) -> str:
    return (
        "sparkify/foundation.tfstate"
        if environment == "dev"
        else f"env:/{environment}/sparkify/foundation.tfstate"
    )
