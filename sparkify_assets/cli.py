"""The command line, `sparkify`: all commands. Every error that people can cause is one clear line and exit code 1.

Belongs here: the names and the order of the commands. Does not: what they do (`commands`).
"""

from __future__ import annotations

import psycopg2
import typer
from dotenv import load_dotenv
from rich.markup import escape

from sparkify_assets.causes import keep_trace, told
from sparkify_assets.commands import infra, load, look, run, tables
from sparkify_assets.commands.console import CommandError, err
from sparkify_assets.dev_server import DevServerError
from sparkify_assets.infrastructure import InfrastructureError
from sparkify_assets.lifecycle import LifeCycleError
from sparkify_assets.loading import DeletionsRefused
from sparkify_assets.loading.publishing import NotBlocked, RulesRefused, SourceChanged
from sparkify_assets.resources.embedded import ServerError
from sparkify_assets.resources.landing_zone import SourceError
from sparkify_assets.resources.redshift import LockTimeout, WarehouseError
from sparkify_assets.settings import Settings, SettingsError
from sparkify_assets.why import NoSuchPlay

app = typer.Typer(
    no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help="Sparkify's warehouse."
)
tables_app = typer.Typer(no_args_is_help=True, help="The warehouse's tables.")

for command in (
    load.load,
    look.query,
    look.psql,
    look.status,
    look.reconcile,
    look.rejects,
    load.release,
    look.why,
    look.report,
    look.digest,
    run.sample,
    run.demo,
    run.run,
    run.dev,
    run.stop,
):
    app.command()(command)
for command in (tables.create, tables.upgrade, tables.bootstrap, tables.first_contact, tables.reset):
    tables_app.command()(command)
app.add_typer(tables_app, name="tables")
app.add_typer(infra.app, name="infra")

_USER_ERRORS = (
    CommandError,
    InfrastructureError,
    LifeCycleError,
    DevServerError,
    SettingsError,
    SourceError,
    SourceChanged,
    WarehouseError,
    LockTimeout,
    DeletionsRefused,
    NotBlocked,
    NoSuchPlay,
    RulesRefused,
    ServerError,
    psycopg2.Error,
)


def main() -> None:
    """Run the command line; an error is one line and exit code 1, and the trace of one that nobody foresaw is kept."""
    load_dotenv(".env")
    try:
        app()
    except _USER_ERRORS as error:
        lines = [line for line in str(error).strip().splitlines() if line.strip()]
        err.print(f"[red]error[/]: {escape(' '.join(lines[:1]) or type(error).__name__)}", soft_wrap=True)
        raise SystemExit(1) from None
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        try:
            where = keep_trace(Settings.from_environment().home, error)
        except (SettingsError, OSError):
            raise error from None
        err.print(f"[red]error[/]: {escape(told(error) + where)}", soft_wrap=True)
        raise SystemExit(1) from None
