"""Commands that inspect the source and the warehouse, and change nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from sparkify_assets.cli import completion
from sparkify_assets.cli.console import (
    CommandError,
    OutputFormat,
    OutputRowFormat,
    err,
    loader_that_reads,
    print_found,
    print_json,
    progress,
    say,
    settings_of_what_is_there,
)
from sparkify_assets.cli.rows import print_rows
from sparkify_assets.inspection import checksum, provenance
from sparkify_assets.inspection.reconcile import Finding
from sparkify_assets.inspection.reconcile import reconcile as compare_all
from sparkify_assets.model.datasets import DATASETS, counted, is_partition_key
from sparkify_assets.report.formats import size
from sparkify_assets.source.urls import open_source
from sparkify_assets.warehouse.connection import open_warehouse

#: How many objects of a load `why` names before it counts the rest.
MAX_OBJECTS = 5

#: How many characters of a record `rejects` prints, enough to recognise it.
MAX_CHARACTERS = 300


def reconcile(
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every object again and compare every row.")
    ] = False,
    output: OutputFormat = "table",
) -> None:
    """Name every difference between source and warehouse; exit code 1 if there is one. What the source holds besides
    data is named, and is no difference.
    """
    with progress(loader_that_reads(), quiet=output == "json") as watched:
        findings = compare_all(watched, deep=deep)
    print_found(findings, output, _print_findings)
    if _differences(findings):
        raise typer.Exit(1)


def _print_findings(findings: list[Finding]) -> None:
    for finding in findings:
        say(str(finding))
    number = _differences(findings)
    say(counted(number, "difference") if number else "Source and warehouse agree.")


def _differences(findings: list[Finding]) -> int:
    return sum(finding.kind != "unrecognised" for finding in findings)


def rejects(
    day: Annotated[
        str | None,
        typer.Option(help="Only of this day or prefix.", metavar="DAY", autocompletion=completion.rejected),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(help="Only of this object.", metavar="KEY", autocompletion=completion.rejected_files),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Print the whole text of a record.")] = False,
    output: OutputRowFormat = "table",
) -> None:
    """List the records in quarantine, with the beginning of their text."""
    if day is not None and not is_partition_key(day):
        raise CommandError(f"{day} is neither a day such as 2018-11-12 nor a prefix such as AA")
    with open_warehouse(settings_of_what_is_there()).reading() as transaction:
        rows = transaction.rows("ledger/quarantined", partition_key=day, object_key=file)
        columns = [column.name for column in transaction.cursor.description or ()]
    if not full:
        rows = [(*others, _cut(text)) for *others, text in rows]
    if output == "table" and not rows:
        of = " and ".join(filter(None, (day, file)))
        say(f"Nothing of {of} is in quarantine." if of else "Nothing is in quarantine.")
    else:
        print_rows(columns, rows, output)


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= MAX_CHARACTERS:
        return text
    return f"{text[:MAX_CHARACTERS]}… ({len(text):,} characters; --full prints them)"


def why(
    play_name: Annotated[
        str,
        typer.Argument(
            metavar="PLAY", help="A songplay_id, or session and item if only one play has them: 818-5."
        ),
    ],
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="With the version and the content of each object, and the rules."
        ),
    ] = False,
    output: OutputFormat = "table",
) -> None:
    """Say where a play comes from: its objects, its run, and how its song was found."""
    chosen = settings_of_what_is_there()
    found = provenance.why(open_warehouse(chosen), play_name, open_source(chosen))
    print_found(found, output, lambda found: _print_why(found, verbose=verbose))


def _print_why(found: dict[str, Any], *, verbose: bool) -> None:
    play = found["play"]
    times = "once" if play["deliveries"] == 1 else f"{play['deliveries']} times"
    say(f"play {play['songplay_id']}: user {play['user_id']} at {play['start_time']} UTC, delivered {times}")
    say(f"song {play['song']} by {play['artist']}: {play['song_id'] or 'not matched'}")
    say(f"rule: {found['match']}")
    for dataset in ("events", "songs"):
        sources = found[dataset]
        holding = [source for source in sources if source.get("line")]
        for source in (holding or sources)[:MAX_OBJECTS]:
            line = f" line {source.get('line')}" if source.get("line") else ""
            content = f", {source['version_token']}, {source['content_hash']}" if verbose else ""
            say(f"{dataset}: {source['object_key']}{line} ({source['size_bytes']:,} bytes{content})")
        if (more := len(holding or sources) - MAX_OBJECTS) > 0:
            say(f"{dataset}: and {more} more objects (all of them with --format json)")
        if sources and not holding:
            where = "the file as it is" if len(sources) == 1 else "any of the files as they are"
            say(f"  not found in {where} now")
        for source in sources[:1]:
            rules = f", rules {source['staging_rules']} and {source['star_rules']}" if verbose else ""
            say(f"  run {source['run_id']}, published {source['published_at']} UTC{rules}")


def report(
    output: Annotated[Path | None, typer.Option(help="Where to write it.", metavar="FILE")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Read all source files first.")] = False,
) -> None:
    """Write a page with all answers, charts, loads and checks, and say where it is."""
    from sparkify_assets.inspection.profile import make_profile
    from sparkify_assets.report.page import report_path, write_report

    chosen = settings_of_what_is_there()
    path = (output or report_path(chosen)).absolute()
    for dataset in DATASETS if profile else ():
        with err.status(f"reading all {dataset}"):
            make_profile(chosen, open_source(chosen), dataset)
    with err.status("drawing"):
        try:
            write_report(open_warehouse(chosen), chosen, path)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
    say(f"{path.as_uri()}  ({size(path.stat().st_size)})")


def digest(output: OutputFormat = "table") -> None:
    """Print one value for everything that the warehouse holds."""
    warehouse = open_warehouse(settings_of_what_is_there())
    warehouse.ensure_tables()
    with err.status("reading every row"):
        found = checksum.digest(warehouse)
    if output == "json":
        print_json({**dataclasses.asdict(found), "blocked": [str(partition) for partition in found.blocked]})
    else:
        say(str(found))
