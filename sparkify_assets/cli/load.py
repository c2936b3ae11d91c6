"""`sparkify load` and `sparkify release`."""

from __future__ import annotations

import dataclasses
import time
from contextlib import suppress
from datetime import date
from typing import Annotated, Any

import psycopg2
import typer
from rich.markup import escape
from rich.table import Table

from sparkify_assets.cli.console import (
    CommandError,
    Format,
    OutputFormat,
    err,
    loader_in_force,
    out,
    print_json,
    print_not_data,
    print_rebuilt,
    print_warnings,
    progress,
)
from sparkify_assets.inspection.findings import by_check
from sparkify_assets.inspection.status import why_blocked
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import LoadPlan
from sparkify_assets.load.results import Changes, RunResult
from sparkify_assets.model.datasets import Partition, named
from sparkify_assets.run import LoadReport, run_load
from sparkify_assets.source.layout import layout_problems, unrecognised_source
from sparkify_assets.warehouse.errors import WarehouseError


def load(
    days: Annotated[
        str | None, typer.Option(help="Only these days: A..B, or one day.", metavar="A..B")
    ] = None,
    songs: Annotated[
        str | None, typer.Option(help="Only these prefixes, such as AA,AB.", metavar="AA,AB")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Load also what has not changed.")] = False,
    republish: Annotated[
        bool, typer.Option("--republish", help="Rebuild the star from staging, by today's SQL.")
    ] = False,
    accept_deletions: Annotated[
        bool, typer.Option("--accept-deletions", help="Believe a listing that lacks much of what is known.")
    ] = False,
    output: OutputFormat = Format.table,
) -> None:
    """Load what is new or changed in the source."""
    loader = loader_in_force()
    started = time.perf_counter()
    if republish:
        loader.warehouse.ensure_tables()
        with err.status("rebuilding the star from staging"):
            changes = loader.publisher.republish()
        _print_changes(changes, time.perf_counter() - started, output)
        return
    choice = _choose(loader, days, songs, full, accept_deletions)
    listed = time.perf_counter()
    report = None
    if choice.songs or choice.days:
        with progress(loader, quiet=output is Format.json) as watched:
            report = run_load(
                watched,
                choice.plan,
                songs=choice.songs,
                days=choice.days,
                reload=full,
                accept_deletions=accept_deletions,
            )
    told = _report(loader, choice, report, started, listed)
    if output is Format.json:
        print_json(told)
    else:
        _print_report(told)
    if told["errors"]:
        raise CommandError(told["errors"][0])
    if told["blocked"] or told["inseparable"] or (report and not report.succeeded):
        raise typer.Exit(1)


@dataclasses.dataclass(frozen=True)
class _Choice:
    """The prefixes and days of a plan that a command asks for."""

    plan: LoadPlan
    songs: list[str]
    days: list[str]


def _choose(
    loader: Loader, days: str | None, songs: str | None, full: bool, accept_deletions: bool
) -> _Choice:
    """Choose which prefixes and days to load. Raises CommandError for a day or prefix that does not exist, and for a
    source in which nothing is recognised.
    """
    wanted_days = _day_range(days) if days else None
    wanted_songs = _prefixes(songs) if songs else None
    plan = loader.plan()
    plan.guard_deletions(accept_deletions)
    if problem := unrecognised_source(plan.difference, loader.source.url):
        raise CommandError(problem)
    there = {*plan.difference.listed, *plan.known}
    if wanted_days and not any(
        p.dataset == "events" and wanted_days[0] <= p.key <= wanted_days[1] for p in there
    ):
        raise CommandError(f"there are no events of {days} in {loader.source.url}")
    for prefix in wanted_songs or ():
        if Partition("songs", prefix) not in there:
            raise CommandError(f"there are no songs {prefix} in {loader.source.url}")
    prefixes = [] if days and not songs else plan.chosen("songs", wanted_songs, reload=full)
    all_days = [] if songs and not days else plan.chosen("events", reload=full)
    return _Choice(
        plan,
        songs=[p.key for p in prefixes],
        days=[p.key for p in all_days if not wanted_days or wanted_days[0] <= p.key <= wanted_days[1]],
    )


def _day_range(text: str) -> tuple[str, str]:
    first, dots, last = text.partition("..")
    try:
        bounds = date.fromisoformat(first), date.fromisoformat(last if dots else first)
    except ValueError:
        raise CommandError(f"--days {text}: takes 2018-11-01..2018-11-30, or one day") from None
    if bounds[0] > bounds[1]:
        raise CommandError(f"--days {text}: the first day is after the last")
    return bounds[0].isoformat(), bounds[1].isoformat()


def _prefixes(text: str) -> list[str]:
    prefixes = [part.strip().upper() for part in text.split(",")]
    for prefix in prefixes:
        if len(prefix) != 2 or not prefix.isalnum():
            raise CommandError(f"--songs {text}: takes prefixes of two letters, such as AA,AB")
    return prefixes


def _report(
    loader: Loader, choice: _Choice, report: LoadReport | None, started: float, listed: float
) -> dict[str, Any]:
    """What a load did, as data. `errors` say why something is neither loaded nor blocked; `failed` names what was tried
    of that, and `not_tried` the rest.
    """
    plan, found = choice.plan, choice.plan.difference
    done = report.done if report else RunResult()
    failed = [item for item in (report.not_loaded if report else ()) if not item.blocked]
    errors = [item.cause for item in failed] + list(report.errors if report else ())
    total = time.perf_counter() - started
    work = {"list": listed - started, "stage": done.stage_seconds, "publish": done.publish_seconds}
    tried = {item.partition for item in done.partitions} | {p for item in failed for p in item.partitions}
    planned = [Partition("songs", key) for key in choice.songs] + [
        Partition("events", day) for day in choice.days
    ]
    blocked = {str(item.partition) for item in done.partitions if item.state == "blocked"}
    blocked |= {str(partition) for partition in plan.blocked()}
    reasons: dict[Partition, str] = {}
    with suppress(WarehouseError, psycopg2.Error):  # where it is unavailable by now, the errors say so
        reasons = why_blocked(loader.warehouse) if blocked else {}
    return {
        "partitions": len(done.partitions),
        "files": sum(item.objects for item in done.partitions),
        "bytes": sum(item.bytes for item in done.partitions),
        "records_read": sum(item.records_read for item in done.partitions),
        "rows_staged": sum(item.rows_staged for item in done.partitions),
        "rows_quarantined": sum(item.rows_quarantined for item in done.partitions),
        "tables": {name: dataclasses.asdict(changes) for name, changes in done.changes.items()},
        "blocked": sorted(blocked),
        "blocked_by": {str(partition): why for partition, why in sorted(reasons.items())},
        "failed": sorted(str(partition) for item in failed for partition in item.partitions),
        "not_tried": [str(partition) for partition in planned if partition not in tried] if errors else [],
        "errors": errors,
        "outside": list(plan.outside),
        "inseparable": [str(partition) for partition in plan.inseparable],
        "unrecognised": sorted(found.unrecognised),
        "hidden": found.hidden,
        "layout": layout_problems(found, loader.source.url),
        "warnings": by_check(done.warnings),
        "runs": [report.run_id] if report else [],
        "seconds": {
            **{name: round(value, 3) for name, value in work.items()},
            "dagster": round(total - sum(work.values()), 3),
            "total": round(total, 3),
        },
    }


def _print_report(report: dict[str, Any]) -> None:
    seconds = report["seconds"]["total"]
    if not report["partitions"]:
        nothing = "Nothing was loaded" if report["errors"] else "Nothing new in the source"
        out.print(f"{nothing} ({seconds:.1f} s).")
    else:
        done = "Loaded" if report["tables"] else "Read"  # blocked partitions were only read
        done = f"Not all: {done.lower()}" if report["errors"] else done
        out.print(
            f"{done} {report['files']:,} files ({report['bytes'] / 1e6:,.1f} MB) of {report['partitions']:,} partitions"
            f" in {seconds:.1f} s: {report['records_read']:,} records read, {report['rows_staged']:,} staged,"
            f" {report['rows_quarantined']:,} rejected."
        )
        _print_tables(report["tables"])
    print_warnings(report["warnings"])
    print_not_data(report["unrecognised"], report["hidden"], report["layout"])
    for day in report["outside"]:
        out.print(f"[yellow]outside the days of the settings[/] {day}")
    for name in report["inseparable"]:
        out.print(
            f"[red]not loaded[/] {name}: an object was overwritten while another, gone from the source, is kept"
        )
    for name in report["blocked"]:
        out.print(f"[red]blocked[/] {name} {escape(report['blocked_by'].get(name, ''))}", soft_wrap=True)
    for line in report["errors"][1:]:
        out.print(f"[red]failed[/] {escape(line)}", soft_wrap=True)
    if report["not_tried"]:
        out.print(f"[yellow]not tried, for the error below[/] {named(report['not_tried'])}", soft_wrap=True)


def _print_tables(tables: dict[str, dict[str, int]]) -> None:
    if not tables:
        return
    shown = Table("table", "inserted", "updated", "deleted", box=None, pad_edge=False)
    for column in shown.columns[1:]:
        column.justify = "right"
    for name, changes in tables.items():
        shown.add_row(name, *(f"{changes[kind]:,}" for kind in ("inserted", "updated", "deleted")))
    out.print(shown)


def _print_changes(changes: dict[str, Changes], seconds: float, output: Format) -> None:
    if output is Format.json:
        print_json(changes)
        return
    out.print(f"Rebuilt from staging in {seconds:.1f} s.")
    print_rebuilt(changes)


def release(
    partition: Annotated[
        str, typer.Argument(metavar="DAY", help="A blocked day, or a blocked prefix of songs.")
    ],
    reason: Annotated[str, typer.Option(help="Why; it is kept in the ledger.")],
) -> None:
    """Publish a blocked day as it is, whatever its checks say."""
    if not reason.strip():
        raise CommandError("--reason: say why, for those who come after you")
    chosen = Partition("events" if "-" in partition else "songs", partition)
    result = loader_in_force().publisher.release(chosen, reason)
    for item in result.partitions:
        out.print(
            f"{item.partition} is {item.state}: {item.rows_staged:,} rows staged, {item.rows_quarantined:,} rejected."
        )
    print_warnings(by_check(result.warnings))
