"""The infrastructure jobs (https://docs.dagster.io/guides/build/jobs), which a person launches in the web UI or as
`sparkify infra …`. In the launchpad each takes a few plain fields, and the default environment is `dev`.

Belongs here: the order of the ops, the configuration of the jobs and their wiring. Does not: what an op does (`ops`).
"""

# Annotations are not postponed here, because Dagster reads the config classes of a job from them.

from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from sparkify_assets.infra import DEFAULT_ENVIRONMENT, adopt_ops, cluster_ops, destroy_ops, ops
from sparkify_assets.infra.drift import drift_check, drift_schedule, redshift_cluster
from sparkify_assets.infra.stack import EVERY_STACK, ORCHESTRATOR, STACKS
from sparkify_assets.infra.terraform import TerraformResource

#: The stacks in the checkout.
STACKS_FOLDER = Path(__file__).resolve().parents[2] / "terraform" / "stacks"

# A retry of the run would repeat whatever failed, which helps neither a refused guard nor a half-applied plan.
_TAGS = {ops.INFRASTRUCTURE_TAG: "true", "dagster/max_retries": "0"}


def run_config(environment: str, **configs: dict[str, Any]) -> dict[str, Any]:
    """The whole configuration of a run: `configs` are those of the ops, by name."""
    return {
        "resources": {"terraform": {"config": {"environment": environment}}},
        "ops": {name: {"config": config} for name, config in configs.items()},
        "loggers": {"console": {}},
    }


class Where(dg.Config):
    """`environment` names a file environments/<environment>.tfvars."""

    environment: str = DEFAULT_ENVIRONMENT


class Provision(Where):
    """`allow_destroying` names the addresses that the plan may replace or delete although they hold data."""

    allow_destroying: list[str] = Field(default=[])
    resume_paused: bool = True


class Adopt(Where):
    """`confirm` repeats the environment's name; without it the plan is only shown."""

    confirm: str = ""


class Destroy(Where):
    """`confirm` repeats the environment's name, `confirm_data_loss` the landing bucket's where data would be lost."""

    confirm: str
    orchestrator_too: bool = False
    foundation_too: bool = False
    confirm_data_loss: str = ""


@dg.config_mapping
def _plainly(config: Where) -> dict[str, Any]:
    return run_config(config.environment)


@dg.config_mapping
def _provision(config: Provision) -> dict[str, Any]:
    allowed = {"allow_destroying": config.allow_destroying}
    guarding = {f"{op}_{stack}": allowed for op in ("untaint", "guard") for stack in EVERY_STACK}
    return run_config(config.environment, **guarding, wake_cluster={"resume_paused": config.resume_paused})


@dg.config_mapping
def _adopt(config: Adopt) -> dict[str, Any]:
    return run_config(
        config.environment, **{f"adopt_{stack}": {"confirm": config.confirm} for stack in STACKS}
    )


@dg.config_mapping
def _destroy(config: Destroy) -> dict[str, Any]:
    confirmed = config.model_dump(exclude={"environment"})
    asking = ("confirm_destroy", "choose_orchestrator_too", "choose_foundation", "release_bucket")
    return run_config(config.environment, **dict.fromkeys(asking, confirmed))


def _run(stack: str, *steps: ops.Step, after: Any = None) -> Any:
    """Make each step of a stack run after the one before it."""
    for step in steps:
        after = step(stack)(after) if after is not None else step(stack)()
    return after


def _jobs(loggers: dict[str, dg.LoggerDefinition]) -> list[dg.JobDefinition]:
    options: dict[str, Any] = {"tags": _TAGS, "executor_def": dg.in_process_executor, "logger_defs": loggers}

    @dg.job(config=_plainly, **options)
    def plan_infrastructure() -> None:
        """Shows what provisioning would change, stack by stack, and changes nothing."""
        planned = None
        for stack in STACKS:
            planned = _run(stack, ops.init, ops.validate, ops.plan, adopt_ops.survey, after=planned)
        chosen = ops.choose_orchestrator(planned)
        _run(ORCHESTRATOR, ops.init, ops.validate, ops.plan, adopt_ops.survey, after=chosen)

    @dg.job(config=_provision, **options)
    def provision_infrastructure() -> None:
        """Makes network, landing bucket and cluster, and Dagster's own home where the environment sets orchestrator, or
        changes them to what the configuration says.
        """
        ready, guarded = (ops.init, ops.validate), (ops.plan, ops.untaint, ops.guard, adopt_ops.survey)
        applied = (ops.apply, ops.prove_applied, ops.publish)
        foreseen = _run("warehouse", ops.foresee_stack, after=_run("foundation", *ready, *guarded))
        made = _run("foundation", *applied, after=foreseen)
        changed = _run(
            "warehouse", *ready, ops.wake_cluster, *guarded, cluster_ops.change_cluster, after=made
        )
        answers = _run("warehouse", *applied, ops.wait_for_cluster, after=changed)
        chosen = ops.choose_orchestrator(answers)
        _run(ORCHESTRATOR, *ready, *guarded, *applied, after=chosen)

    @dg.job(config=_adopt, **options)
    def adopt_infrastructure() -> None:
        """Takes what exists already into an empty state, where it was lost, after showing the plan of it."""
        adopted = None
        for stack in STACKS:
            adopted = _run(stack, ops.init, ops.validate, adopt_ops.adopt, after=adopted)

    @dg.job(config=_destroy, **options)
    def destroy_infrastructure() -> None:
        """Destroys the warehouse except for a final snapshot; with orchestrator_too Dagster's own home before it, with
        foundation_too also what holds the data.
        """
        destroyed = (ops.plan_destroy, ops.destroy, destroy_ops.prove_gone)
        confirmed = _run("warehouse", destroy_ops.confirm_destroy)
        chosen = destroy_ops.choose_orchestrator_too(confirmed)
        home_gone = _run(ORCHESTRATOR, ops.init, *destroyed, after=chosen)
        # Of several, those that were not chosen are not waited for.
        gone = _run("warehouse", ops.init, ops.wake_cluster, *destroyed, after=[confirmed, home_gone])
        go_on = destroy_ops.choose_foundation(gone)
        _run("foundation", ops.init, destroy_ops.release_bucket, *destroyed, after=go_on)

    @dg.job(config=_plainly, **options)
    def pause_warehouse() -> None:
        """Pauses the cluster, so that only its storage costs. Refused while loads run."""
        _run("warehouse", ops.init, ops.pause_cluster)

    @dg.job(config=_plainly, **options)
    def resume_warehouse() -> None:
        """Resumes the cluster and waits until it answers."""
        _run("warehouse", ops.init, ops.resume_cluster, ops.wait_for_cluster)

    detect_drift = dg.define_asset_job(
        "detect_drift",
        selection=dg.AssetSelection.checks(drift_check),
        config=_plainly,
        description="Compares the infrastructure with its configuration, and shows what differs.",
        tags=_TAGS,
        executor_def=dg.in_process_executor,
    )
    return [
        plan_infrastructure,
        provision_infrastructure,
        adopt_infrastructure,
        destroy_infrastructure,
        pause_warehouse,
        resume_warehouse,
        detect_drift,  # type: ignore[list-item]
    ]


def infrastructure_defs(
    home: Path,
    stacks: Path = STACKS_FOLDER,
    console: dg.LoggerDefinition = dg.colored_console_logger,
    **options: Any,
) -> dg.Definitions:
    """Jobs, schedule, asset and check of the infrastructure, with the resource `terraform`.

    `home` is SPARKIFY_HOME, below which runs keep their plans and the cache of providers. `console` prints the runs to
    the terminal. `options` are further fields of the resource. Until a job is launched, nothing runs, and Terraform
    need not be installed.
    """
    loggers = {"console": console}
    jobs = _jobs(loggers)
    return dg.Definitions(
        assets=[redshift_cluster],
        asset_checks=[drift_check],
        jobs=jobs,
        schedules=[drift_schedule(jobs[-1], stacks)],
        resources={
            "terraform": TerraformResource.configure_at_launch(
                stacks=str(stacks), work=str(home / "terraform"), **options
            )
        },
        loggers=loggers,
    )
