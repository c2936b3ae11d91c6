"""The steps of a destruction beside Terraform's: whether it is meant, what it would lose, and whether all is gone.

Belongs here: what stands before and after `terraform destroy`. Does not: the commands themselves (`ops`).
"""

# No postponed annotations here: Dagster reads the config classes of a step from them.

import functools
from collections.abc import Iterator

import dagster as dg

from sparkify_assets.infra import InfrastructureError, aws
from sparkify_assets.infra.ops import (
    AFTER,
    refuse_while_loads_run,
    stack_of,
    step,
)
from sparkify_assets.infra.terraform import TerraformResource


class Confirmation(dg.Config):
    """What a person has to type, so that nothing is destroyed by a slip."""

    confirm: str
    foundation_too: bool = False
    confirm_data_loss: str = ""


@step(
    "confirm_destroy", "Nothing is destroyed unless its name was typed, no load runs, and data loss is meant."
)
def confirm_destroy(
    context: dg.OpExecutionContext, config: Confirmation, terraform: TerraformResource
) -> None:
    """Refuses to destroy what was not meant."""
    if config.confirm != terraform.environment:
        raise InfrastructureError(
            f"refused: to destroy environment {terraform.environment}, type its name in confirm"
            f" (got {config.confirm!r})"
        )
    refuse_while_loads_run(context)
    if config.foundation_too:
        _refuse_to_lose_data(context, config, terraform)


def _refuse_to_lose_data(
    context: dg.OpExecutionContext, config: Confirmation, terraform: TerraformResource
) -> None:
    stack = stack_of(context, terraform, "foundation")
    foundation = stack.outputs()
    if "landing_bucket" not in foundation:
        return
    bucket = foundation["landing_bucket"]
    at_stake = aws.data_at_stake(bucket, foundation.get("kms_key_arn"), stack.region)
    warehouse = stack_of(context, terraform, "warehouse").outputs()
    if warehouse.get("final_snapshot_identifier"):
        at_stake.append(
            f"snapshot {warehouse['final_snapshot_identifier']}, which destroying the warehouse takes"
        )
    if at_stake and config.confirm_data_loss != bucket:
        raise InfrastructureError(
            f"refused: the foundation's end would lose {', '.join(at_stake)}."
            f" If that is meant, type the bucket's name, {bucket}, in confirm_data_loss"
        )


@dg.op(
    ins=AFTER,
    out={"go_on": dg.Out(dg.Nothing, is_required=False)},
    description="Goes on to the foundation only if that was asked for; it holds the data.",
)
def choose_foundation(context: dg.OpExecutionContext, config: Confirmation) -> Iterator[dg.Output[None]]:
    """Lets the rest of the job be skipped where only the warehouse is to go."""
    if config.foundation_too:
        yield dg.Output(None, "go_on")
    else:
        context.log.info("The foundation stays: network, landing bucket, key and logs.")


@step("release_bucket", "Lets Terraform delete a bucket that is not empty, where its loss was confirmed.")
def release_bucket(
    context: dg.OpExecutionContext, config: Confirmation, terraform: TerraformResource
) -> None:
    """Sets force_destroy on the landing bucket: Terraform reads it from the state, so it must be applied first."""
    stack = stack_of(context, terraform, "foundation")
    if config.confirm_data_loss and config.confirm_data_loss == stack.outputs().get("landing_bucket"):
        stack.plan(extra={"destroy_landing_objects": "true"}, target=_BUCKET)
        stack.apply()


_BUCKET = "module.landing.aws_s3_bucket.this"


@functools.cache
def prove_gone(stack: str) -> dg.OpDefinition:
    """The op that proves that nothing of a stack is left but what was meant to stay."""

    @step(
        f"prove_{stack}_gone", "Asks Terraform's state and AWS what is left; names what stays, and its cost."
    )
    def run(context: dg.OpExecutionContext, terraform: TerraformResource) -> None:
        chosen = stack_of(context, terraform, stack)
        found = aws.leftovers(terraform.environment, stack, chosen.region)
        unexpected = [*chosen.resources(), *found.unexpected]
        for line in found.meant:
            context.log.info(f"Stays: {line}")
        context.add_output_metadata(
            {"stays": dg.MetadataValue.md("\n".join(f"* {line}" for line in found.meant))}
        )
        if unexpected:
            raise InfrastructureError(f"{chosen} is destroyed, but this is left: {', '.join(unexpected)}")

    return run
