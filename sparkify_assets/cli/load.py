"""`sparkify load` and `sparkify release`.

Belongs here: what a load is asked for, and how its outcome is reported. Does not: carrying it out (`run`).
"""

from __future__ import annotations

import time
from collections.abc import Container, Sequence
from contextlib import suppress
from typing import Annotated, Any

import psycopg2
import typer

from sparkify_assets.cli import completion
from sparkify_assets.cli.completion import AcceptDeletions, Days, Songs
from sparkify_assets.cli.console import (
    CommandError,
    Format,
    OutputFormat,
    err,
    loader_in_force,
    print_blocked,
    print_changes,
    print_found,
    print_not_data,
    print_shrunk,
    print_warnings,
    progress,
    say,
)
from sparkify_assets.errors import Interrupted
from sparkify_assets.inspection.findings import by_check
from sparkify_assets.inspection.status import reasons
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import WHY_INSEPARABLE, LoadPlan
from sparkify_assets.load.results import Changes, PartitionResult
from sparkify_assets.load.selection import Selection
from sparkify_assets.model.datasets import DATASETS, Partition, counted, is_partition_key, left_out, named
from sparkify_assets.report.formats import size
from sparkify_assets.run import LoadReport, run_load
from sparkify_assets.warehouse.errors import WarehouseError

#: How long the reason of a release may be, in bytes, by sql/ddl/ledger.sql.
MAX_REASON = 4096


def load(
    days: Days = "",
    songs: Songs = "",
    full: Annotated[bool, typer.Option("--full", help="Also load what has not changed.")] = False,
    republish: Annotated[
        bool, typer.Option("--republish", help="Rebuild the star from staging with the current SQL.")
    ] = False,
    accept_deletions: AcceptDeletions = False,
    output: OutputFormat = "table",
) -> None:
    """Load what is new or changed in the source."""
    if republish and (days or songs or full or accept_deletions):
        raise CommandError("--republish rebuilds everything, and takes no other choice")
    loader = loader_in_force()
    if republish:
        _republish(loader, output)
        return
    report, summary = load_source(loader, days, songs, full, accept_deletions, output)
    if summary["errors"]:
        raise CommandError(summary["errors"][0])
    if summary["blocked"] or summary["inseparable"] or not report.succeeded:
        raise typer.Exit(1)


def _republish(loader: Loader, output: Format) -> None:
    def print_rebuilt(changes: dict[str, Changes]) -> None:
        say(f"Rebuilt from staging in {time.perf_counter() - started:.1f} s.")
        print_changes(changes)

    started = time.perf_counter()
    loader.warehouse.ensure_tables()
    with err.status("rebuilding the star from staging"):
        rebuilt = loader.publisher.republish()
    print_found(rebuilt, output, print_rebuilt)


def load_source(
    loader: Loader,
    days: str = "",
    songs: str = "",
    full: bool = False,
    accept_deletions: bool = False,
    output: Format = "table",
) -> tuple[LoadReport, dict[str, Any]]:
    """Load what the options of `sparkify load` ask for, and print and return what became of it.

    Raises SelectionError for a day or prefix that does not exist, WrongSource, DeletionsRefused, and Interrupted.
    """
    started = time.perf_counter()
    plan, chosen = Selection(days, songs, full).planned(loader, accept_deletions=accept_deletions)
    listed = time.perf_counter()
    with progress(loader, quiet=output == "json") as watched:
        report = run_load(watched, plan, chosen, reload=full, accept_deletions=accept_deletions)
    if report.interrupted and report.succeeded:
        raise Interrupted(f"all {len(chosen):,} days and prefixes of songs had been loaded by then")
    if report.interrupted:
        whole = [item for item in report.done.partitions if item.state != "blocked"]
        raise Interrupted(
            f"{len(whole):,} of {len(chosen):,} days and prefixes of songs were loaded, each as a whole, and the others"
            f" are as before; `sparkify load{' --full' if full else ''}` loads the rest"
        )
    summary = _summary(loader, plan, chosen, report, started, listed)
    expected = loader.settings.expected_warnings
    print_found(summary, output, lambda found: _print_summary(found, expected))
    return report, summary


def _summary(
    loader: Loader,
    plan: LoadPlan,
    chosen: Sequence[Partition],
    report: LoadReport,
    started: float,
    listed: float,
) -> dict[str, Any]:
    """What a load did, as data: how much it read, and how much of that is `loaded`, which leaves out what is blocked.
    `errors` say why something is neither loaded nor blocked; `failed` names what was tried of that, and `not_tried` the
    rest.
    """
    done, found = report.done, plan.difference
    failed = [item for item in report.not_loaded if not item.blocked]
    errors = [item.cause for item in failed] + list(report.errors)
    total = time.perf_counter() - started
    work = {"list": listed - started, "stage": done.stage_seconds, "publish": done.publish_seconds}
    tried = {item.partition for item in done.partitions} | {p for item in failed for p in item.partitions}
    blocked = {item.partition for item in done.partitions if item.state == "blocked"} | {*plan.blocked()}
    why: dict[Partition, str] = {}
    shrunk: list[dict[str, Any]] = []
    with suppress(WarehouseError, psycopg2.Error), loader.warehouse.transaction(lock=False) as look:
        # If it is unavailable by now, the errors say so.
        why, shrunk = reasons(look), look.records("ledger/shrunk")
    return {
        **_counts(done.partitions),
        "loaded": _counts([item for item in done.partitions if item.state != "blocked"]),
        "tables": done.changes,
        "blocked": sorted(map(str, blocked | why.keys())),
        "waiting": _waiting(plan, chosen),
        "shrunk": [row for row in shrunk if Partition(row["dataset"], row["partition_key"]) in tried],
        "blocked_by": {str(partition): text for partition, text in sorted(why.items())},
        "failed": sorted(str(partition) for item in failed for partition in item.partitions),
        "not_tried": [str(partition) for partition in chosen if errors and partition not in tried],
        "errors": errors,
        "outside": plan.outside,
        "inseparable": [str(partition) for partition in plan.inseparable],
        "unrecognised": sorted(found.unrecognised),
        "hidden": found.hidden,
        "layout": list(plan.layout),
        "warnings": by_check(done.warnings),
        "runs": [report.run_id] if report.run_id else [],
        "seconds": {
            **{name: round(value, 3) for name, value in work.items()},
            "dagster": round(total - sum(work.values()), 3),
            "total": round(total, 3),
        },
    }


def _waiting(plan: LoadPlan, chosen: Sequence[Partition]) -> list[str]:
    """What is new or changed and was not asked for."""
    return [str(p) for dataset in DATASETS for p in plan.pending(dataset) if p not in chosen]


def _counts(items: Sequence[PartitionResult]) -> dict[str, int]:
    """How much was read of these partitions."""
    return {
        "partitions": len(items),
        "files": sum(item.objects for item in items),
        "bytes": sum(item.bytes for item in items),
        "records_read": sum(item.records_read for item in items),
        "rows_staged": sum(item.rows_staged for item in items),
        "rows_quarantined": sum(item.rows_quarantined for item in items),
    }


def _print_summary(summary: dict[str, Any], expected: Container[str]) -> None:
    seconds = summary["seconds"]["total"]
    loaded = summary["loaded"]
    if loaded["partitions"]:
        say(
            f"{'Not all: loaded' if summary['errors'] else 'Loaded'} {counted(loaded['files'], 'file')}"
            f" ({size(loaded['bytes'])}) of {counted(loaded['partitions'], 'partition')} in {seconds:.1f} s:"
            f" {counted(loaded['records_read'], 'record')} read,"
            f" {loaded['rows_staged']:,} staged, {loaded['rows_quarantined']:,} rejected."
        )
        print_changes(summary["tables"])
    else:
        nothing = summary["errors"] or summary["blocked"] or summary["waiting"]
        say(f"{'Nothing was loaded' if nothing else 'Nothing new in the source'} ({seconds:.1f} s).")
    print_blocked({name: summary["blocked_by"].get(name, "") for name in summary["blocked"]})
    print_shrunk(summary["shrunk"])
    if summary["waiting"]:
        say(f"{named(summary['waiting'])}: `sparkify load` without a choice loads it, too", "not asked for")
    print_warnings([found for found in summary["warnings"] if found.check not in expected])
    print_not_data(summary["unrecognised"], summary["hidden"], summary["layout"])
    for line in left_out(summary["outside"]):
        say(line, "outside")
    for name in summary["inseparable"]:
        say(f"{name}: {WHY_INSEPARABLE}", "not loaded", "red")
    for line in summary["errors"][1:]:
        say(line, "failed", "red")
    if summary["not_tried"]:
        say(named(summary["not_tried"]), "not tried, for the error below")


def release(
    partition: Annotated[
        str,
        typer.Argument(
            metavar="DAY",
            help="A blocked day, or a blocked prefix of songs.",
            autocompletion=completion.blocked,
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the ledger.")],
) -> None:
    """Publish a blocked day as it is, whatever its checks say."""
    if not any(map(str.isalnum, reason)):  # "…", as it is printed, is none
        raise CommandError("--reason: say why, for those who come after you")
    if not reason.isprintable() or len(reason.encode()) > MAX_REASON:
        raise CommandError(f"--reason takes one line of at most {MAX_REASON:,} bytes")
    key = partition.removeprefix("songs ").upper()  # as it is printed
    if not is_partition_key(key):
        raise CommandError(
            f"{partition} is neither one day, such as 2018-11-12, nor a prefix of songs, such as AB"
        )
    chosen = Partition("events" if "-" in key else "songs", key)
    loader = loader_in_force()
    result = loader.publisher.release(chosen, reason)
    for item in result.partitions:
        say(
            f"{item.partition} is {item.state}: {item.rows_staged:,} rows staged, {item.rows_quarantined:,} rejected."
        )
    print_warnings(by_check(result.warnings, loader.settings.expected_warnings))
