"""The infrastructure for other code, such as the command line: its jobs as functions, and the outputs of the stacks.

Belongs here: running a job in this process and returning what it found. Does not: how that is printed (`cli.infra`).
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TextIO

import dagster as dg

from sparkify_assets.defs.instance import prepare_home, run_of_this_process, this_process
from sparkify_assets.defs.run_errors import errors_of, reason_of, trace_of
from sparkify_assets.infra import InfrastructureError, jobs
from sparkify_assets.infra.stack import STACKS, Stack
from sparkify_assets.infra.terraform import TerraformResource
from sparkify_assets.settings import Settings

#: Dagster starts helper processes to capture what an op prints. Ctrl-C in a terminal ends them, and the last lines
#: would be lost with them.
_UNCAPTURED = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
}


class _Plain(logging.StreamHandler[TextIO]):
    """Prints only what the ops log, one line for each message, to standard error."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "dagster_meta", {}).get("dagster_event") is None

    def format(self, record: logging.LogRecord) -> str:
        return str(getattr(record, "dagster_meta", {}).get("orig_message", record.getMessage()))


@dg.logger
def _console(_: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("sparkify.infrastructure", level=logging.INFO)
    logger.addHandler(_Plain())
    return logger


class InfrastructureInterrupted(InfrastructureError):
    """The run was interrupted. Terraform has saved its state, and launching again continues from there."""

    exit_code = 130  # as of a shell: 128 plus the number of the signal


def launch(job: str, config: dict[str, Any]) -> dict[str, Any]:
    """Run one of the infrastructure jobs in this process; the web UI shows it like any other run.

    `config` is what the launchpad takes, for instance `{"environment": "dev"}` for `provision_infrastructure`, the same
    with `"confirm": "dev"` for `destroy_infrastructure`, or `jobs.run_config("dev")` for `detect_drift`. What the ops
    log goes to standard error.

    Returns the metadata of the ops by `op.name`, such as `wait_for_cluster.endpoint` or
    `publish_warehouse.warehouse_url`, and that of an asset check by its name, with `passed`. Raises
    InfrastructureInterrupted, or InfrastructureError with the failure in one line.
    """
    settings = Settings.from_environment()
    prepare_home(settings)
    definitions = jobs.infrastructure_defs(settings.home, jobs.STACKS_FOLDER, _console)
    # Despite its name, this opens the instance of the state directory. Dagster has no other way to override a setting.
    with (
        dg.DagsterInstance.local_temp(str(settings.dagster_home), overrides=_UNCAPTURED) as instance,
        run_of_this_process(instance) as run_id,
    ):
        run = definitions.resolve_job_def(job).execute_in_process(
            instance=instance, run_id=run_id, run_config=config, tags=this_process(), raise_on_error=False
        )
    for event in run.get_step_failure_events():
        raise _failure(event.step_failure_data, run.run_id, settings.home)
    if not run.success:
        raise InfrastructureError("; ".join(errors_of(run, settings.home)))
    return _metadata(run)


def outputs(environment: str) -> dict[str, dict[str, Any]]:
    """The outputs by stack and name, without the sensitive ones; empty for a stack that was never applied.

    Raises InfrastructureError.
    """
    with open_terraform(environment) as terraform:
        return {name: Stack(terraform, name).outputs() for name in STACKS}


def open_terraform(environment: str) -> AbstractContextManager[TerraformResource]:
    """The resource outside of a Dagster run, with a private folder of its own in the meantime."""
    work = Settings.from_environment().home / "terraform"
    terraform = TerraformResource(environment=environment, stacks=str(jobs.STACKS_FOLDER), work=str(work))
    return terraform.opened(f"command-{id(terraform)}")


def _failure(failure: Any, run: str, home: Path) -> InfrastructureError:
    error = failure.error
    if error and error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
        return InfrastructureInterrupted("interrupted; the same command again goes on where this one ended")
    where = "" if failure.user_failure_data else f" (run {run})"
    return InfrastructureError(reason_of(failure) + where + trace_of(error, home))


def _metadata(run: dg.ExecuteInProcessResult) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event in run.all_node_events:
        if event.is_successful_output:
            for name, value in event.step_output_data.metadata.items():
                found[f"{event.step_key}.{name}"] = value.value
    for evaluation in run.get_asset_check_evaluations():
        found |= {name: value.value for name, value in evaluation.metadata.items()}
        found["passed"] = evaluation.passed
    return found
