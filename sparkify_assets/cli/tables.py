"""`sparkify tables …`: the warehouse's tables as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from sparkify_assets.cli.console import (
    CommandError,
    OutputFormat,
    err,
    print_changes,
    print_json,
    say,
    settings,
)
from sparkify_assets.defs.listing_cache import forget_all
from sparkify_assets.inspection.first_contact import first_contact as ask_everything
from sparkify_assets.load.loader import open_loader
from sparkify_assets.source.urls import open_store
from sparkify_assets.warehouse.connection import open_warehouse


def create() -> None:
    """Create the tables that do not exist yet."""
    open_warehouse(settings()).ensure_tables()
    say("The tables exist.")


def upgrade() -> None:
    """Migrate the tables of an earlier edition: staging is kept, and the star is rebuilt from it."""
    publisher = open_loader(settings()).publisher
    with err.status("rebuilding the star from staging"):
        changes = publisher.upgrade()
    if changes is None:
        say("The tables are those of this edition.")
        return
    say("The tables are migrated, and the star was rebuilt from staging.")
    print_changes(changes)


def bootstrap() -> None:
    """Prepare a Redshift database, once: its loader, the readers' group, the tables; as the cluster's administrator."""
    open_warehouse(settings()).bootstrap()
    say("The loader, the group of readers and the tables exist.")


def first_contact(output: OutputFormat = "table") -> None:
    """Ask a cluster whether it behaves as the project expects, and name what differs; exit code 1 if something does."""
    chosen = settings()
    answers = []
    for answer in ask_everything(open_warehouse(chosen), chosen, open_store(chosen.work)):
        answers.append(answer)
        if output == "table":
            say(f"{answer.outcome:<9} {answer.probe}: {answer.question}")
            if answer.outcome == "differs":
                say(f"{'':<9} expected {answer.expected}, seen {answer.seen} ({answer.page})")
    if output == "json":
        print_json(answers)
    if any(answer.outcome == "differs" for answer in answers):
        raise typer.Exit(1)


def reset(
    confirm: Annotated[str | None, typer.Option(help="The word reset, instead of a prompt.")] = None,
) -> None:
    """Drop every table with its data, and create them empty."""
    warehouse = open_warehouse(settings())
    if confirm is None:
        confirm = typer.prompt(
            f"This empties the warehouse {warehouse.url}. Type reset to continue",
            default="",
            show_default=False,
        )
    if confirm != "reset":
        raise CommandError("not confirmed; nothing was changed")
    warehouse.drop_tables()
    warehouse.ensure_tables()
    forget_all(settings())  # otherwise the sensors would take everything as loaded
    say("The tables exist, and are empty.")
