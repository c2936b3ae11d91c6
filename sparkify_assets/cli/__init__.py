"""The command line, `sparkify`: all commands. Every error that people can cause is one clear line and exit code 1.

Belongs here: the names and the order of the commands. Does not: what they do (the modules of this package).
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Annotated, Any

import typer

from sparkify_assets.cli import (
    connect,
    demo,
    dev,
    doctor,
    ephemeral_cluster,
    infra,
    inspection,
    load,
    plan,
    query,
    serve,
    server,
    status,
    tables,
)
from sparkify_assets.cli import help as help_
from sparkify_assets.cli.console import err, say
from sparkify_assets.cli.ending import exit_code_of
from sparkify_assets.cli.environment import complete_environment
from sparkify_assets.settings import no_settings

app = typer.Typer(
    cls=help_.Group,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
tables_app = typer.Typer(no_args_is_help=True, help="The warehouse's tables.")

for command in (
    load.load,
    plan.plan,
    query.query,
    query.psql,
    serve.serve,
    connect.connect,
    status.status,
    doctor.doctor,
    inspection.reconcile,
    inspection.rejects,
    load.release,
    inspection.why,
    inspection.report,
    inspection.digest,
    demo.sample,
    demo.demo,
    ephemeral_cluster.run,
    dev.dev,
    dev.stop,
    server.cancel,
):
    app.command(cls=query.StatementFirst if command is query.query else None)(command)
for command in (
    tables.create,
    tables.diff,
    tables.migrate,
    tables.bootstrap,
    tables.first_contact,
    tables.reset,
):
    tables_app.command()(command)
app.add_typer(tables_app, name="tables")
app.add_typer(infra.app, name="infra")
help_.show(app)


def _tell_version(asked: bool) -> None:
    if asked:
        say(f"sparkify {version('sparkify-assets')}")
        raise typer.Exit


@app.callback()
def sparkify(
    _: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_tell_version, is_eager=True),
    ] = False,
) -> None:
    """Sparkify's warehouse."""


def main() -> None:
    """Run the command line, with the settings of `.env` in the checkout where it is typed."""

    def command() -> Any:
        complete_environment()
        for name, meant in no_settings(os.environ).items():
            if meant:  # a threshold that is off because of its spelling would be noticed by nobody
                say(f"{name} is no setting: {meant} is one", "warning", to=err)
        return typer.main.get_command(app).main(prog_name="sparkify", standalone_mode=False)

    raise SystemExit(exit_code_of(command))
