"""Ops over a plan that a test has written itself: what they make of it, without a Terraform that takes seconds."""

# Annotations are not postponed here, because Dagster reads the resources of an op from them.

import json
from typing import Any

import dagster as dg

from sparkify_assets.infra import ops
from sparkify_assets.infra.stack import Stack
from sparkify_assets.infra.terraform import TerraformResource
from tests.infrastructure.harness import Checkout, JobRun


def change(address: str, action: str, before: Any = None, after: Any = None) -> dict[str, Any]:
    """A resource's change as `terraform show -json` tells it."""
    actions = {"add": ["create"], "change": ["update"]}[action]
    told = {"actions": actions, "before": before, "after": after}
    return {"address": address, "type": address.split(".")[-2], "change": told}


def state(**resources: dict[str, Any]) -> dict[str, Any]:
    """The state before a plan: attributes by type."""
    listed = [
        {"address": f"{kind}.this", "type": kind, "mode": "managed", "values": values}
        for kind, values in resources.items()
    ]
    return {"values": {"root_module": {"resources": listed}}}


def run_on_plan(
    checkout: Checkout,
    environment: str,
    stack: str,
    document: dict[str, Any],
    *steps: ops.Step,
    config: dict[str, Any] | None = None,
) -> JobRun:
    """Run steps of a stack on a kept plan. `config` is that of the ops."""

    @dg.op(out=dg.Out(dg.Nothing))
    def planned(terraform: TerraformResource) -> None:
        (terraform.run_folder / f"{stack}.plan.json").write_text(json.dumps({"applyable": True, **document}))
        assert Stack(terraform, stack).planned

    @dg.job(executor_def=dg.in_process_executor, tags={ops.INFRASTRUCTURE_TAG: "true"})
    def on_plan() -> None:
        after = planned()
        for step in steps:
            after = step(stack)(after)

    where = {"resources": {"terraform": {"config": {"environment": environment}}}}
    return checkout.run(on_plan, {**where, "ops": config or {}})
