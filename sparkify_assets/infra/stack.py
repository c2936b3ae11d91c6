"""One Terraform stack of one environment: the commands of which the ops of a job are made.

What one op leaves for the next (the saved plan and its summary) is in the run's private folder and never in Dagster's
storage.

Belongs here: a stack's commands and their results. Does not: what Dagster shows of them (`ops`), how a command runs
(`terraform`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_terraform import IsFlagged

from sparkify_assets.infra import DEFAULT_ENVIRONMENT, InfrastructureError
from sparkify_assets.infra.declared import Declared, declared_in, read_state
from sparkify_assets.infra.plan import Plan, read_plan
from sparkify_assets.infra.terraform import Command, Log, TerraformError, TerraformResource, quiet
from sparkify_assets.infra.tfvars import refuse_unknown_settings, sets
from sparkify_assets.infra.unsaved import refuse_unsaved
from sparkify_assets.infra.writable import OVERRIDE

#: The stacks of every environment in the order in which they are made. They are destroyed in the reverse order.
STACKS = ("foundation", "warehouse")

#: Dagster's own home on ECS, which only an environment has whose file sets `orchestrator`.
ORCHESTRATOR = "orchestrator"

#: All that there may be, in the order in which they are made.
EVERY_STACK = (*STACKS, ORCHESTRATOR)


@dataclass(frozen=True)
class Stack:
    """The stack `name` (see STACKS) in the environment of the resource. `log` receives what its commands print."""

    terraform: TerraformResource
    name: str
    log: Log = quiet

    @property
    def environment(self) -> str:
        """The environment that the run is about."""
        return self.terraform.environment

    def __str__(self) -> str:
        return f"stack {self.name} in {self.environment}"

    @property
    def folder(self) -> Path:
        """The folder of its configuration."""
        return Path(self.terraform.stacks) / self.name

    @property
    def local_state(self) -> Path:
        """Where its state is if it is kept beside it
        (https://developer.hashicorp.com/terraform/language/backend/local).
        """
        own = "" if self.environment == DEFAULT_ENVIRONMENT else f"terraform.tfstate.d/{self.environment}"
        return self.folder / own / "terraform.tfstate"

    @property
    def cluster_identifier(self) -> str:
        """The name of the environment's cluster, as stacks/foundation/main.tf makes it."""
        return f"sparkify-{self.environment}"

    @property
    def variables(self) -> Path:
        """The environment's .tfvars file. Raises InfrastructureError if there is no such environment."""
        folder = Path(self.terraform.stacks).parent / "environments"
        chosen = folder / f"{self.environment}.tfvars"
        if not chosen.is_file():
            known = ", ".join(sorted(path.stem for path in folder.glob("*.tfvars")))
            raise InfrastructureError(f"there is no environment {self.environment!r}; {folder} has {known}")
        return chosen

    @property
    def region(self) -> str:
        """The environment's AWS region, from its .tfvars file. Raises InfrastructureError if it sets none."""
        found = re.search(r'^region\s*=\s*"([^"]+)"', self.variables.read_text(), re.MULTILINE)
        if not found:
            raise InfrastructureError(f"{self.variables} does not set region")
        return found.group(1)

    @property
    def wanted(self) -> bool:
        """Whether the environment is to have this stack."""
        return self.name in STACKS or sets(self.variables, self.name)

    @property
    def stands(self) -> bool:
        """Whether anything is in its state. Terraform is not asked where there cannot be one: nobody wants the stack,
        and neither a state nor a backend is beside it.
        """
        beside = self.local_state.exists() or (self.folder / OVERRIDE).exists()
        return (self.wanted or beside) and bool(self.resources())

    def init(self) -> None:
        """Make the working folder ready, with exactly the locked providers and the configured backend.

        Raises InfrastructureError if an earlier run has left a state that it could not save.
        """
        self.terraform.require_terraform(self.log)
        _ = self.variables
        refuse_unsaved(self.folder, self.terraform.kept_state(self.name), self.local_state)
        self._command().cmd("init", json=IsFlagged, input=False, lockfile="readonly")

    def validate(self) -> None:
        """Check the configuration by itself, and that the environment sets only what it declares."""
        refuse_unknown_settings(self.variables, Path(self.terraform.stacks))
        self._command(quiet).cmd("validate", json=IsFlagged)

    def plan(self, **options: Any) -> Plan:
        """Make a plan and keep it for `apply`. `options` are further options of the command, none of them secret.

        Raises InfrastructureError, naming the environment's file, where a value in it is refused.
        """
        try:
            code, _, _ = self._command().cmd(
                "plan",
                json=IsFlagged,
                detailed_exitcode=IsFlagged,
                input=False,
                lock_timeout=self._lock_timeout,
                var_file=str(self.variables),
                out=str(self._plan_file),
                **options,
            )
        except TerraformError as error:
            if error.kind == "settings":
                raise InfrastructureError(f"{self.variables}: {error.advice}") from None
            raise
        document = "{}"
        if code == 2:  # something differs
            _, document, _ = self._command(quiet).cmd("show", str(self._plan_file), json=IsFlagged)
        self._plan_document.write_text(document)
        return read_plan(document)

    @property
    def planned(self) -> bool:
        """Whether a plan is kept."""
        return self._plan_document.exists()

    def read_plan(self) -> Plan:
        """The kept plan. Raises InfrastructureError if there is none."""
        if not self.planned:
            raise InfrastructureError(f"the plan of {self} is gone with its run: launch the whole job again")
        return read_plan(self._plan_document.read_text())

    def planned_outputs(self) -> dict[str, Any]:
        """What the kept plan makes of the outputs: `after`, and `after_unknown` where only an apply can say it."""
        return dict(json.loads(self._plan_document.read_text()).get("output_changes", {}))

    @property
    def plan_document(self) -> dict[str, Any]:
        """The kept plan as `terraform show -json` tells it; empty if it changes nothing."""
        return dict(json.loads(self._plan_document.read_text()))

    def declared(self) -> Declared:
        """What the stack declares, as it was last applied. The stack is initialised."""
        _, document, _ = self._command(quiet).cmd("show", json=IsFlagged)
        return read_state(document)

    def before(self) -> Declared:
        """What the state has before the kept plan: the plan tells it, unless it changes nothing."""
        prior = self.plan_document.get("prior_state") if self.planned else None
        return declared_in(prior) if prior else self.declared()

    def apply(self) -> None:
        """Apply exactly the kept plan, and remove it."""
        if not self.read_plan().applicable:
            self.log(f"Nothing to do for {self}.")
            return
        try:
            self._command().cmd(
                "apply", str(self._plan_file), json=IsFlagged, input=False, lock_timeout=self._lock_timeout
            )
        finally:
            self._plan_file.unlink(missing_ok=True)
            self._plan_document.unlink(missing_ok=True)

    def outputs(self) -> dict[str, Any]:
        """The outputs that are not sensitive, by name; empty if the stack has never been applied."""
        self._ensure_initialised()
        _, document, _ = self._command(quiet).cmd("output", json=IsFlagged)
        return {
            name: output["value"] for name, output in json.loads(document).items() if not output["sensitive"]
        }

    def resources(self) -> list[str]:
        """The addresses of the resources in the state."""
        self._ensure_initialised()
        try:
            _, listing, _ = self._command(quiet).cmd("state list")
        except TerraformError as error:
            if "No state file was found" in str(error):
                return []
            raise
        return [
            line for line in listing.splitlines() if not line.startswith("data.") and ".data." not in line
        ]

    def note_owned(self) -> None:
        """Note for `owned` what is in the state, before a destroy empties it."""
        self._ensure_initialised()
        self._owned_document.write_text(json.dumps(sorted(self.declared().identities)))

    @property
    def owned(self) -> set[str] | None:
        """The IDs, names and ARNs of what was in the state when it was noted, or None if nothing was."""
        return set(json.loads(self._owned_document.read_text())) if self._owned_document.exists() else None

    def untaint(self, address: str) -> None:
        """Keep a resource whose creation was interrupted, by no longer marking it for replacement."""
        self._command().cmd("untaint", address, lock_timeout=self._lock_timeout, no_color=IsFlagged)

    @property
    def _plan_file(self) -> Path:
        return self.terraform.run_folder / f"{self.name}.tfplan"

    @property
    def _owned_document(self) -> Path:
        return self.terraform.run_folder / f"{self.name}.owned.json"

    @property
    def _plan_document(self) -> Path:
        return self.terraform.run_folder / f"{self.name}.plan.json"

    def _ensure_initialised(self) -> None:
        if not (self.terraform.run_folder / self.name / "providers").exists():
            self.init()

    @property
    def _lock_timeout(self) -> str:
        return f"{self.terraform.lock_seconds}s"

    def _command(self, log: Log | None = None) -> Command:
        return Command(self.terraform, self.name, log or self.log)


def wanted_stacks(terraform: TerraformResource, log: Log = quiet) -> list[Stack]:
    """The stacks that the environment is to have, in the order in which they are made."""
    return [stack for name in EVERY_STACK if (stack := Stack(terraform, name, log)).wanted]
