"""The Terraform on this machine.

Belongs here: whether it is there, and new enough. Does not: running it for a stack (`terraform`).
"""

from __future__ import annotations

import re
import shutil
import subprocess

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.diagnostics import parse

#: The state lock in S3 without DynamoDB (use_lockfile) became stable with this version:
#: https://developer.hashicorp.com/terraform/language/backend/s3
OLDEST_TERRAFORM = (1, 11)


class TerraformAbsent(InfrastructureError):
    """There is no Terraform on the PATH."""


def terraform_version() -> str:
    """The version of the Terraform on the PATH. Raises TerraformAbsent, and InfrastructureError, saying what to
    install, if it is too old.
    """
    wanted = ".".join(map(str, OLDEST_TERRAFORM))
    remedy = f"install Terraform {wanted} or newer: https://developer.hashicorp.com/terraform/install"
    if shutil.which("terraform") is None:
        raise TerraformAbsent(f"Terraform is not on the PATH; {remedy}")
    answer = subprocess.run(["terraform", "version", "-json"], capture_output=True, text=True, check=False)
    version = str(parse(answer.stdout).get("terraform_version", ""))
    found = re.match(r"(\d+)\.(\d+)", version)
    if not found or tuple(map(int, found.groups())) < OLDEST_TERRAFORM:
        raise InfrastructureError(f"Terraform {version or 'of unknown version'} is too old; {remedy}")
    return version
