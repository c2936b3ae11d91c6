"""The command line, `sparkify`: all commands. Every error that people can cause is one clear line and exit code 1.

Belongs here: the names and the order of the commands. Does not: what they do (the modules of this package).
"""

from __future__ import annotations

import psycopg2
import typer
from dotenv import load_dotenv
from rich.markup import escape

from redshift_local import ServerError
from sparkify_assets.cli import dev, infra, inspection, load, tables
from sparkify_assets.cli.cluster_run import LifeCycleError
from sparkify_assets.cli.console import CommandError, err
from sparkify_assets.cli.dev_server import DevServerError
from sparkify_assets.errors import keep_trace, told
from sparkify_assets.infra import InfrastructureError
from sparkify_assets.inspection.provenance import NoSuchPlay
from sparkify_assets.load.loader import DeletionsRefused
from sparkify_assets.load.publish import NotBlocked, RulesRefused, SourceChanged
from sparkify_assets.settings import Settings, SettingsError
from sparkify_assets.source.store import SourceError
from sparkify_assets.warehouse.errors import LockTimeout, WarehouseError

app = typer.Typer(
    no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help="Sparkify's warehouse."
)
tables_app = typer.Typer(no_args_is_help=True, help="The warehouse's tables.")

for command in (
    load.load,
    inspection.query,
    inspection.psql,
    inspection.status,
    inspection.reconcile,
    inspection.rejects,
    load.release,
    inspection.why,
    inspection.report,
    inspection.digest,
    dev.sample,
    dev.demo,
    dev.run,
    dev.dev,
    dev.stop,
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
