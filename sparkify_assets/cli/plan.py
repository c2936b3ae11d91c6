"""`sparkify plan`: what the next load would do, written nowhere but on the terminal.

Belongs here: what is printed, and the exit code. Does not: the answer (`inspection.next_load`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer

from sparkify_assets.cli.completion import AcceptDeletions, Days, Songs
from sparkify_assets.cli.console import (
    CommandError,
    OutputFormat,
    loader_that_looks,
    print_blocked,
    print_found,
    print_not_data,
    print_table,
    say,
)
from sparkify_assets.infra.prices import usd_per_hour
from sparkify_assets.inspection.next_load import NextLoad, PlannedPartition, next_load, next_rebuild
from sparkify_assets.load.plan import WHY_INSEPARABLE
from sparkify_assets.load.selection import Selection
from sparkify_assets.model.datasets import counted, left_out, named
from sparkify_assets.settings import without_password

#: The exit code where something is to do, as of `terraform plan -detailed-exitcode`:
#: https://developer.hashicorp.com/terraform/cli/commands/plan
SOMETHING_TO_DO = 2


def plan(
    days: Days = "",
    songs: Songs = "",
    full: Annotated[bool, typer.Option("--full", help="Also what has not changed.")] = False,
    republish: Annotated[
        bool, typer.Option("--republish", help="What `sparkify load --republish` would do.")
    ] = False,
    accept_deletions: AcceptDeletions = False,
    output: OutputFormat = "table",
) -> None:
    """Say what the next load would do, and write nothing; exit code 2 if there is something to do."""
    if republish and (days or songs or full or accept_deletions):
        raise CommandError("--republish rebuilds everything, and takes no other choice")
    loader = loader_that_looks()
    if republish:
        found = next_rebuild(loader, usd_per_hour)
    else:
        asked = Selection(days, songs, full)
        found = next_load(loader, asked, usd_per_hour, accept_deletions=accept_deletions)
    words = _words(days, songs, full, republish, accept_deletions)
    print_found(found, output, lambda found: _print_plan(found, words))
    if found.partitions:
        raise typer.Exit(SOMETHING_TO_DO)


def _words(days: str, songs: str, full: bool, republish: bool, accept_deletions: bool) -> str:
    """What to type for what was planned."""
    flags = {"--full": full, "--republish": republish, "--accept-deletions": accept_deletions}
    values = {"--days": days, "--songs": songs}
    return " ".join(
        ["sparkify load", *(f"{name} {text}" for name, text in values.items() if text)]
        + [name for name, given in flags.items() if given]
    )


def _print_plan(found: NextLoad, words: str) -> None:
    say(f"source {found.source}, warehouse {without_password(found.warehouse)}")
    if found.partitions:
        columns = ("", "", "partitions", "files", "bytes", "records", "")
        print_table(columns, [*_groups(found.partitions), _total(found)])
        say(_effort(found))
    elif found.rebuilds:
        say("The star is as today's rules make it, so a rebuild would change nothing.")
    else:
        say(f"Nothing to load{' but what is blocked' if found.blocked else ''}.")
    print_blocked(found.blocked)
    for name, why in found.kept.items():
        say(f"{name}: {why}", "kept")
    for name in found.inseparable:
        say(f"{name}: {WHY_INSEPARABLE}", "not to be loaded", "red")
    for line in left_out(found.outside):
        say(line, "outside")
    print_not_data(found.unrecognised, found.hidden, found.layout)
    if found.partitions:
        say(f"Nothing was written. To do it: {words}")


Row = tuple[str, str, str, int, int, int | str, str]


def _groups(partitions: Sequence[PlannedPartition]) -> list[Row]:
    """A row for each data set and reason."""

    def group(item: PlannedPartition) -> tuple[bool, str]:
        return item.dataset != "songs", item.because

    return [
        _row(items[0].dataset, because, named(i.partition for i in items), items)
        for (_, because), found in groupby(sorted(partitions, key=group), group)
        if (items := list(found))
    ]


def _total(found: NextLoad) -> Row:
    counts = ((found.days, "day", "days"), (found.prefixes, "prefix", "prefixes"))
    parts = [counted(number, one, many) for number, one, many in counts if number]
    return _row("total", "", " and ".join(parts), found.partitions)


def _row(what: str, because: str, partitions: str, items: Sequence[PlannedPartition]) -> Row:
    counts = [item.records for item in items]
    records: int | str = "unknown" if None in counts else sum(filter(None, counts))
    known = "" if all(item.records_known for item in items) else "estimated"
    return (
        what, because, partitions, sum(item.files for item in items), sum(item.bytes for item in items), records, known
    )  # fmt: skip


def _effort(found: NextLoad) -> str:
    """Time, statements and cost in words."""
    if found.seconds is None:
        said = [
            "time unknown: no load is recorded yet"
            if not found.rebuilds
            else "time unknown: rebuilds are not recorded"
        ]
    else:
        loads = counted(found.from_loads, "load")
        work = f"about {_in_words(found.seconds)} of reading and publishing, judged by {loads}"
        said = [f"{work}, besides the few seconds that a run of Dagster's takes"]
    if found.statements is not None:
        said.append(f"about {found.statements:,} statements")
    if found.usd is not None:
        said.append(f"about {found.usd:.2f} USD ({found.capacity}, {found.usd_per_hour:.2f} an hour)")
    elif found.capacity:
        why = (
            "the time is unknown" if found.usd_per_hour is not None else "its price is not in infra/prices.py"
        )
        said.append(f"cost unknown ({found.capacity}: {why})")
    return "; ".join(said)


def _in_words(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
