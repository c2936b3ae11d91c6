"""The ops before and after `terraform destroy`: whether it is intended, what it would lose, and whether all is gone.

Belongs here: what protects a person's data from a slip. Does not: Terraform's own commands (`ops`).
"""

# Annotations are not postponed here, because Dagster reads the type of an op's context from them.

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg

from sparkify_assets.infra import InfrastructureError, aws
from sparkify_assets.infra.ops import AFTER, refuse_while_loads_run, step
from sparkify_assets.infra.stack import ORCHESTRATOR, Stack

#: What a person has to type so that nothing is destroyed by a slip: the fields of `jobs.Destroy`.
_CONFIRMATION = {
    "confirm": str,
    "foundation_too": bool,
    "orchestrator_too": bool,
    "confirm_data_loss": str,
}

_BUCKET = "module.landing.aws_s3_bucket.this"


@step("confirm_destroy", config_schema=_CONFIRMATION)
def confirm_destroy(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Stops unless the environment's name was typed, no load runs, and any loss of data is intended."""
    typed = context.op_config["confirm"]
    if typed != stack.environment:
        raise InfrastructureError(
            f"refused: to destroy environment {stack.environment}, type its name in confirm (got {typed!r})"
        )
    refuse_while_loads_run(context)
    _refuse_to_strand_dagster(
        stack, **{k: context.op_config[k] for k in ("foundation_too", "orchestrator_too")}
    )
    if context.op_config["foundation_too"]:
        _refuse_to_lose_data(stack, context.op_config["confirm_data_loss"])


def _refuse_to_strand_dagster(stack: Stack, foundation_too: bool, orchestrator_too: bool) -> None:
    """Stop where Dagster's home would lose its network and key, or where RDS would refuse to delete its database
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html).
    """
    home = replace(stack, name=ORCHESTRATOR)
    if not (foundation_too or orchestrator_too) or not home.stands:
        return
    if not orchestrator_too:
        raise InfrastructureError(
            f"refused: {home} stands in the foundation's network. Destroy it too, with orchestrator_too"
            " (--orchestrator-too), or before"
        )
    if home.outputs().get("database_protected"):
        raise InfrastructureError(
            f"refused: RDS protects the database of {home}. Set orchestrator.database.deletion_protection = false in"
            f" {home.variables}, apply, and destroy again"
        )


def _refuse_to_lose_data(stack: Stack, confirmed: str) -> None:
    ours = replace(stack, name="foundation")
    foundation = ours.outputs()
    if "landing_bucket" not in foundation or _BUCKET not in ours.resources():
        return  # a half foundation knows the bucket's name without having it: then it may be somebody else's
    bucket = foundation["landing_bucket"]
    at_stake = aws.data_at_stake(bucket, foundation.get("kms_key_arn"), stack.region)
    if snapshot := replace(stack, name="warehouse").outputs().get("final_snapshot_identifier"):
        at_stake.append(f"snapshot {snapshot}, which destroying the warehouse takes")
    if at_stake and confirmed != bucket:
        raise InfrastructureError(
            f"refused: the foundation's end would lose {', '.join(at_stake)}."
            f" If that is meant, type the bucket's name, {bucket}, in confirm_data_loss"
        )


_CHOICE = {"go_on": dg.Out(dg.Nothing, is_required=False)}


@dg.op(ins=AFTER, out=_CHOICE, config_schema=_CONFIRMATION)
def choose_orchestrator_too(context: dg.OpExecutionContext) -> Iterator[dg.Output[None]]:
    """Begins with Dagster's own home, which holds its records, only if that was asked for."""
    if context.op_config["orchestrator_too"]:
        yield dg.Output(None, "go_on")


@dg.op(ins=AFTER, out=_CHOICE, config_schema=_CONFIRMATION)
def choose_foundation(context: dg.OpExecutionContext) -> Iterator[dg.Output[None]]:
    """Continues to the foundation, which holds the data, only if that was asked for."""
    if context.op_config["foundation_too"]:
        yield dg.Output(None, "go_on")
    else:
        context.log.info("The foundation stays: network, landing bucket, key and logs.")


@step("release_bucket", config_schema=_CONFIRMATION)
def release_bucket(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Lets Terraform delete a bucket that is not empty, if its loss was confirmed."""
    confirmed = context.op_config["confirm_data_loss"]
    if confirmed and confirmed == stack.outputs().get("landing_bucket") and _BUCKET in stack.resources():
        # Terraform reads force_destroy from the state when it destroys, so it must be applied first.
        stack.plan(var=["destroy_landing_objects=true"], target=_BUCKET)
        stack.apply()


@step("prove_{}_gone")
def prove_gone(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Asks Terraform's state and AWS what is left, and names what stays and its cost.

    What was not in this state is somebody else's, or was never saved: it is named, but neither waited for nor an error.
    """
    found = aws.leftovers(stack.environment, stack.name, stack.region, stack.owned)
    unexpected = [*stack.resources(), *found.unexpected]
    for line in found.meant:
        context.log.info(f"Stays: {line}")
    context.add_output_metadata(
        {"stays": dg.MetadataValue.md("\n".join(f"* {line}" for line in found.meant))}
    )
    if unexpected:
        raise InfrastructureError(f"{stack} is destroyed, but this is left: {', '.join(unexpected)}")
