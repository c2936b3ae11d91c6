"""The command line, `sparkify`: all commands. Every error that people can cause is one clear line and exit code 1.

Belongs here: the names and the order of the commands. Does not: what they do (the modules of this package).
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any

import typer
from dotenv import load_dotenv

from sparkify_assets.cli import (
    connect,
    demo,
    dev,
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
from sparkify_assets.cli.console import err, say
from sparkify_assets.errors import SparkifyError, describe_error, keep_trace, words_of_machine
from sparkify_assets.settings import Settings, SettingsError
from sparkify_assets.warehouse.errors import is_foreseen, line

app = typer.Typer(
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
    """Run the command line; an error is one line and exit code 1, and the trace of one that nobody foresaw is kept."""
    load_dotenv(".env")
    try:
        raise SystemExit(typer.main.get_command(app).main(prog_name="sparkify", standalone_mode=False) or 0)
    except typer.Abort:
        raise SystemExit(1) from None
    except Exception as error:  # noqa: BLE001 - whatever it is, it is described
        if hasattr(error, "format_message"):
            if usage := _wrong_usage(error):
                say(usage, "error:", "red", to=err)
            raise SystemExit(1) from None
        if isinstance(error, SparkifyError) or words_of_machine(line(error)):
            text = describe_error(error)
        elif is_foreseen(error):
            text = str(error).strip().partition("\n")[0] or type(error).__name__
        else:
            try:
                text = describe_error(error) + keep_trace(Settings.from_environment().home, error)
            except SettingsError:
                raise error from None
        say(text, "error:", "red", to=err)
        raise SystemExit(getattr(error, "exit_code", 1)) from None


def _wrong_usage(error: Any) -> str:
    """What is wrong with the words of a command, and where its help is; empty where that was printed for want of any
    word. `error` is one of Typer's parser, which has no public name.
    """
    command = error.ctx.command_path if getattr(error, "ctx", None) else "sparkify"
    message = error.format_message()
    return f"{message} (see `{command} --help`)" if message else ""
