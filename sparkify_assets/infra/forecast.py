"""What a stack would make in an environment whose foundation is planned, but not there yet.

The stack is planned in a copy, which takes the foundation's outputs from its plan instead of from its state. What only
an apply makes known is unknown there too, so nothing is invented, and all that Terraform and the provider can refuse is
refused before anything is made.

Belongs here: such a plan. Does not: a plan that can be applied (`stack`).
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.plan import Plan
from sparkify_assets.infra.stack import Stack
from sparkify_assets.infra.terraform import TerraformResource

#: What stands for an output that is not known yet: the ID of this is not either, and jsondecode hides even its type.
_UNKNOWN = "terraform_data.foundation"

#: https://developer.hashicorp.com/terraform/language/files/override: a local value of the same name is replaced.
_OVERRIDE = """
data "terraform_remote_state" "foundation" {
  count = 0
}

locals {
  foundation = {
%s  }
}
"""

#: What a copy of terraform/ leaves out: states, where they are, and what commands leave behind.
_NOT_COPIED = shutil.ignore_patterns(".terraform", "*.tfstate*", "*_override.tf", "*.tfplan", "tests")


def foresee(stack: Stack) -> Plan:
    """What applying `stack` would do after the foundation's plan, which this run keeps, is applied.

    Raises InfrastructureError where it could not be applied.
    """
    terraform = Path(stack.terraform.stacks).parent
    copy = stack.terraform.run_folder / "foreseen" / stack.name / "terraform"
    shutil.copytree(terraform, copy, ignore=_NOT_COPIED, dirs_exist_ok=True)
    if (policies := terraform.parent / "deploy").is_dir():  # which stack orchestrator reads
        shutil.copytree(policies, copy.parent / "deploy", dirs_exist_ok=True)
    place = copy / "stacks" / stack.name
    (place / "foreseen.tf").write_text('resource "terraform_data" "foundation" {}\n')
    (place / "foreseen_override.tf").write_text(_OVERRIDE % _outputs(stack))
    elsewhere = TerraformResource(
        environment=stack.environment, stacks=str(copy / "stacks"), work=stack.terraform.work
    )
    with elsewhere.opened(f"{stack.terraform.run_folder.name}-foreseen") as resource:
        foreseen = replace(stack, terraform=resource)
        try:
            foreseen.init()
            found = foreseen.plan()
        except InfrastructureError as error:
            raise InfrastructureError(str(error).replace(str(copy), str(terraform))) from None
    return replace(found, changes=tuple(change for change in found.changes if change.address != _UNKNOWN))


def _outputs(stack: Stack) -> str:
    """The foundation's outputs as lines of HCL: those that it has, with those that its plan makes known."""
    foundation = replace(stack, name="foundation")
    known = {name: _literal(value) for name, value in foundation.outputs().items()}
    for name, change in foundation.planned_outputs().items():
        known[name] = f"jsondecode({_UNKNOWN}.id)" if change["after_unknown"] else _literal(change["after"])
    return "".join(f"    {name} = {value}\n" for name, value in known.items())


def _literal(value: Any) -> str:
    """A value in HCL, which is JSON but for its templates."""
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")
