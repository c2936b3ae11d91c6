"""Commands that inspect the source and the warehouse, and change nothing."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from sparkify_assets.cli.console import (
    CommandError,
    Format,
    OutputFormat,
    OutputRowFormat,
    RowFormat,
    err,
    loader_in_force,
    out,
    print_json,
    print_not_data,
    print_rows,
    print_warnings,
    progress,
    settings,
)
from sparkify_assets.inspection.checksum import digest as compute_digest
from sparkify_assets.inspection.provenance import why as provenance
from sparkify_assets.inspection.reconcile import reconcile as compare_all
from sparkify_assets.inspection.status import OTHER_RULES, Status
from sparkify_assets.inspection.status import status as compare
from sparkify_assets.model.datasets import DATASETS
from sparkify_assets.source.urls import open_source
from sparkify_assets.warehouse.connection import open_warehouse

#: How many objects of a load `why` names before it counts the rest.
MOST_OBJECTS_SHOWN = 5

#: How much `rejects` shows of a record, enough to recognise it.
MOST_CHARACTERS_SHOWN = 300


def status(output: OutputFormat = Format.table) -> None:
    """Compare the source with what is loaded."""
    found = compare(loader_in_force())
    if output is Format.json:
        print_json(found)
    else:
        _print_status(found)


def _print_status(found: Status) -> None:
    out.print(f"source {escape(found.source)}, warehouse {escape(found.warehouse)}")
    table = Table(
        "", "partition", "state", "objects", "read", "staged", "rejected", "", box=None, pad_edge=False
    )
    for item in found.partitions:
        changes = [
            f"{len(keys)} {word}" for word in ("new", "overwritten", "gone") if (keys := getattr(item, word))
        ]
        why = [f"{check['check']}: {check['violations']} rows" for check in item.blocked_by]
        notes = [OTHER_RULES[name] for name in item.other_rules]
        if item.released:
            notes.append(f"released: {item.released}")
        if item.state == "loaded" and not item.rows_quarantined and not notes and len(found.partitions) > 60:
            continue  # a long list shows only what needs attention
        counts = (item.objects, item.records_read, item.rows_staged, item.rows_quarantined)
        table.add_row(
            item.dataset,
            item.partition,
            item.state,
            *map(str, counts),
            escape("; ".join(changes + why + notes)),
        )
    if table.row_count:
        out.print(table)
    for item in found.partitions:
        for check in item.blocked_by:
            for row in check["sample"]:
                values = ", ".join(
                    f"{name} {value}" for name, value in row.items() if name != "partition_key"
                )
                out.print(f"[yellow]blocked[/] {item.partition} {check['check']}: {escape(values)}")
    states = Counter((item.dataset, item.state) for item in found.partitions)
    out.print(
        ", ".join(f"{number} {dataset} {state}" for (dataset, state), number in sorted(states.items()))
        or "nothing there"
    )
    print_warnings(found.warnings)
    print_not_data(found.unrecognised, found.hidden, found.layout)
    if found.warning:
        out.print(f"[red]{escape(found.warning)}[/]")


def reconcile(
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every object again and compare every row.")
    ] = False,
    output: OutputFormat = Format.table,
) -> None:
    """Name everything in which source and warehouse differ; exit code 1 where there is something."""
    loader = loader_in_force()
    with progress(loader, quiet=output is Format.json) as watched:
        findings = compare_all(watched, deep=deep)
    if output is Format.json:
        print_json(findings)
    else:
        for finding in findings:
            out.print(escape(str(finding)))
        out.print(f"{len(findings)} differences" if findings else "Source and warehouse agree.")
    if findings:
        raise typer.Exit(1)


def rejects(
    day: Annotated[str | None, typer.Option(help="Only of this day or prefix.", metavar="DAY")] = None,
    file: Annotated[str | None, typer.Option(help="Only of this object.", metavar="KEY")] = None,
    full: Annotated[bool, typer.Option("--full", help="Print the text of a record whole.")] = False,
    output: OutputRowFormat = RowFormat.table,
) -> None:
    """List the records in quarantine, with the beginning of what is written there."""
    warehouse = open_warehouse(settings())
    with warehouse.reading() as transaction:
        rows = transaction.rows("ledger/quarantined", partition_key=day, object_key=file)
        columns = [column.name for column in transaction.cursor.description or ()]
    if not full:
        rows = [(*others, _cut(text)) for *others, text in rows]
    print_rows(columns, rows, output)


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= MOST_CHARACTERS_SHOWN:
        return text
    return f"{text[:MOST_CHARACTERS_SHOWN]}… ({len(text):,} characters; --full prints them)"


def why(
    play_name: Annotated[
        str,
        typer.Argument(
            metavar="PLAY", help="A songplay_id, or its session and item where one play has them: 818-5."
        ),
    ],
    output: OutputFormat = Format.table,
) -> None:
    """Say where a play comes from: its objects, its run, its rules, and how its song was found."""
    found = provenance(open_warehouse(settings()), play_name)
    if output is Format.json:
        print_json(found)
        return
    play = found["play"]
    times = "once" if play["deliveries"] == 1 else f"{play['deliveries']} times"
    out.print(
        f"play {play['songplay_id']}: user {play['user_id']} at {play['start_time']} UTC, delivered {times}"
    )
    out.print(
        f"song {escape(str(play['song']))} by {escape(str(play['artist']))}: {play['song_id'] or 'not matched'}"
    )
    out.print(f"rule: {found['match']}")
    for title in ("events", "songs"):
        for source in found[title][:MOST_OBJECTS_SHOWN]:
            out.print(
                f"{title}: {escape(source['object_key'])} ({source['size_bytes']:,} bytes, {source['version_token']},"
                f" {source['content_hash']})"
            )
        if (more := len(found[title]) - MOST_OBJECTS_SHOWN) > 0:
            out.print(f"{title}: and {more} more objects of the same load (all of them with --format json)")
        for source in found[title][:1]:
            out.print(
                f"  run {source['run_id']}, published {source['published_at']} UTC,"
                f" rules {source['staging_rules']} and {source['star_rules']}"
            )


def report(
    output: Annotated[Path | None, typer.Option(help="Where to write it.", metavar="FILE")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Read all source files first.")] = False,
) -> None:
    """Write a page with all answers, pictures, loads and checks, and say where it is."""
    from sparkify_assets.inspection.profile import make_profile
    from sparkify_assets.report.page import report_path, write_report

    chosen = settings()
    path = (output or report_path(chosen)).absolute()
    for dataset in DATASETS if profile else ():
        with err.status(f"reading all {dataset}"):
            make_profile(chosen, open_source(chosen), dataset)
    with err.status("drawing"):
        try:
            size = write_report(open_warehouse(chosen), chosen, path)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
    out.print(f"{path.as_uri()}  ({size / 1e6:.1f} MB)", soft_wrap=True)


def digest(output: OutputFormat = Format.table) -> None:
    """Print one value for all that the warehouse holds."""
    warehouse = open_warehouse(settings())
    warehouse.ensure_tables()
    with err.status("reading every row"):
        found = compute_digest(warehouse)
    if output is Format.json:
        print_json({**dataclasses.asdict(found), "blocked": [str(partition) for partition in found.blocked]})
    else:
        sys.stdout.write(f"{found}\n")
