"""Dagster's own home in the jobs: only where the environment sets it, after the warehouse, and destroyed before."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparkify_assets.infra import aws
from sparkify_assets.infra.stack import Stack
from sparkify_assets.infra.terraform import Command, Log
from tests.infrastructure.harness import REGION, Checkout, Emulator

FOUNDATION = """
resource "terraform_data" "vpc" {}
variable "orchestrator" {
  type    = any
  default = null
}
output "group" { value = var.orchestrator == null ? null : terraform_data.vpc.id }
"""

WAREHOUSE = """
variable "orchestrator" {
  type    = any
  default = null
}
"""

#: It refuses a foundation that does not expect it, as the real one does, and protects its database.
ORCHESTRATOR = """
variable "orchestrator" {
  type    = object({ protected = optional(bool, false) })
  default = {}
}
data "terraform_remote_state" "foundation" {
  backend = "local"
  config  = { path = "../foundation/terraform.tfstate" }
}
locals { foundation = data.terraform_remote_state.foundation.outputs }
resource "terraform_data" "home" {
  input = try(local.foundation.group, null)
  lifecycle {
    precondition {
      condition     = try(local.foundation.group, null) != null
      error_message = "The foundation was not built for an orchestrator: set orchestrator."
    }
  }
}
output "database_protected" { value = var.orchestrator.protected }
"""

PLAIN = f'region = "{REGION}"\n'
STACKS = ("foundation", "warehouse")


@pytest.fixture
def tiny(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    monkeypatch.setattr(aws.leftovers, "__defaults__", (None, 0.5))
    return Checkout.tiny(tmp_path, foundation=FOUNDATION, warehouse=WAREHOUSE, orchestrator=ORCHESTRATOR)


def by_hand(tiny: Checkout, settings: str, *stacks: str) -> None:
    """Applies the stacks as they are with these settings of the environment."""
    tiny.add_environment("dev", PLAIN + settings)
    for stack in stacks:
        tiny.terraform(stack, "init")
        tiny.terraform(stack, "apply", "-auto-approve", "-var-file=../../environments/dev.tfvars")


def destroying(**config: object) -> dict[str, object]:
    return {"environment": "dev", "confirm": "dev", **config}


@pytest.mark.parametrize("settings", ["", "orchestrator = null\n"])
def test_of_an_environment_without_it_terraform_is_asked_nothing_more(
    tiny: Checkout, settings: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, command = set[str](), Stack._command

    def noting(stack: Stack, log: Log | None = None) -> Command:
        asked.add(stack.name)
        return command(stack, log)

    monkeypatch.setattr(Stack, "_command", noting)
    by_hand(tiny, settings, *STACKS)
    configs: dict[str, dict[str, object]] = {
        "plan_infrastructure": {"environment": "dev"},
        "destroy_infrastructure": destroying(foundation_too=True),
    }
    for job, config in configs.items():
        run = tiny.run(job, config)
        assert run.success, run.failures
        assert not [name for name in run.metadata if "orchestrator" in name]
    assert asked == set(STACKS)


def test_it_is_foreseen_on_a_foundation_that_does_not_expect_it_yet(tiny: Checkout) -> None:
    by_hand(tiny, "", *STACKS)
    tiny.add_environment("dev", PLAIN + "orchestrator = {}\n")
    run = tiny.run("plan_infrastructure", {"environment": "dev"})
    assert run.success, run.failures
    assert run.metadata["plan_orchestrator.actions"] == {"terraform_data.home": "add"}


def test_its_own_plan_is_drift(tiny: Checkout) -> None:
    by_hand(tiny, "orchestrator = {}\n", *STACKS, "orchestrator")
    quiet = tiny.run("detect_drift", {"environment": "dev"})
    assert (quiet.metadata["passed"], quiet.metadata["orchestrator"]) == (True, "no changes")
    tiny.terraform("orchestrator", "taint", "terraform_data.home")
    drifted = tiny.run("detect_drift", {"environment": "dev"})
    assert (drifted.metadata["passed"], drifted.metadata["orchestrator"]) == (False, "1 to replace")


@pytest.mark.parametrize("settings", ["", "orchestrator = {}\n"])
def test_the_foundation_is_not_destroyed_below_it(tiny: Checkout, settings: str) -> None:
    """Nor if its setting is gone, but not the stack."""
    by_hand(tiny, "orchestrator = {}\n", *STACKS, "orchestrator")
    tiny.add_environment("dev", PLAIN + settings)
    run = tiny.run("destroy_infrastructure", destroying(foundation_too=True))
    assert run.failures == {
        "confirm_destroy": "refused: stack orchestrator in dev stands in the foundation's network. Destroy it too, with"
        " orchestrator_too (--orchestrator-too), or before"
    }
    assert "terraform_data.vpc" in tiny.terraform("foundation", "state", "list")


def test_a_home_that_stands_is_not_forgotten(tiny: Checkout) -> None:
    by_hand(tiny, "orchestrator = {}\n", *STACKS, "orchestrator")
    tiny.add_environment("dev", PLAIN)
    run = tiny.run("provision_infrastructure", {"environment": "dev"})
    settings = tiny.folder / "terraform" / "environments" / "dev.tfvars"
    assert list(run.failures) == ["guard_foundation"]
    told = run.failures["guard_foundation"]
    assert f"stack orchestrator in dev stands, and {settings} does not set orchestrator any more" in told
    assert "sparkify infra destroy --env dev --orchestrator-too" in told
    assert "group" in tiny.terraform("foundation", "output"), "nothing was applied"


def test_a_protected_database_is_named_before_anything_is_destroyed(tiny: Checkout) -> None:
    by_hand(tiny, "orchestrator = { protected = true }\n", *STACKS, "orchestrator")
    run = tiny.run("destroy_infrastructure", destroying(orchestrator_too=True))
    settings = tiny.folder / "terraform" / "environments" / "dev.tfvars"
    assert run.failures == {
        "confirm_destroy": "refused: RDS protects the database of stack orchestrator in dev. Set"
        f" orchestrator.database.deletion_protection = false in {settings}, apply, and destroy again"
    }
    assert "terraform_data.home" in tiny.terraform("orchestrator", "state", "list")


def test_the_warehouse_goes_alone_and_everything_goes_if_that_was_asked_for(tiny: Checkout) -> None:
    by_hand(tiny, "orchestrator = {}\n", *STACKS, "orchestrator")
    run = tiny.run("destroy_infrastructure", destroying())
    assert run.success, run.failures
    assert "prove_warehouse_gone.stays" in run.metadata
    assert "terraform_data.home" in tiny.terraform("orchestrator", "state", "list")

    run = tiny.run("destroy_infrastructure", destroying(orchestrator_too=True, foundation_too=True))
    assert run.success, run.failures
    for stack in (*STACKS, "orchestrator"):
        assert f"prove_{stack}_gone.stays" in run.metadata
        assert tiny.terraform(stack, "state", "list") == ""
