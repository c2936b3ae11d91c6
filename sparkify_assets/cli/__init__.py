"""The command line, `sparkify`: all commands. Every error that people can cause is one clear line and exit code 1.

Belongs here: the names and the order of the commands. Does not: what they do (the modules of this package).
"""

from __future__ import annotations

import typer
from dotenv import load_dotenv

from sparkify_assets.cli import (
    demo,
    dev,
    ephemeral_cluster,
    infra,
    inspection,
    load,
    query,
    serve,
    server,
    tables,
)
from sparkify_assets.cli.console import err, say
from sparkify_assets.errors import SparkifyError, describe_error, keep_trace, words_of_machine
from sparkify_assets.settings import Settings, SettingsError
from sparkify_assets.warehouse.errors import is_foreseen, line

app = typer.Typer(
    no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help="Sparkify's warehouse."
)
tables_app = typer.Typer(no_args_is_help=True, help="The warehouse's tables.")

for command in (
    load.load,
    query.query,
    query.psql,
    serve.serve,
    inspection.status,
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
    app.command()(command)
for command in (tables.create, tables.upgrade, tables.bootstrap, tables.first_contact, tables.reset):
    tables_app.command()(command)
app.add_typer(tables_app, name="tables")
app.add_typer(infra.app, name="infra")


def main() -> None:
    """Run the command line; an error is one line and exit code 1, and the trace of one that nobody foresaw is kept."""
    load_dotenv(".env")
    try:
        app()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is described
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
