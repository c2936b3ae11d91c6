"""`sparkify infra …`: the infrastructure jobs from the command line, the same that the UI launches.

Each command is one Dagster run in this process, shown in the UI like any other, with the steps' lines on the
terminal. Every error that a person can put right is one line and exit code 1. Ctrl-C during an apply lets
Terraform finish what it began and save its state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sparkify_assets.infrastructure import DEFAULT_ENVIRONMENT, InfrastructureError
from sparkify_assets.runs import end_killed_runs, prepare_home, this_process
from sparkify_assets.settings import Settings

if TYPE_CHECKING:
    from sparkify_assets.resources.terraform import TerraformResource

app = typer.Typer(no_args_is_help=True, help="The infrastructure on AWS: Terraform's stacks as Dagster runs.")
backend_app = typer.Typer(no_args_is_help=True, help="Where Terraform keeps its state.")
app.add_typer(backend_app, name="backend")

out = Console()
err = Console(stderr=True)

#: What `terraform plan -detailed-exitcode` answers when something differs.
DIFFERS = 2

#: What a shell's commands answer when Ctrl-C ended them: 128 and the signal's number.
INTERRUPTED = 130

Environment = Annotated[str, typer.Option("--env", help="Environment: a file in terraform/environments.")]


class Format(StrEnum):
    """How outputs are printed."""

    table = "table"
    json = "json"


@app.command()
def plan(env: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Show what applying would change; change nothing."""
    metadata = _run("plan_infrastructure", {"environment": env})
    for stack in ("foundation", "warehouse"):
        out.print(f"{stack}: {escape(str(metadata.get(f'plan_{stack}.plan')))}", soft_wrap=True)


@app.command()
def apply(
    env: Environment = DEFAULT_ENVIRONMENT,
    allow_destroying: Annotated[
        list[str] | None, typer.Option(help="Address that may be replaced or deleted although it holds data.")
    ] = None,
    resume_paused: Annotated[bool, typer.Option(help="Whether a paused cluster is resumed first.")] = True,
) -> None:
    """Make network, landing bucket and cluster, or bring them to what the configuration says."""
    metadata = _run(
        "provision_infrastructure",
        {"environment": env, "allow_destroying": allow_destroying or [], "resume_paused": resume_paused},
    )
    out.print(f"The cluster answers at {metadata['wait_for_cluster.endpoint']}.", soft_wrap=True)
    for setting in ("warehouse", "source", "work"):
        out.print(
            f"SPARKIFY_{setting.upper()}={metadata[f'publish_warehouse.{setting}_url']}", soft_wrap=True
        )


@app.command()
def destroy(
    env: Environment = DEFAULT_ENVIRONMENT,
    confirm: Annotated[str, typer.Option(help="The environment's name again; asked for if not given.")] = "",
    foundation_too: Annotated[
        bool, typer.Option("--foundation-too", help="Also network, landing bucket, key and logs.")
    ] = False,
    confirm_data_loss: Annotated[
        str, typer.Option(help="The landing bucket's name, where its data may go.")
    ] = "",
) -> None:
    """Take the warehouse away; a final snapshot stays."""
    confirm = confirm or typer.prompt(f"Type the environment's name ({env}) to destroy its warehouse")
    metadata = _run(
        "destroy_infrastructure",
        {
            "environment": env,
            "confirm": confirm,
            "foundation_too": foundation_too,
            "confirm_data_loss": confirm_data_loss,
        },
    )
    out.print("Gone. What stays:")
    for stack in ("warehouse", "foundation"):
        out.print(escape(metadata.get(f"prove_{stack}_gone.stays", "")), soft_wrap=True)


@app.command()
def drift(env: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Hold AWS against the configuration; exit code 2 if something differs."""
    from sparkify_assets.infrastructure.jobs import run_config

    metadata = _run("detect_drift", run_config(env))
    for stack in ("foundation", "warehouse"):
        out.print(f"{stack}: {escape(str(metadata.get(stack)))}", soft_wrap=True)
    if not metadata["passed"]:
        raise typer.Exit(DIFFERS)


@app.command()
def pause(env: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Pause the cluster: only its storage costs then."""
    _run("pause_warehouse", {"environment": env})
    out.print("The cluster is paused.")


@app.command()
def resume(env: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Resume the cluster and wait until it answers."""
    metadata = _run("resume_warehouse", {"environment": env})
    out.print(f"The cluster answers at {metadata['wait_for_cluster.endpoint']}.", soft_wrap=True)


@app.command()
def output(
    env: Environment = DEFAULT_ENVIRONMENT,
    output_format: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.table,
) -> None:
    """Print the stacks' outputs; they hold no secret."""
    from sparkify_assets.infrastructure.stacks import STACKS, Stack

    with _plain_errors(), _terraform(env) as terraform:
        outputs = {name: Stack(terraform, name, lambda _: None).outputs() for name in STACKS}
    if output_format is Format.json:
        out.print_json(json.dumps(outputs))
        return
    table = Table("stack", "output", "value")
    for stack, values in outputs.items():
        for name, value in values.items():
            table.add_row(stack, name, escape(str(value)))
    out.print(table)


@backend_app.command()
def s3(
    bucket: Annotated[str, typer.Option(help="Bucket for the state; versioned and closed.")],
    region: Annotated[str, typer.Option(help="The bucket's region.")] = "us-west-2",
    create: Annotated[bool, typer.Option("--create", help="Make the bucket.")] = False,
) -> None:
    """Move the state of all environments to an S3 bucket, with locking there."""
    from sparkify_assets.infrastructure.backend import share_state

    with _plain_errors(), _terraform(DEFAULT_ENVIRONMENT) as terraform:
        share_state(terraform, bucket, region, create, lambda line: err.print(escape(line), soft_wrap=True))


@backend_app.command()
def local() -> None:
    """Move the state of all environments back into the checkout."""
    from sparkify_assets.infrastructure.backend import keep_state_local

    with _plain_errors(), _terraform(DEFAULT_ENVIRONMENT) as terraform:
        keep_state_local(terraform, lambda line: err.print(escape(line), soft_wrap=True))


# ---------------------------------------------------------------- how a command runs


def _run(job: str, config: dict[str, Any]) -> dict[str, Any]:
    """Runs a job; its steps' metadata by `step.name`, a check's by name. Exits with 1 if it fails."""
    import dagster as dg

    from sparkify_assets.infrastructure.jobs import console, infrastructure_defs

    settings = Settings.from_environment()
    prepare_home(settings)
    console.set("plain")
    definitions = infrastructure_defs(settings.home, _stacks_folder())
    with dg.DagsterInstance.get() as instance:
        end_killed_runs(instance)
        run = definitions.resolve_job_def(job).execute_in_process(
            instance=instance, run_config=config, tags=this_process(), raise_on_error=False
        )
    for event in run.get_step_failure_events():
        failure = event.step_failure_data
        if failure.user_failure_data:
            _fail(failure.user_failure_data.description or "the run failed")
        error = failure.error
        if error and error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
            _fail("interrupted; the same command again goes on where this one ended", INTERRUPTED)
        _fail(f"{error.message if error else 'the run failed'} (run {run.run_id})")
    return _metadata(run)


def _metadata(run: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for event in run.all_node_events:
        if event.is_successful_output:
            for name, value in event.step_output_data.metadata.items():
                found[f"{event.step_key}.{name}"] = value.value
    for evaluation in run.get_asset_check_evaluations():
        found |= {name: value.value for name, value in evaluation.metadata.items()}
        found["passed"] = evaluation.passed
    return found


@contextmanager
def _terraform(env: str) -> Iterator[TerraformResource]:
    """The resource outside of a Dagster run."""
    settings = Settings.from_environment()
    from sparkify_assets.resources.terraform import (
        TerraformResource,  # here: it brings Dagster, a second to import
    )

    terraform = TerraformResource(
        environment=env, stacks=str(_stacks_folder()), work=str(settings.home / "terraform")
    )
    terraform.open(f"command-{id(terraform)}")
    try:
        yield terraform
    finally:
        terraform.close()


def _stacks_folder() -> Path:
    from sparkify_assets.infrastructure.jobs import STACKS_FOLDER

    return STACKS_FOLDER


@contextmanager
def _plain_errors() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # here: a tenth of a second to import

    try:
        yield
    except InfrastructureError as error:
        _fail(str(error))
    except (BotoCoreError, ClientError) as error:
        from sparkify_assets.infrastructure.aws import told

        _fail(str(told(error)))


def _fail(text: str, code: int = 1) -> None:
    err.print(f"[red]error[/]: {escape(' '.join(text.split()))}", soft_wrap=True)
    raise typer.Exit(code)
