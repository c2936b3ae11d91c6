"""The ops before and after `terraform destroy`: whether it is intended, what it would lose, and whether all is gone.

Belongs here: what protects a person's data from a slip. Does not: Terraform's own commands (`ops`).
"""

# Annotations are not postponed here, because Dagster reads the config class of an op from them.

from collections.abc import Iterator

import dagster as dg

from sparkify_assets.infra import InfrastructureError, aws
from sparkify_assets.infra.ops import AFTER, refuse_while_loads_run, stack_of, stack_step, step
from sparkify_assets.infra.stack import Stack
from sparkify_assets.infra.terraform import TerraformResource


class Confirmation(dg.Config):
    """What a person has to type so that nothing is destroyed by a slip."""

    confirm: str
    foundation_too: bool = False
    confirm_data_loss: str = ""


@step(
    "confirm_destroy",
    "Stops unless the environment's name was typed, no load runs, and any loss of data is intended.",
)
def confirm_destroy(
    context: dg.OpExecutionContext, config: Confirmation, terraform: TerraformResource
) -> None:
    """Refuse to destroy what was not named."""
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
    description="Continues to the foundation, which holds the data, only if that was asked for.",
)
def choose_foundation(context: dg.OpExecutionContext, config: Confirmation) -> Iterator[dg.Output[None]]:
    """Skip the rest of the job where only the warehouse is to be destroyed."""
    if config.foundation_too:
        yield dg.Output(None, "go_on")
    else:
        context.log.info("The foundation stays: network, landing bucket, key and logs.")


@step("release_bucket", "Lets Terraform delete a bucket that is not empty, if its loss was confirmed.")
def release_bucket(
    context: dg.OpExecutionContext, config: Confirmation, terraform: TerraformResource
) -> None:
    """Set force_destroy on the landing bucket. Terraform reads it from the state, so it must be applied first."""
    stack = stack_of(context, terraform, "foundation")
    if config.confirm_data_loss and config.confirm_data_loss == stack.outputs().get("landing_bucket"):
        stack.plan(extra={"destroy_landing_objects": "true"}, target=_BUCKET)
        stack.apply()


_BUCKET = "module.landing.aws_s3_bucket.this"


@stack_step(
    "prove_{}_gone", "Asks Terraform's state and AWS what is left, and names what stays and its cost."
)
def prove_gone(context: dg.OpExecutionContext, stack: Stack) -> None:
    """Prove that nothing of a stack is left except what is meant to stay."""
    found = aws.leftovers(stack.environment, stack.name, stack.region)
    unexpected = [*stack.resources(), *found.unexpected]
    for line in found.meant:
        context.log.info(f"Stays: {line}")
    context.add_output_metadata(
        {"stays": dg.MetadataValue.md("\n".join(f"* {line}" for line in found.meant))}
    )
    if unexpected:
        raise InfrastructureError(f"{stack} is destroyed, but this is left: {', '.join(unexpected)}")
