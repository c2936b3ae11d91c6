"""`sparkify tables …`: the warehouse's tables as a whole."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from sparkify_assets.cli.console import (
    CommandError,
    OutputFormat,
    err,
    print_changes,
    print_found,
    print_json,
    print_table,
    say,
    settings,
)
from sparkify_assets.cli.load import load
from sparkify_assets.defs.listing_cache import forget_all
from sparkify_assets.inspection.first_contact import first_contact as ask_everything
from sparkify_assets.load.loader import open_loader
from sparkify_assets.load.migration import Migration, Migrator
from sparkify_assets.source.urls import open_store
from sparkify_assets.warehouse.connection import open_warehouse


def create() -> None:
    """Create the tables that do not exist yet."""
    open_warehouse(settings()).create_tables()
    say("The tables exist.")


def diff(output: OutputFormat = "table") -> None:
    """Compare the tables with sql/ddl, column by column; exit code 2 if they differ."""
    plan = Migrator(open_loader(settings()).publisher).plan()
    print_found(plan, output, _print_differences)
    if plan.differences:
        raise typer.Exit(2)


def _print_differences(plan: Migration) -> None:
    if not plan.differences:
        say("The tables are those of sql/ddl.")
        return
    rows = [(of.table, of.name, of.what, of.declared, of.found) for of in plan.differences]
    print_table(("table", "column or key", "difference", "in sql/ddl", "in the warehouse"), rows)
    say("`sparkify tables migrate --dry-run` says what would be done about each.")


def migrate(
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done; exit code 2 if anything.")
    ] = False,
    read_again: Annotated[
        bool,
        typer.Option("--load/--no-load", help="Read what other rules have staged again, as load --full."),
    ] = True,
) -> None:
    """Bring the tables over to sql/ddl: add, widen, rebuild the star, and read again what has to be."""
    migrator = Migrator(open_loader(settings()).publisher)
    plan = migrator.plan()
    reads = plan.staged_by_other_rules > 0 and read_again
    if not (plan.changes_warehouse or reads or plan.left):
        say("The tables are those of sql/ddl, and what they hold was made by today's rules.")
        return
    _print_plan(plan, reads)
    if dry_run:
        raise typer.Exit(2)
    if plan.changes_warehouse or reads:
        _confirm("migrate", "Type migrate to do this", "migrate" if yes else None)
    if plan.changes_warehouse:
        started = time.perf_counter()
        with err.status("migrating the tables"):
            changes = migrator.carry_out(plan)
        say(f"Migrated in {time.perf_counter() - started:.1f} s.")
        print_changes(changes)
    if reads:
        load(full=True)
    if any(left.difference.stops_loads for left in plan.left):
        raise typer.Exit(2)


def _print_plan(plan: Migration, reads: bool) -> None:
    """What a migration does, a line each, in order; then what it leaves."""
    for step in sorted(plan.steps, key=lambda step: not step.apart):
        say(f"{step.table}: {step.does}", "then" if not step.apart else "first, in a transaction of its own")
    if plan.rebuilds:
        made = f", since other rules made it of {plan.made_by_other_rules:,} days and prefixes"
        say(f"the star is rebuilt from staging{made if plan.made_by_other_rules else ''}", "then")
    if reads:
        staged = (
            f"{plan.staged_by_other_rules:,} days and prefixes were staged by other rules, or lack a column"
        )
        say(f"all files are read again (`sparkify load --full`), since {staged}", "then")
    for left in plan.left:
        say(f"{left.difference}: {left.advice}", "left to you", "red")


def _confirm(word: str, question: str, answer: str | None) -> None:
    """Ask for a word, unless it was given. Raises CommandError if it is another."""
    if answer is None:
        answer = typer.prompt(question, default="", show_default=False)
    if answer != word:
        raise CommandError("not confirmed; nothing was changed")


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
    _confirm("reset", f"This empties the warehouse {warehouse.url}. Type reset to continue", confirm)
    warehouse.drop_tables()
    warehouse.ensure_tables()
    forget_all(settings())  # otherwise the sensors would take everything as loaded
    say("The tables exist, and are empty.")
