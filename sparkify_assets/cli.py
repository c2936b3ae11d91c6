"""The command line, `sparkify`: what people type. Every error they can cause is one clear line and exit code 1.

Belongs here: reading arguments, showing results. Does not: anything that a Dagster run or a test would need too.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import psycopg2
import typer
from dotenv import load_dotenv
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sparkify_assets import dev_server
from sparkify_assets.automation.memory import forget_all
from sparkify_assets.batches import Changes
from sparkify_assets.digest import digest as compute_digest
from sparkify_assets.infra_cli import app as infra_app
from sparkify_assets.infrastructure import InfrastructureError
from sparkify_assets.lifecycle import LifeCycle, LifeCycleError
from sparkify_assets.loading import DeletionsRefused, Loader, open_loader
from sparkify_assets.partitions import DATASETS, Dataset, Partition
from sparkify_assets.publishing import NotBlocked, RulesRefused, SourceChanged
from sparkify_assets.reconcile import reconcile as compare_all
from sparkify_assets.resources import embedded
from sparkify_assets.resources.landing_zone import SourceError, open_source
from sparkify_assets.resources.redshift import LockTimeout, Warehouse, WarehouseError, open_warehouse
from sparkify_assets.runs import prepare_home, run_load
from sparkify_assets.settings import Settings, SettingsError, path_of
from sparkify_assets.status import Status
from sparkify_assets.status import status as compare
from sparkify_assets.why import NoSuchPlay
from sparkify_assets.why import why as provenance

app = typer.Typer(
    no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help="Sparkify's warehouse."
)
tables_app = typer.Typer(no_args_is_help=True, help="The warehouse's tables.")
app.add_typer(tables_app, name="tables")
app.add_typer(infra_app, name="infra")

out = Console(width=None if sys.stdout.isatty() else 240)
err = Console(stderr=True)

#: How many objects of a load `why` names before it counts the rest.
MOST_OBJECTS_SHOWN = 5


class Format(StrEnum):
    """How a command prints."""

    table = "table"
    json = "json"


class RowFormat(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


class AfterFailure(StrEnum):
    """What becomes of a cluster whose life went wrong."""

    destroy = "destroy"
    pause = "pause"
    keep = "keep"


class CommandError(RuntimeError):
    """Something that the user can put right; its text is the one line shown."""


def settings() -> Settings:
    """The settings in force, with the home made ready."""
    chosen = Settings.from_environment()
    try:
        chosen.home.mkdir(parents=True, exist_ok=True)
        prepare_home(chosen)
    except OSError as error:
        raise CommandError(f"home {chosen.home}: {error.strerror}") from None
    return chosen


def loader_in_force() -> Loader:
    """The loader between the source and the warehouse in force."""
    chosen = settings()
    if chosen.source.startswith("file:") and not path_of(chosen.source).is_dir():
        hint = (
            "; make a sample with `sparkify sample`, or set SPARKIFY_SOURCE"
            if chosen.sample == path_of(chosen.source)
            else ""
        )
        raise CommandError(f"source folder {path_of(chosen.source)} does not exist{hint}")
    return open_loader(chosen)


# ---------------------------------------------------------------------- load


@app.command()
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
    output: Annotated[Format, typer.Option("--format", help="How to print what was done.")] = Format.table,
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
    plan = _plan(loader, days, songs, full, accept_deletions)
    listed = time.perf_counter()
    runs: list[str] = []
    succeeded = True
    if plan.songs or plan.days:
        with _progress(loader, quiet=output is Format.json):
            run_id, succeeded = run_load(
                loader,
                songs=bool(plan.songs),
                prefixes=plan.songs if songs else (),
                days=(plan.days[0], plan.days[-1]) if plan.days else None,
                only_changed=not full,
                accept_deletions=accept_deletions,
            )
        runs.append(run_id)
    report = _report(loader, plan, runs, started, listed)
    if output is Format.json:
        out.print_json(json.dumps(report))
    else:
        _print_report(report)
    stopped = [
        error
        for error in loader.errors
        if not error.startswith("dagster._core.definitions.events.Failure: blocked")
    ]
    if stopped:
        raise CommandError("; ".join(" ".join(error.split()) for error in stopped))
    if report["blocked"] or report["inseparable"] or not succeeded:
        raise typer.Exit(1)


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What a load has to do, and what it leaves alone and says so."""

    songs: list[str]
    days: list[str]
    outside: list[str]
    inseparable: list[str]
    blocked: list[str]
    unrecognised: list[str]


def _plan(loader: Loader, days: str | None, songs: str | None, full: bool, accept_deletions: bool) -> _Plan:
    """Which prefixes and days to load. Raises CommandError for a day or prefix that there cannot be."""
    wanted_days = _day_range(days) if days else None
    wanted_songs = _prefixes(songs) if songs else None
    survey = loader.survey()
    survey.guard_deletions(accept_deletions)

    def chosen(dataset: Dataset, given: Callable[[str], bool] | None, other_given: bool) -> list[str]:
        if given is None and other_given:
            return []
        keys = {p.key for p in survey.pending(dataset)}
        if full:
            keys |= {p.key for p in survey.difference.listed if p.dataset == dataset} - set(survey.outside)
        return sorted(key for key in keys if given is None or given(key))

    plan = _Plan(
        songs=chosen("songs", (lambda key: key in wanted_songs) if wanted_songs else None, days is not None),
        days=chosen(
            "events", wanted_days and (lambda key: wanted_days[0] <= key <= wanted_days[1]), songs is not None
        ),
        outside=list(survey.outside),
        inseparable=[str(p) for p in survey.inseparable],
        blocked=[str(p) for p in survey.blocked()],
        unrecognised=sorted(survey.difference.unrecognised),
    )
    there = {*survey.difference.listed, *survey.known}
    if wanted_days and not any(
        p.dataset == "events" and wanted_days[0] <= p.key <= wanted_days[1] for p in there
    ):
        raise CommandError(f"there are no events of {days} in {loader.source.url}")
    for prefix in wanted_songs or ():
        if Partition("songs", prefix) not in there:
            raise CommandError(f"there are no songs {prefix} in {loader.source.url}")
    return plan


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


@contextmanager
def _progress(loader: Loader, quiet: bool) -> Iterator[None]:
    """A bar for each data set while a load runs; nothing where nobody looks."""
    if quiet or not err.is_terminal:
        yield
        return
    bar = Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
    tasks: dict[tuple[str, str], Any] = {}
    words = {"incoming": "reading", "publish": "publishing"}

    def show(phase: str, dataset: Dataset, done: int, total: int) -> None:
        if (phase, dataset) not in tasks:
            tasks[phase, dataset] = bar.add_task(f"{words[phase]} {dataset}", total=total)
        bar.update(tasks[phase, dataset], completed=done, total=total)

    loader.progress = show
    with bar:
        yield


def _report(loader: Loader, plan: _Plan, runs: list[str], started: float, listed: float) -> dict[str, Any]:
    """What a load did, as data."""
    items = [item for result in loader.results for item in result.partitions]
    tables: dict[str, Changes] = {}
    seconds: Counter[str] = Counter()
    for result in loader.results:
        seconds.update(result.seconds)
        for table, changes in result.changes.items():
            tables[table] = tables.get(table, Changes()) + changes
    total = time.perf_counter() - started
    work = {"list": listed - started, "stage": seconds["incoming"], "publish": seconds["publish"]}
    return {
        "partitions": len(items),
        "files": sum(item.objects for item in items),
        "bytes": sum(item.bytes for item in items),
        "records_read": sum(item.records_read for item in items),
        "rows_staged": sum(item.rows_staged for item in items),
        "rows_quarantined": sum(item.rows_quarantined for item in items),
        "tables": {name: dataclasses.asdict(changes) for name, changes in tables.items()},
        "blocked": sorted(
            {str(item.partition) for item in items if item.state == "blocked"} | set(plan.blocked)
        ),
        "outside": plan.outside,
        "inseparable": plan.inseparable,
        "unrecognised": plan.unrecognised,
        "runs": runs,
        "seconds": {
            **{name: round(value, 3) for name, value in work.items()},
            "dagster": round(total - sum(work.values()), 3),
            "total": round(total, 3),
        },
    }


def _print_report(report: dict[str, Any]) -> None:
    seconds = report["seconds"]["total"]
    if not report["partitions"]:
        out.print(f"Nothing new in the source ({seconds:.1f} s).")
    else:
        out.print(
            f"Loaded {report['files']:,} files ({report['bytes'] / 1e6:,.1f} MB) of {report['partitions']:,} partitions"
            f" in {seconds:.1f} s: {report['records_read']:,} records read, {report['rows_staged']:,} staged,"
            f" {report['rows_quarantined']:,} rejected."
        )
        table = Table("table", "inserted", "updated", "deleted", box=None, pad_edge=False)
        for column in table.columns[1:]:
            column.justify = "right"
        for name, changes in report["tables"].items():
            table.add_row(name, *(f"{changes[kind]:,}" for kind in ("inserted", "updated", "deleted")))
        out.print(table)
    for name in report["unrecognised"]:
        out.print(f"[yellow]unrecognised[/] {escape(name)}")
    for day in report["outside"]:
        out.print(f"[yellow]outside the days of the settings[/] {day}")
    for name in report["inseparable"]:
        out.print(
            f"[red]not loaded[/] {name}: an object was overwritten while another, gone from the source, is kept"
        )
    for name in report["blocked"]:
        out.print(f"[red]blocked[/] {name} (see `sparkify status`)")


def _print_changes(changes: dict[str, Changes], seconds: float, output: Format) -> None:
    if output is Format.json:
        out.print_json(json.dumps({name: dataclasses.asdict(value) for name, value in changes.items()}))
        return
    out.print(f"Rebuilt from staging in {seconds:.1f} s.")
    for name, value in changes.items():
        out.print(f"{name:<10} {value.inserted:>12,} rows")


# ---------------------------------------------------------------------- look


@app.command()
def query(
    text: Annotated[str, typer.Argument(metavar="SQL", help="A statement in Redshift's SQL.")],
    output: Annotated[RowFormat, typer.Option("--format", help="How to print the rows.")] = RowFormat.table,
    write: Annotated[bool, typer.Option("--write", help="Let the statement change something.")] = False,
) -> None:
    """Ask the warehouse."""
    connection = open_warehouse(settings()).connect(read_only=not write)
    try:
        with connection.cursor() as cursor:
            cursor.execute(text)
            rows = cursor.fetchall() if cursor.description else []
            columns = [column.name for column in cursor.description or ()]
        connection.commit()
    finally:
        connection.close()
    _print_rows(columns, rows, output)


def _print_rows(columns: list[str], rows: list[tuple[Any, ...]], output: RowFormat) -> None:
    if output is RowFormat.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    elif output is RowFormat.json:
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        sys.stdout.write(json.dumps(named, default=str, ensure_ascii=False) + "\n")
    elif columns:
        table = Table(*map(escape, columns), box=None, pad_edge=False)
        for row in rows:
            table.add_row(*("" if value is None else escape(str(value)) for value in row))
        out.print(table)


@app.command()
def psql() -> None:
    """Print the connection string, for psql and others: psql "$(sparkify psql)"."""
    warehouse = open_warehouse(settings())
    connection = warehouse.connect()
    sys.stdout.write(connection.dsn + "\n")
    connection.close()


@app.command()
def status(output: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table) -> None:
    """Compare the source with what is loaded."""
    found = compare(loader_in_force())
    if output is Format.json:
        sys.stdout.write(json.dumps(dataclasses.asdict(found), default=str, ensure_ascii=False) + "\n")
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
        notes = ["loaded by other rules"] * item.other_rules + [f"released: {item.released}"] * bool(
            item.released
        )
        if item.state == "loaded" and not item.rows_quarantined and not notes and len(found.partitions) > 60:
            continue  # a long list shows what asks for attention
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
    for name in found.unrecognised:
        out.print(f"[yellow]unrecognised[/] {escape(name)}")
    if found.warning:
        out.print(f"[red]{escape(found.warning)}[/]")


@app.command()
def reconcile(
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every object again and compare every row.")
    ] = False,
    output: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
) -> None:
    """Name everything in which source and warehouse differ; exit code 1 where there is something."""
    loader = loader_in_force()
    with _progress(loader, quiet=output is Format.json):
        findings = compare_all(loader, deep=deep)
    if output is Format.json:
        sys.stdout.write(
            json.dumps([dataclasses.asdict(item) for item in findings], ensure_ascii=False) + "\n"
        )
    else:
        for finding in findings:
            out.print(escape(str(finding)))
        out.print(f"{len(findings)} differences" if findings else "Source and warehouse agree.")
    if findings:
        raise typer.Exit(1)


@app.command()
def rejects(
    day: Annotated[str | None, typer.Option(help="Only of this day or prefix.", metavar="DAY")] = None,
    file: Annotated[str | None, typer.Option(help="Only of this object.", metavar="KEY")] = None,
    output: Annotated[RowFormat, typer.Option("--format", help="How to print the rows.")] = RowFormat.table,
) -> None:
    """List the records in quarantine, with what is written there."""
    warehouse = open_warehouse(settings())
    with warehouse.reading() as transaction:
        rows = transaction.rows("ledger/quarantined", partition_key=day, object_key=file)
        columns = [column.name for column in transaction.cursor.description or ()]
    _print_rows(columns, rows, output)


@app.command()
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


@app.command()
def why(
    songplay_id: Annotated[str, typer.Argument(metavar="SONGPLAY_ID")],
    output: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
) -> None:
    """Say where a play comes from: its objects, its run, its rules, and how its song was found."""
    found = provenance(open_warehouse(settings()), songplay_id)
    if output is Format.json:
        sys.stdout.write(json.dumps(found, default=str, ensure_ascii=False) + "\n")
        return
    play = found["play"]
    times = "once" if play["deliveries"] == 1 else f"{play['deliveries']} times"
    out.print(f"play {songplay_id}: user {play['user_id']} at {play['start_time']} UTC, delivered {times}")
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
                f"  run {source['run_id']}, published {source['published_at']} UTC, rules {source['sql_hash']}"
            )


@app.command()
def report(
    output: Annotated[Path | None, typer.Option(help="Where to write it.", metavar="FILE")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Read all source files first.")] = False,
) -> None:
    """Write a page with all answers, pictures, loads and checks, and say where it is."""
    from sparkify_assets.profile import make_profile
    from sparkify_assets.report import report_path, write_report

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


@app.command()
def digest(output: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table) -> None:
    """Print one value for all that the warehouse holds."""
    warehouse = open_warehouse(settings())
    warehouse.ensure_tables()
    with err.status("reading every row"):
        found = compute_digest(warehouse)
    if output is Format.json:
        blocked = [str(partition) for partition in found.blocked]
        sys.stdout.write(json.dumps({**dataclasses.asdict(found), "blocked": blocked}) + "\n")
    else:
        sys.stdout.write(f"{found}\n")


# ---------------------------------------------------------------------- make


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Where to write.")],
    events: Annotated[int, typer.Option(min=1, help="How many events.")] = 10_000,
    songs: Annotated[int, typer.Option(min=0, help="How many songs.")] = 500,
    days: Annotated[int, typer.Option(min=1, help="Over how many days.")] = 30,
    seed: Annotated[int, typer.Option(help="Another seed, other data; the same seed, the same bytes.")] = 1,
) -> None:
    """Write sample data in the exact formats of the source."""
    from sparkify_assets.sample import write_sample

    with err.status(f"writing {events:,} events and {songs:,} songs"):
        try:
            made = write_sample(folder, events=events, songs=songs, days=days, seed=seed)
        except OSError as error:
            raise CommandError(str(error.strerror or error)) from None
    out.print(
        f"{made.events:,} events of {made.first_day} to {made.last_day} and {made.songs:,} songs"
        f" in {escape(str(folder))}"
    )


@tables_app.command("create")
def tables_create() -> None:
    """Create the tables that are not there yet."""
    open_warehouse(settings()).ensure_tables()
    out.print("The tables are there.")


@tables_app.command("bootstrap")
def tables_bootstrap() -> None:
    """Prepare a Redshift database, once: its loader, the readers' group, the tables; as the cluster's administrator."""
    open_warehouse(settings()).bootstrap()
    out.print("The loader, the group of readers and the tables are there.")


@tables_app.command("reset")
def tables_reset(
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


# ---------------------------------------------------------------------- run


@app.command()
def demo() -> None:
    """Make sample data, load it, and show what is there."""
    chosen = _settings_with_sample()
    load_exit = 0
    try:
        load(days=None, songs=None, full=False, republish=False, accept_deletions=False, output=Format.table)
    except typer.Exit as finished:
        load_exit = finished.exit_code
    _print_summary(chosen, open_warehouse(chosen))
    raise typer.Exit(load_exit)


def _settings_with_sample() -> Settings:
    """The settings; the sample is made first where it is the source and is not there."""
    chosen = settings()
    if chosen.source != chosen.sample.as_uri() or (chosen.sample / "sample.json").exists():
        return chosen
    with err.status("writing sample data"):
        from sparkify_assets.sample import write_sample

        write_sample(chosen.sample, events=20_000, songs=400, days=30, seed=1)
    return settings()  # the sample says which days there are


def _print_summary(chosen: Settings, warehouse: Warehouse) -> None:
    with warehouse.transaction(lock=False) as transaction:
        counts = transaction.records("report/row_counts")[0]
        songs = transaction.records("analytics/top_songs")
        hours = dict(transaction.rows("analytics/plays_by_hour"))
        rejects = transaction.records("ledger/quarantined", partition_key=None, object_key=None)
    out.print()
    rows = Table("table", "rows", box=None, pad_edge=False)
    rows.columns[1].justify = "right"
    for name, number in counts.items():
        rows.add_row(name.removesuffix("_rows"), f"{number:,}")
    out.print(rows)
    out.print("\nTop songs")
    for song in songs[:5]:
        out.print(f"  {song['plays']:>4}  {escape(str(song['song']))} — {escape(str(song['artist']))}")
    out.print("\nPlays by hour (UTC)")
    most = max(hours.values(), default=1)
    for hour in range(24):
        plays = hours.get(hour, 0)
        out.print(f"  {hour:02}  {'█' * round(40 * plays / most):<40} {plays:>6,}")
    if rejects:
        out.print(f"\nQuarantined: {len(rejects)}")
        for reject in rejects[:5]:
            out.print(
                f"  {escape(str(reject['object_key']))} line {reject['position']}: {escape(reject['reason'])}"
            )
    out.print(f"\nData lives in {escape(str(chosen.home))}; ask it with [bold]sparkify query[/]")
    out.print(f"The UI: make dev, then http://{dev_server.HOST}:{dev_server.PORT}")


@app.command()
def run(
    env: Annotated[str, typer.Option("--env", help="Environment: a file in terraform/environments.")] = "dev",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the cluster running at the end.")] = False,
    after_failure: Annotated[
        AfterFailure, typer.Option(help="What to do with the cluster when something fails, or on Ctrl-C.")
    ] = AfterFailure.destroy,
    foundation_too: Annotated[
        bool,
        typer.Option("--foundation-too", help="Destroy network, landing bucket, its data and key as well."),
    ] = False,
) -> None:
    """Make a warehouse on AWS, load all, check, show it, and take it away again."""
    LifeCycle(
        settings(),
        env,
        say=lambda line: out.print(escape(line), soft_wrap=True),
        show=_print_summary,
        end="keep" if keep else "destroy",
        end_after_failure=after_failure.value,
        foundation_too=foundation_too,
    ).run()


@app.command()
def dev(port: Annotated[int, typer.Option(help="Port of the UI, on loopback.")] = dev_server.PORT) -> None:
    """Run Dagster's UI and daemon on loopback, until Ctrl-C; what lands in the source is then loaded by itself."""
    raise typer.Exit(
        dev_server.run(
            _settings_with_sample(),
            port,
            lambda address: out.print(f"{address}  in a few seconds; Ctrl-C ends it"),
        )
    )


@app.command()
def stop() -> None:
    """Stop the UI, the daemon and the embedded warehouse of this home."""
    chosen = Settings.from_environment()
    if dev_server.stop(chosen):
        out.print("The UI is stopped.")
    if chosen.warehouse_folder.exists() and embedded.stop(chosen.warehouse_folder):
        out.print("The warehouse is stopped.")
    else:
        out.print("The warehouse was not running.")


# ---------------------------------------------------------------------- errors

_USER_ERRORS = (
    CommandError,
    InfrastructureError,
    LifeCycleError,
    dev_server.DevServerError,
    SettingsError,
    SourceError,
    SourceChanged,
    WarehouseError,
    LockTimeout,
    DeletionsRefused,
    NotBlocked,
    NoSuchPlay,
    RulesRefused,
    embedded.ServerError,
    psycopg2.Error,
)


def main() -> None:
    """Run the command line; an error that a user can cause is one line, and exit code 1."""
    load_dotenv(".env")
    try:
        app()
    except _USER_ERRORS as error:
        lines = [line for line in str(error).strip().splitlines() if line.strip()]
        err.print(f"[red]error[/]: {escape(' '.join(lines[:1]) or type(error).__name__)}", soft_wrap=True)
        raise SystemExit(1) from None
