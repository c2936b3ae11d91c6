"""The infrastructure for other code, such as the command line: its jobs as functions, and the outputs of the stacks.

Belongs here: running a job in this process and returning what it found. Does not: how that is printed (`cli.infra`).
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TextIO

import boto3
import dagster as dg
from botocore.exceptions import BotoCoreError, ClientError

from sparkify_assets.defs.instance import open_uncaptured, prepare_home, require_own
from sparkify_assets.defs.run_errors import NOT_RUN
from sparkify_assets.defs.run_here import run_here
from sparkify_assets.errors import Interrupted
from sparkify_assets.infra import InfrastructureError, aws, jobs
from sparkify_assets.infra.stack import wanted_stacks
from sparkify_assets.infra.terraform import TerraformResource
from sparkify_assets.infra.writable import require_writable
from sparkify_assets.settings import Settings

#: The jobs that lock a state and change nothing, and those that only look into it.
_READING, _WRITING_NOTHING = ("plan_infrastructure", "detect_drift"), ("pause_warehouse", "resume_warehouse")


class _Plain(logging.StreamHandler[TextIO]):
    """Prints only what the ops log, one line for each message, to standard error."""

    def filter(self, record: logging.LogRecord) -> bool:
        is_event = getattr(record, "dagster_meta", {}).get("dagster_event") is not None
        return not is_event and not NOT_RUN.fullmatch(self.format(record))

    def format(self, record: logging.LogRecord) -> str:
        return str(getattr(record, "dagster_meta", {}).get("orig_message", record.getMessage()))


@dg.logger
def _console(_: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("sparkify.infrastructure", level=logging.INFO)
    logger.addHandler(_Plain())
    return logger


class InfrastructureInterrupted(Interrupted, InfrastructureError):
    """The run was interrupted. Terraform has saved its state, and launching again continues from there."""


def launch(job: str, config: dict[str, Any]) -> dict[str, Any]:
    """Run one of the infrastructure jobs in this process; the web UI shows it like any other run.

    `config` is what the launchpad takes, for instance `{"environment": "dev"}`, or the same with `"confirm": "dev"` for
    `destroy_infrastructure`. What the ops log goes to standard error.

    Returns the metadata of the ops by `op.name`, such as `wait_for_cluster.endpoint` or
    `publish_warehouse.warehouse_url`, and that of an asset check by its name, with `passed`. Raises
    InfrastructureInterrupted, InfrastructureError with the failure in one line, and RunError or HomeError if the run
    could not begin or be recorded.
    """
    settings = Settings.from_environment()
    prepare_home(settings)
    if job not in _WRITING_NOTHING:
        require_writable(jobs.STACKS_FOLDER, for_state_only=job in _READING)
    definitions = jobs.infrastructure_defs(settings.home, jobs.STACKS_FOLDER, _console)
    instance = partial(open_uncaptured, settings)
    ended = run_here(definitions.resolve_job_def(job), instance, settings.home, run_config=config)
    if ended.interrupted:
        raise InfrastructureInterrupted("the same command again goes on where this one ended")
    if not ended.succeeded:
        raise InfrastructureError("; ".join(ended.errors))
    return _metadata(ended.result)


def require_access(environment: str) -> None:
    """Raise InfrastructureError unless Terraform is here and AWS accepts the credentials, before anything is begun."""
    with open_terraform(environment) as terraform:
        terraform.require_terraform(lambda _: None)
    try:
        boto3.client("sts", region_name=Settings.from_environment().region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise aws.describe_error(error) from None


def outputs(environment: str) -> dict[str, dict[str, Any]]:
    """The outputs by stack and name, without the sensitive ones; empty for a stack that was never applied.

    Raises InfrastructureError.
    """
    with open_terraform(environment) as terraform:
        return {stack.name: stack.outputs() for stack in wanted_stacks(terraform)}


def open_terraform(environment: str) -> AbstractContextManager[TerraformResource]:
    """The resource outside of a Dagster run, with a private folder of its own in the meantime. Raises HomeError."""
    home = Settings.from_environment().home
    require_own(home)
    work = home / "terraform"
    terraform = TerraformResource(environment=environment, stacks=str(jobs.STACKS_FOLDER), work=str(work))
    return terraform.opened(f"command-{id(terraform)}")


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
