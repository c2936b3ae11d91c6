"""`sparkify infra …`: the infrastructure jobs from the command line, the same that the web UI launches.

Each command is one Dagster run in this process, which the web UI shows like any other, and prints what its ops log.
Every error that a person can put right is one line and exit code 1. Ctrl-C during an apply lets Terraform finish what
it began and save its state.

Belongs here: options and output. Does not: what the jobs do (`sparkify_assets.infra`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from sparkify_assets.cli.console import Format, OutputFormat, err, out, print_json
from sparkify_assets.infra import DEFAULT_ENVIRONMENT, InfrastructureError

app = typer.Typer(no_args_is_help=True, help="The infrastructure on AWS: Terraform's stacks as Dagster runs.")
backend_app = typer.Typer(no_args_is_help=True, help="Where Terraform keeps its state.")
app.add_typer(backend_app, name="backend")

#: The exit code if something differs, as of `terraform plan -detailed-exitcode`.
DIFFERS = 2

#: The exit code after Ctrl-C, as of a shell: 128 plus the number of the signal.
INTERRUPTED = 130

Environment = Annotated[str, typer.Option("--env", help="Environment: a file in terraform/environments.")]


@app.command()
def plan(env: Environment = DEFAULT_ENVIRONMENT, output_format: OutputFormat = Format.table) -> None:
    """Show what applying would change, without changing anything."""
    stacks = _by_stack(_run("plan_infrastructure", {"environment": env}), "plan_{}.plan", "plan_{}.actions")
    if output_format is Format.json:
        print_json(stacks)
    else:
        _print_summaries(stacks)


@app.command()
def apply(
    env: Environment = DEFAULT_ENVIRONMENT,
    allow_destroying: Annotated[
        list[str] | None, typer.Option(help="Address that may be replaced or deleted although it holds data.")
    ] = None,
    resume_paused: Annotated[bool, typer.Option(help="Whether a paused cluster is resumed first.")] = True,
) -> None:
    """Make network, landing bucket and cluster, or change them to what the configuration says."""
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
    """Destroy the warehouse except for a final snapshot."""
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
def drift(env: Environment = DEFAULT_ENVIRONMENT, output_format: OutputFormat = Format.table) -> None:
    """Compare AWS with the configuration; exit code 2 if something differs."""
    from sparkify_assets.infra.jobs import run_config

    found = _run("detect_drift", run_config(env))
    stacks = _by_stack(found, "{}", "{}_actions")
    if output_format is Format.json:
        print_json({"differs": not found["passed"], **stacks})
    else:
        _print_summaries(stacks)
    if not found["passed"]:
        raise typer.Exit(DIFFERS)


@app.command()
def pause(env: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Pause the cluster, so that only its storage costs."""
    _run("pause_warehouse", {"environment": env})
    out.print("The cluster is paused.")


@app.command()
def resume(env: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Resume the cluster and wait until it answers."""
    metadata = _run("resume_warehouse", {"environment": env})
    out.print(f"The cluster answers at {metadata['wait_for_cluster.endpoint']}.", soft_wrap=True)


@app.command()
def output(env: Environment = DEFAULT_ENVIRONMENT, output_format: OutputFormat = Format.table) -> None:
    """Print the stacks' outputs, which hold no secret."""
    from sparkify_assets.infra.run import outputs as stack_outputs

    with _plain_errors():
        outputs = stack_outputs(env)
    if output_format is Format.json:
        print_json(outputs)
        return
    table = Table("stack", "output", "value")
    for stack, values in outputs.items():
        for name, value in values.items():
            table.add_row(stack, name, escape(str(value)))
    out.print(table)


@backend_app.command()
def s3(
    bucket: Annotated[str, typer.Option(help="Bucket for the state, versioned and not public.")],
    region: Annotated[str, typer.Option(help="The bucket's region.")] = "us-west-2",
    create: Annotated[bool, typer.Option("--create", help="Make the bucket.")] = False,
) -> None:
    """Move the state of all environments to an S3 bucket, with locking there."""
    from sparkify_assets.infra.run import open_terraform
    from sparkify_assets.infra.state_backend import share_state

    with _plain_errors(), open_terraform(DEFAULT_ENVIRONMENT) as terraform:
        share_state(terraform, bucket, region, create, lambda line: err.print(escape(line), soft_wrap=True))


@backend_app.command()
def local() -> None:
    """Move the state of all environments back into the checkout."""
    from sparkify_assets.infra.run import open_terraform
    from sparkify_assets.infra.state_backend import keep_state_local

    with _plain_errors(), open_terraform(DEFAULT_ENVIRONMENT) as terraform:
        keep_state_local(terraform, lambda line: err.print(escape(line), soft_wrap=True))


# ---------------------------------------------------------------- how a command runs


def _by_stack(found: dict[str, Any], summary: str, actions: str) -> dict[str, dict[str, Any]]:
    """What a run found about each stack: a summary, and the actions by the addresses of the resources."""
    from sparkify_assets.infra.stack import STACKS

    return {
        stack: {"summary": found.get(summary.format(stack)), "actions": found.get(actions.format(stack), {})}
        for stack in STACKS
    }


def _print_summaries(stacks: dict[str, dict[str, Any]]) -> None:
    for stack, found in stacks.items():
        out.print(f"{stack}: {escape(str(found['summary']))}", soft_wrap=True)


def _run(job: str, config: dict[str, Any]) -> dict[str, Any]:
    """Run a job and return the metadata of its ops. Exit with 1 if it fails, with 130 if it was interrupted."""
    with _plain_errors():
        from sparkify_assets.infra.run import launch

        return launch(job, config)


@contextmanager
def _plain_errors() -> Iterator[None]:
    # Imported here, because together they take two seconds that other commands need not wait for.
    from botocore.exceptions import BotoCoreError, ClientError

    from sparkify_assets.infra.aws import describe_error
    from sparkify_assets.infra.run import InfrastructureInterrupted

    try:
        yield
    except InfrastructureInterrupted as error:
        _fail(str(error), INTERRUPTED)
    except InfrastructureError as error:
        _fail(str(error))
    except (BotoCoreError, ClientError) as error:
        _fail(str(describe_error(error)))


def _fail(text: str, code: int = 1) -> None:
    err.print(f"[red]error[/]: {escape(' '.join(text.split()))}", soft_wrap=True)
    raise typer.Exit(code)
