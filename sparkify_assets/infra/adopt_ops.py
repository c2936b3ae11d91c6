"""The ops about what is in the account, but not in the state: stopping before it would be made a second time, and
taking it into the state (https://developer.hashicorp.com/terraform/language/import).

Belongs here: whose it is. Does not: how it is found (`existing`).
"""

# Annotations are not postponed here, because Dagster reads the type of an op's context from them.

from collections.abc import Collection
from pathlib import Path

import dagster as dg
from botocore.exceptions import BotoCoreError, ClientError

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.aws import describe_error
from sparkify_assets.infra.existing import Account, Existing
from sparkify_assets.infra.ops import show_plan, step
from sparkify_assets.infra.orphans import Orphan, orphans
from sparkify_assets.infra.plan import Plan
from sparkify_assets.infra.stack import Stack
from sparkify_assets.infra.terraform import TerraformError

#: The file of import blocks, beside the stack's own while it is planned. Git ignores it.
IMPORTS = "adopting.tf"


@step("survey_{}")
def survey(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Stops before anything is made if the account has it already, outside of this state; and names what else carries
    the stack's tags and is in no state.
    """
    if not stack.planned:  # only foreseen, because its foundation is not there yet
        return
    planned, before = stack.read_plan(), stack.before()
    if not any(type_.startswith("aws_") for type_ in {*before.types, *(c.type for c in planned.changes)}):
        return
    account, known = Account(stack.environment, stack.region), before.identities
    found = account.existing(planned, before)
    if found and before.resources:
        clashing, others = _parted(_left(context, account, stack, known), found)
        besides = f". Besides, the state does not have: {', '.join(map(str, others))}" if others else ""
        raise InfrastructureError(
            f"{stack} would make a second time what AWS has and the state does not: {', '.join(map(str, found))}. An"
            " apply that was killed leaves such things. If it was yours, take them into the state"
            f" (`sparkify infra adopt --env {stack.environment}`) or delete them"
            f" ({_deletions(clashing, stack.region)}); what somebody else's state has, leave to them{besides}"
        )
    if found:
        environment = stack.environment
        raise InfrastructureError(
            f"environment {environment} exists in this account, {account.makers}, but this state does not have it:"
            f" {', '.join(map(str, found))}. If it is somebody else's, leave it to them and choose another name (a file"
            " environments/NAME.tfvars and --env NAME), or share their state (`sparkify infra backend s3`). If its"
            f" state is lost, take it into this one: `sparkify infra adopt --env {environment}`"
        )
    left = _left(context, account, stack, known)
    for orphan in left:
        context.log.warning(
            f"{orphan} carries the tags of {stack}, and the state does not have it. If it is nobody's:"
            f" {orphan.deletion(stack.region)}"
        )
    context.add_output_metadata({"orphans": dg.MetadataValue.json([str(orphan) for orphan in left])})


def _left(
    context: dg.OpExecutionContext, account: Account, stack: Stack, known: Collection[str]
) -> list[Orphan]:
    """What carries the stack's tags and is in no state. Who may not look for it can still plan."""
    try:
        return orphans(account, stack.name, known)
    except (BotoCoreError, ClientError) as error:
        context.log.warning(
            f"What else carries the tags of {stack} was not looked for: {describe_error(error)}"
        )
        return []


def _parted(left: list[Orphan], found: list[Existing]) -> tuple[list[Orphan], list[Orphan]]:
    """What is left and would be made a second time, and what is only left."""
    names = {name for one in found for name in (one.import_id, *one.others)}
    return [one for one in left if one.name in names], [one for one in left if one.name not in names]


def _deletions(left: list[Orphan], region: str) -> str:
    """The commands that delete what is left, as far as they are known."""
    return "; ".join(one.deletion(region) for one in left) or "in AWS's console"


@step("adopt_{}", config_schema={"confirm": str})
def adopt(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Plans to import what exists, shows the plan, and applies it if the environment's name was typed."""
    imports = Path(stack.terraform.stacks) / stack.name / IMPORTS
    try:
        try:
            planned, found = _plan_imports(stack, imports)
        except TerraformError as error:
            if error.kind not in ("no foundation", "half foundation"):
                raise
            context.log.info(f"{stack} can be adopted once the foundation is in its state.")
            return
        show_plan(context, planned)
        context.add_output_metadata(
            {"imports": dg.MetadataValue.json({one.address: one.import_id for one in found})}
        )
        several = [one for one in found if one.others]
        lost = [c for c in planned.changes if c.action in ("replace", "destroy")]
        if not found:
            context.log.info(f"Nothing exists that {stack} does not have in its state.")
        elif several:
            raise InfrastructureError(
                f"not adopted: {', '.join(map(str, several))} are there more than once. Delete those that nothing uses"
                " first"
            )
        elif lost:
            raise InfrastructureError(
                f"not adopted: the plan would {', '.join(f'{c.action} {c.address}' for c in lost)}. What exists differs"
                " too much from the configuration: change the configuration to what is there first"
            )
        elif context.op_config["confirm"] == stack.environment:
            stack.apply()
        else:
            context.log.info(
                f"Nothing was written. To adopt this, confirm it by the name {stack.environment}."
            )
    finally:
        imports.unlink(missing_ok=True)


def _plan_imports(stack: Stack, imports: Path) -> tuple[Plan, list[Existing]]:
    """The plan that imports all that exists, and what it imports.

    What hangs on another thing is known by its ID, so a plan that imports the one shows the other.
    """
    account, found = Account(stack.environment, stack.region), list[Existing]()
    planned = stack.plan()
    known = stack.before()
    while new := account.existing(planned, known):
        found += new
        blocks = (f'import {{\n  to = {one.address}\n  id = "{one.import_id}"\n}}\n' for one in found)
        imports.write_text("\n".join(blocks))
        planned = stack.plan()
    return planned, found
