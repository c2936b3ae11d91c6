"""Commands that run everything at once: the sample, the demonstration, the web UI, a cluster from start to end.

Belongs here: their options and what they print. Does not: what they run (`cluster_run`, `dev_server`, `load`).
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

import redshift_local
from sparkify_assets.cli import dev_server
from sparkify_assets.cli.cluster_run import ClusterRun
from sparkify_assets.cli.console import CommandError, Format, err, out, settings
from sparkify_assets.cli.load import load
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.connection import Warehouse, open_warehouse


def sample(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Where to write.")],
    events: Annotated[int, typer.Option(min=1, help="How many events.")] = 10_000,
    songs: Annotated[int, typer.Option(min=0, help="How many songs.")] = 500,
    days: Annotated[int, typer.Option(min=1, help="Over how many days.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed makes the same bytes.")] = 1,
) -> None:
    """Write sample data in the exact formats of the source."""
    from sample_data.generate import write_sample

    with err.status(f"writing {events:,} events and {songs:,} songs"):
        try:
            made = write_sample(folder, events=events, songs=songs, days=days, seed=seed)
        except OSError as error:
            raise CommandError(str(error.strerror or error)) from None
    out.print(
        f"{made.events:,} events of {made.first_day} to {made.last_day} and {made.songs:,} songs"
        f" in {escape(str(folder))}"
    )


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
    """The settings. If the sample is the source and does not exist yet, it is made first."""
    chosen = settings()
    if chosen.source != chosen.sample.as_uri() or (chosen.sample / "sample.json").exists():
        return chosen
    with err.status("writing sample data"):
        from sample_data.generate import write_sample

        write_sample(chosen.sample, events=20_000, songs=400, days=30, seed=1)
    return settings()  # read again, because the sample sets the days


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


class AfterFailure(StrEnum):
    """What to do with the cluster if a phase fails."""

    destroy = "destroy"
    pause = "pause"
    keep = "keep"


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
    """Make a warehouse on AWS, load everything, check and show it, and destroy it again."""
    ClusterRun(
        settings(),
        env,
        say=lambda line: out.print(escape(line), soft_wrap=True),
        show=_print_summary,
        end="keep" if keep else "destroy",
        end_after_failure=after_failure.value,
        foundation_too=foundation_too,
    ).run()


def dev(port: Annotated[int, typer.Option(help="Port of the UI, on loopback.")] = dev_server.PORT) -> None:
    """Run Dagster's web UI and daemon on loopback until Ctrl-C; what lands in the source is loaded by itself."""
    raise typer.Exit(
        dev_server.run(
            _settings_with_sample(),
            port,
            lambda address: out.print(f"{address}  in a few seconds; Ctrl-C ends it"),
        )
    )


def stop() -> None:
    """Stop the web UI, the daemon and the embedded warehouse of this state directory."""
    chosen = Settings.from_environment()
    if dev_server.stop(chosen):
        out.print("The UI is stopped.")
    if chosen.warehouse_folder.exists() and redshift_local.stop(chosen.warehouse_folder):
        out.print("The warehouse is stopped.")
    else:
        out.print("The warehouse was not running.")
