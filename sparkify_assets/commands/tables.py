"""`sparkify tables …`: the warehouse's tables as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from sparkify_assets.automation.memory import forget_all
from sparkify_assets.commands.console import CommandError, out, settings
from sparkify_assets.resources.redshift import open_warehouse


def create() -> None:
    """Create the tables that are not there yet."""
    open_warehouse(settings()).ensure_tables()
    out.print("The tables are there.")


def bootstrap() -> None:
    """Prepare a Redshift database, once: its loader, the readers' group, the tables; as the cluster's administrator."""
    open_warehouse(settings()).bootstrap()
    out.print("The loader, the group of readers and the tables are there.")


def reset(
    confirm: Annotated[str | None, typer.Option(help="The word reset, for scripts.")] = None,
) -> None:
    """Drop every table with all it holds, and create them empty."""
    warehouse = open_warehouse(settings())
    if confirm is None:
        confirm = typer.prompt(
            f"This empties the warehouse {warehouse.url}. Type reset to go on", default="", show_default=False
        )
    if confirm != "reset":
        raise CommandError("not confirmed; nothing was changed")
    warehouse.drop_tables()
    warehouse.ensure_tables()
    forget_all(settings())  # else the sensors would hold everything to be loaded still
    out.print("The tables are there, and empty.")
