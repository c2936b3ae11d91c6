"""The infrastructure jobs (https://docs.dagster.io/guides/build/jobs), which a person launches in the web UI or as
`sparkify infra …`. In the launchpad each takes a few plain fields, and the default environment is `dev`.

Belongs here: the order of the ops, the configuration of the jobs and their wiring. Does not: what an op does (`ops`).
"""

# Annotations are not postponed here, because Dagster reads the config classes of a job from them.

import logging
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from sparkify_assets.infra import DEFAULT_ENVIRONMENT, destroy_ops, ops
from sparkify_assets.infra.drift import drift_check, drift_schedule, redshift_cluster
from sparkify_assets.infra.terraform import TerraformResource

#: The stacks in the checkout.
STACKS_FOLDER = Path(__file__).resolve().parents[2] / "terraform" / "stacks"

#: The logger that prints a run to the terminal: Dagster's own, or one for only what the ops log.
console: ContextVar[str] = ContextVar("console", default="console")

# A retry of the run would repeat whatever failed, which helps neither a refused guard nor a half-applied plan.
_TAGS = {ops.INFRASTRUCTURE_TAG: "true", "dagster/max_retries": "0"}


def _plain_logger(_: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("sparkify.infrastructure", level=logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(lambda record: getattr(record, "dagster_meta", {}).get("dagster_event") is None)
    handler.setFormatter(_Plain())
    logger.addHandler(handler)
    return logger


#: A logger for the command line, which prints only what the ops log, one line for each message.
plain_console = dg.LoggerDefinition(_plain_logger, description="Prints only what the ops log.")


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return str(getattr(record, "dagster_meta", {}).get("orig_message", record.getMessage()))


_LOGGERS = {"console": dg.colored_console_logger, "plain": plain_console}


def run_config(environment: str, **ops: dict[str, Any]) -> dict[str, Any]:
    """The whole configuration of a run, from the few fields that a person fills in."""
    return {
        "resources": {"terraform": {"config": {"environment": environment}}},
        "ops": {name: {"config": config} for name, config in ops.items()},
        "loggers": {console.get(): {}},
    }


class Where(dg.Config):
    """`environment` names a file environments/<environment>.tfvars."""

    environment: str = DEFAULT_ENVIRONMENT


class Provision(Where):
    """`allow_destroying` names the addresses that the plan may replace or delete although they hold data."""

    allow_destroying: list[str] = Field(default=[])
    resume_paused: bool = True


class Destroy(Where):
    """`confirm` repeats the environment's name, `confirm_data_loss` the landing bucket's where data would be lost."""

    confirm: str
    foundation_too: bool = False
    confirm_data_loss: str = ""


@dg.config_mapping
def _plainly(config: Where) -> dict[str, Any]:
    return run_config(config.environment)


@dg.config_mapping
def _provision(config: Provision) -> dict[str, Any]:
    allowed = {"allow_destroying": config.allow_destroying}
    return run_config(
        config.environment,
        untaint_foundation=allowed,
        guard_foundation=allowed,
        untaint_warehouse=allowed,
        guard_warehouse=allowed,
        wake_cluster={"resume_paused": config.resume_paused},
    )


@dg.config_mapping
def _destroy(config: Destroy) -> dict[str, Any]:
    confirmed = config.model_dump(exclude={"environment"})
    return run_config(
        config.environment, confirm_destroy=confirmed, choose_foundation=confirmed, release_bucket=confirmed
    )


def _chain(*ops: dg.OpDefinition, start: Any = None) -> Any:
    """Make each op run after the one before it."""
    for op in ops:
        start = op(start) if start is not None else op()
    return start


def _jobs() -> list[dg.JobDefinition]:
    s = ops
    options: dict[str, Any] = {"tags": _TAGS, "executor_def": dg.in_process_executor, "logger_defs": _LOGGERS}

    @dg.job(config=_plainly, **options)
    def plan_infrastructure() -> None:
        """Shows what provisioning would change, stack by stack, and changes nothing."""
        for stack in ("foundation", "warehouse"):
            _chain(s.init(stack), s.validate(stack), s.plan(stack))

    @dg.job(config=_provision, **options)
    def provision_infrastructure() -> None:
        """Makes network, landing bucket and cluster, or changes them to what the configuration says."""
        foundation, warehouse = "foundation", "warehouse"
        done = _chain(s.init(foundation), s.validate(foundation), s.plan(foundation))
        done = _chain(s.untaint(foundation), s.guard(foundation), s.apply(foundation), start=done)
        done = _chain(s.publish(foundation), s.init(warehouse), s.validate(warehouse), start=done)
        done = _chain(s.wake_cluster, s.plan(warehouse), s.untaint(warehouse), start=done)
        _chain(s.guard(warehouse), s.apply(warehouse), s.publish(warehouse), s.wait_for_cluster, start=done)

    @dg.job(config=_destroy, **options)
    def destroy_infrastructure() -> None:
        """Destroys the warehouse except for a final snapshot; with foundation_too also what holds the data."""
        done = _chain(
            destroy_ops.confirm_destroy,
            s.init("warehouse"),
            s.wake_cluster,
            s.plan_destroy("warehouse"),
            s.destroy("warehouse"),
        )
        done = _chain(
            destroy_ops.prove_gone("warehouse"),
            destroy_ops.choose_foundation,
            s.init("foundation"),
            destroy_ops.release_bucket,
            start=done,
        )
        _chain(
            s.plan_destroy("foundation"),
            s.destroy("foundation"),
            destroy_ops.prove_gone("foundation"),
            start=done,
        )

    @dg.job(config=_plainly, **options)
    def pause_warehouse() -> None:
        """Pauses the cluster, so that only its storage costs. Refused while loads run."""
        _chain(s.init("warehouse"), s.pause_cluster)

    @dg.job(config=_plainly, **options)
    def resume_warehouse() -> None:
        """Resumes the cluster and waits until it answers."""
        _chain(s.init("warehouse"), s.resume_cluster, s.wait_for_cluster)

    detect_drift = dg.define_asset_job(
        "detect_drift",
        selection=dg.AssetSelection.checks(drift_check),
        description="Compares the infrastructure with its configuration, and shows what differs.",
        tags=_TAGS,
        executor_def=dg.in_process_executor,
    )
    return [
        plan_infrastructure,
        provision_infrastructure,
        destroy_infrastructure,
        pause_warehouse,
        resume_warehouse,
        detect_drift,  # type: ignore[list-item]
    ]


def infrastructure_defs(home: Path, stacks: Path = STACKS_FOLDER, **options: Any) -> dg.Definitions:
    """Jobs, schedule, asset and check of the infrastructure, with the resource `terraform`.

    `home` is SPARKIFY_HOME, below which runs keep their plans and the cache of providers. `options` are further fields
    of the resource. Until a job is launched, nothing runs, and Terraform need not be installed.
    """
    work = str(home / "terraform")
    terraform = TerraformResource.configure_at_launch(stacks=str(stacks), work=work, **options)
    jobs = _jobs()
    return dg.Definitions(
        assets=[redshift_cluster],
        asset_checks=[drift_check],
        jobs=jobs,
        schedules=[drift_schedule(jobs[-1], stacks)],
        resources={"terraform": terraform},
        loggers=_LOGGERS,
    )
