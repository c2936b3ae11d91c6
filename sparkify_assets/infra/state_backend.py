"""Where Terraform keeps its state: in the checkout (the default), or in an S3 bucket that several people share.

The stacks have no backend block, so a plain `terraform init` works at once. Sharing moves the state and writes an
override file beside each stack (https://developer.hashicorp.com/terraform/language/files/override), which git ignores.
The lock is an object beside the state (use_lockfile), so no DynamoDB table is needed.

Belongs here: moving the states, and taking away a lock that nobody holds any more. Does not: what is in the states
(`stack`).
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from python_terraform import IsFlagged

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.stack import EVERY_STACK, Stack
from sparkify_assets.infra.terraform import Command, Log, TerraformError, TerraformResource, quiet
from sparkify_assets.infra.writable import OVERRIDE, require_writable

_BACKEND = """\
# Written by `sparkify infra backend s3`; `sparkify infra backend local` moves the state back and removes this.
terraform {{
  backend "s3" {{
    bucket       = "{bucket}"
    key          = "sparkify/{stack}.tfstate"
    region       = "{region}"
    encrypt      = true
    use_lockfile = true
  }}
}}
"""

_FOUNDATION = """
data "terraform_remote_state" "foundation" {{
  backend = "s3"

  config = {{
    bucket = "{bucket}"
    key    = "sparkify/foundation.tfstate"
    region = "{region}"
  }}
}}
"""


def share_state(terraform: TerraformResource, bucket: str, region: str, create: bool, log: Log) -> None:
    """Move the state of every stack and environment to `bucket`.

    The bucket has to be versioned, encrypted and closed to the public; `create` makes such a bucket. Raises
    InfrastructureError if it is not, or if a stack's folder cannot be written, and then moves nothing. A stack whose
    state cannot be moved keeps it, and calling this again continues there.
    """
    terraform.require_terraform(log)
    require_writable(Path(terraform.stacks))
    _require_bucket(bucket, region, create, log)
    for stack in _stacks(terraform):
        text = _BACKEND + ("" if stack == "foundation" else _FOUNDATION)
        _move(terraform, stack, text.format(bucket=bucket, region=region, stack=stack), log)
        log(f"The state of stack {stack} is in s3://{bucket}/sparkify/{stack}.tfstate")


def keep_state_local(terraform: TerraformResource, log: Log) -> None:
    """Move the state of every stack and environment back into the checkout. Raises InfrastructureError if it
    cannot be written there, and then moves nothing.
    """
    terraform.require_terraform(log)
    require_writable(Path(terraform.stacks))
    for stack in _stacks(terraform):
        folder = Path(terraform.stacks, stack)
        if (folder / OVERRIDE).exists():
            _init(terraform, stack, log)  # so that Terraform knows where the state is
            _move(terraform, stack, "", log)
            log(f"The state of stack {stack} is in {folder}")


def unlock(terraform: TerraformResource, lock_id: str, log: Log) -> str:
    """Take away the lock with this ID, in whichever stack of the environment holds it, and return the stack's name
    (https://developer.hashicorp.com/terraform/cli/commands/force-unlock).

    Raises InfrastructureError if no stack holds it, which then names the locks that are held.
    """
    terraform.require_terraform(log)
    _ = Stack(terraform, "foundation").variables
    others: list[str] = []
    for stack in _stacks(terraform):
        _init(terraform, stack, quiet)
        try:
            Command(terraform, stack, quiet).cmd("force-unlock", lock_id, force=IsFlagged, no_color=IsFlagged)
        except TerraformError as error:
            if not (other := re.search(_NOT_HELD, str(error))):
                raise
            others.append(f"{stack}: {_held(other)}")
            continue
        return stack
    raise InfrastructureError(
        f"no stack of environment {terraform.environment} holds the lock {lock_id} ({'; '.join(others)})"
    )


def _held(other: re.Match[str]) -> str:
    """What a stack says that does not hold the lock in question."""
    if held := other["held"]:
        return f"locked by {held}"
    return "its state is a local one, whose lock ends with its process" if other["local"] else "not locked"


#: Terraform's words where it has no such lock (its source, internal/states/statemgr/filesystem.go and
#: internal/backend/remote-state/s3/client.go).
_NOT_HELD = (
    r"does not match the existing lock ID '(?P<held>[^']+)|(?P<local>LocalState not locked)"
    r"|\.tflock': .*\bNoSuchKey\b"
)


def _stacks(terraform: TerraformResource) -> list[str]:
    """The stacks of the checkout."""
    return [stack for stack in EVERY_STACK if Path(terraform.stacks, stack).is_dir()]


def _move(terraform: TerraformResource, stack: str, override: str, log: Log) -> None:
    """Let Terraform move a stack's state to where the text of its override file says. If it cannot, the file is as it
    was, because it must not claim that the state has moved.
    """
    path = Path(terraform.stacks, stack, OVERRIDE)
    former = path.read_text() if path.exists() else ""
    _write(path, override)
    try:
        _init(terraform, stack, log, migrate_state=IsFlagged, force_copy=IsFlagged)
    except BaseException:
        _write(path, former)
        raise


def _write(path: Path, override: str) -> None:
    if override:
        path.write_text(override)
    else:
        path.unlink(missing_ok=True)


def _init(terraform: TerraformResource, stack: str, log: Log, **options: Any) -> None:
    Command(terraform, stack, log).cmd(
        "init", json=None, input=False, lockfile="readonly", no_color=IsFlagged, **options
    )


def _require_bucket(bucket: str, region: str, create: bool, log: Log) -> None:
    s3 = boto3.client("s3", region_name=region)
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise InfrastructureError(f"bucket {bucket}: {error.response['Error']['Message']}") from None
        if not create:
            raise InfrastructureError(f"there is no bucket {bucket}; --create makes it") from None
        _create_bucket(bucket, region, log)
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        raise InfrastructureError(
            f"bucket {bucket} keeps no versions, so a damaged state could not be rescued: enable versioning first"
        )
    with suppress(s3.exceptions.ClientError):  # what it raises where there is no such block
        if all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()):
            return
    raise InfrastructureError(f"bucket {bucket} could be made public: block public access first")


def _create_bucket(bucket: str, region: str, log: Log) -> None:
    """Make a bucket that is versioned and closed; S3 encrypts every bucket
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html).
    """
    s3 = boto3.client("s3", region_name=region)
    # us-east-1 is the only region that must not be named here
    # (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html).
    location: Any = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else location))
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    log(f"Made bucket {bucket}: versioned, encrypted, closed.")
