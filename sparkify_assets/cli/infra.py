"""`sparkify infra …`: the infrastructure jobs from the command line, the same that the web UI launches.

Each command is one Dagster run in this process, which the web UI shows like any other, and prints what its ops log.
Ctrl-C during an apply lets Terraform finish what it began and save its state.

Belongs here: options and output. Does not: what the jobs do (`sparkify_assets.infra`).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sparkify_assets.cli.console import (
    CommandError,
    OutputFormat,
    err,
    print_found,
    print_json,
    print_table,
    say,
)
from sparkify_assets.infra import DEFAULT_ENVIRONMENT

app = typer.Typer(no_args_is_help=True, help="The infrastructure on AWS: Terraform's stacks as Dagster runs.")
backend_app = typer.Typer(no_args_is_help=True, help="Where Terraform keeps its state.")
app.add_typer(backend_app, name="backend")

#: The exit code if something differs, as of `terraform plan -detailed-exitcode`.
DIFFERS = 2

Environment = Annotated[str, typer.Option("--env", help="Environment: a file in terraform/environments.")]
FoundationToo = Annotated[
    bool, typer.Option("--foundation-too", help="Destroy network, landing bucket, its data and key as well.")
]
OrchestratorToo = Annotated[
    bool,
    typer.Option("--orchestrator-too", help="Destroy Dagster's own home on ECS first, but for a snapshot."),
]


@app.command()
def plan(env: Environment = DEFAULT_ENVIRONMENT, output_format: OutputFormat = "table") -> None:
    """Show what applying would change, without changing anything."""
    found = _by_stack(launch("plan_infrastructure", env), "plan_{}.plan", "plan_{}.actions")
    print_found(found, output_format, _print_summaries)


@app.command()
def apply(
    env: Environment = DEFAULT_ENVIRONMENT,
    allow_destroying: Annotated[
        list[str] | None, typer.Option(help="Address that may be replaced or deleted although it holds data.")
    ] = None,
    resume_paused: Annotated[bool, typer.Option(help="Whether a paused cluster is resumed first.")] = True,
) -> None:
    """Create network, landing bucket and cluster, and Dagster's own home where the environment sets orchestrator, or
    change them to what the configuration says.
    """
    metadata = launch(
        "provision_infrastructure", env, allow_destroying=allow_destroying or [], resume_paused=resume_paused
    )
    say_endpoint(metadata)
    for setting in ("warehouse", "source", "work"):
        say(f"SPARKIFY_{setting.upper()}={output_of(metadata, f'{setting}_url')}")
    if queue := metadata.get("publish_foundation.queue_url"):
        say(f"SPARKIFY_QUEUE={queue}")


@app.command()
def adopt(
    env: Environment = DEFAULT_ENVIRONMENT,
    confirm: Annotated[
        str, typer.Option(help="The environment's name again, to write what was shown without it.")
    ] = "",
) -> None:
    """Take what exists on AWS into a state that does not have it; without --confirm, only show the plan."""
    metadata = launch("adopt_infrastructure", env, confirm=confirm)
    for stack in ("foundation", "warehouse"):
        say(f"{stack}: {metadata.get(f'adopt_{stack}.plan', 'not planned')}")
    if confirm != env:
        say(f"Nothing was written. To adopt what is shown: sparkify infra adopt --env {env} --confirm {env}")


@app.command()
def destroy(
    env: Environment = DEFAULT_ENVIRONMENT,
    confirm: Annotated[
        str, typer.Option(help="The environment's name again; prompted for if not given.")
    ] = "",
    orchestrator_too: OrchestratorToo = False,
    foundation_too: FoundationToo = False,
    confirm_data_loss: Annotated[
        str, typer.Option(help="The landing bucket's name, if its data may be lost.")
    ] = "",
) -> None:
    """Destroy the warehouse except for a final snapshot."""
    confirm = confirm or typer.prompt(f"Type the environment's name ({env}) to destroy its warehouse")
    metadata = launch(
        "destroy_infrastructure",
        env,
        confirm=confirm,
        orchestrator_too=orchestrator_too,
        foundation_too=foundation_too,
        confirm_data_loss=confirm_data_loss,
    )
    # What was not to go as well says nothing.
    stays = [
        metadata.get(f"prove_{stack}_gone.stays", "") for stack in ("orchestrator", "warehouse", "foundation")
    ]
    say("Gone. What stays:" if any(stays) else "Gone.")
    for lines in filter(None, stays):
        say(lines)


@app.command()
def drift(env: Environment = DEFAULT_ENVIRONMENT, output_format: OutputFormat = "table") -> None:
    """Compare AWS with the configuration; exit code 2 if something differs."""
    found = launch("detect_drift", env)
    stacks = _by_stack(found, "{}", "{}_actions")
    if output_format == "json":
        told = {"verdict": found["verdict"], "findings": found["findings"]}
        print_json({"differs": not found["passed"], **told, **stacks})
    else:
        say(found["verdict"])
        _print_summaries(stacks)
        for finding in found["findings"]:
            say("{level}: {where}: {what}. Take it away by: {remedy}".format(**finding))
    if not found["passed"]:
        raise typer.Exit(DIFFERS)


@app.command()
def pause(env: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Pause the cluster, so that only its storage costs."""
    say(launch("pause_warehouse", env)["pause_cluster.said"])


@app.command()
def resume(env: Environment = DEFAULT_ENVIRONMENT) -> None:
    """Resume the cluster and wait until it answers."""
    say_endpoint(launch("resume_warehouse", env))


@app.command()
def output(env: Environment = DEFAULT_ENVIRONMENT, output_format: OutputFormat = "table") -> None:
    """Print the stacks' outputs, which hold no secret."""
    from sparkify_assets.infra.run import outputs

    def as_table(found: dict[str, dict[str, Any]]) -> None:
        rows = [(stack, name, str(value)) for stack, of in found.items() for name, value in of.items()]
        print_table(("stack", "output", "value"), rows)

    print_found(outputs(env), output_format, as_table)


@app.command()
def unlock(
    lock: Annotated[
        str, typer.Argument(metavar="ID", help="The lock's ID, as the refused command names it.")
    ],
    env: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Take away a lock of Terraform's state whose process is certainly gone."""
    from sparkify_assets.infra.run import open_terraform
    from sparkify_assets.infra.state_backend import unlock

    with open_terraform(env) as terraform:
        say(f"Unlocked: stack {unlock(terraform, lock, _log)} in {env}.")


@backend_app.command()
def s3(
    bucket: Annotated[str, typer.Option(help="Bucket for the state; versioned and not public.")],
    region: Annotated[str, typer.Option(help="The bucket's region.")] = "us-west-2",
    create: Annotated[bool, typer.Option("--create", help="Create the bucket.")] = False,
) -> None:
    """Move the state of all environments to an S3 bucket, with locking there."""
    from botocore.exceptions import BotoCoreError, ClientError

    from sparkify_assets.infra.aws import describe_error
    from sparkify_assets.infra.run import open_terraform
    from sparkify_assets.infra.state_backend import share_state

    try:
        with open_terraform(DEFAULT_ENVIRONMENT) as terraform:
            share_state(terraform, bucket, region, create, _log)
    except (BotoCoreError, ClientError) as error:
        raise describe_error(error) from None


@backend_app.command()
def local() -> None:
    """Move the state of all environments back into the checkout."""
    from sparkify_assets.infra.run import open_terraform
    from sparkify_assets.infra.state_backend import keep_state_local

    with open_terraform(DEFAULT_ENVIRONMENT) as terraform:
        keep_state_local(terraform, _log)


def launch(job: str, env: str, **config: Any) -> dict[str, Any]:
    """Run a job in an environment and return the metadata of its ops by `op.name`; whatever is not a success of the
    whole run is raised (see `infra.run.launch`).
    """
    from sparkify_assets.infra import run  # here, because Dagster's import takes a second

    return run.launch(job, {"environment": env, **config})


def say_endpoint(metadata: dict[str, Any]) -> None:
    """Print where the cluster answers, as the ops of a job report it."""
    say(f"The cluster answers at {metadata['wait_for_cluster.endpoint']}.")


def output_of(metadata: dict[str, Any], name: str) -> str:
    """An output of the warehouse's stack, as a run that provisioned it reports it. Raises CommandError if there is
    none.
    """
    try:
        return str(metadata[f"publish_warehouse.{name}"])
    except KeyError:
        raise CommandError(f"it is provisioned, but stack warehouse has no output {name}") from None


def _by_stack(found: dict[str, Any], summary: str, actions: str) -> dict[str, dict[str, Any]]:
    """What a run found about each stack: a summary, and the actions by the addresses of the resources."""
    from sparkify_assets.infra.stack import EVERY_STACK, STACKS

    return {
        stack: {"summary": found.get(summary.format(stack)), "actions": found.get(actions.format(stack), {})}
        for stack in EVERY_STACK
        if stack in STACKS or summary.format(stack) in found
    }


def _print_summaries(stacks: dict[str, dict[str, Any]]) -> None:
    for stack, found in stacks.items():
        say(f"{stack}: {found['summary']}")


def _log(line: str) -> None:
    say(line, to=err)
