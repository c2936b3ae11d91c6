"""The sample data and the demonstration: `sparkify sample` and `sparkify demo`.

Belongs here: making the sample, and the overview of a loaded warehouse. Does not: how the data is made up
(`sample_data`), loading it (`load`).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from sparkify_assets.cli.console import CommandError, err, print_table, say, settings
from sparkify_assets.cli.load import load
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.connection import Warehouse, open_warehouse

#: What says whose data is loaded, from where to where, and which of it.
_OWN = (
    *("SPARKIFY_SOURCE", "SPARKIFY_WAREHOUSE", "SPARKIFY_WORK", "SPARKIFY_QUEUE"),
    *("SPARKIFY_FIRST_DAY", "SPARKIFY_LAST_DAY"),
)


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
            raise CommandError(f"{error.filename or folder}: {error.strerror or error}") from None
    say(f"{made.events:,} events of {made.first_day} to {made.last_day} and {made.songs:,} songs in {folder}")


def settings_with_sample() -> Settings:
    """The settings. If the sample is the source and does not exist yet, it is made first."""
    chosen = settings()
    if chosen.source != chosen.sample.as_uri() or (chosen.sample / "sample.json").exists():
        return chosen
    from sample_data.generate import write_sample

    with err.status("writing sample data"):
        write_sample(chosen.sample, events=20_000, songs=400, days=30, seed=1)
    return settings()  # read again, because the sample sets the days


def home_of_demo(settings: Settings) -> Path:
    """The state directory of a demonstration that leaves these settings alone."""
    return settings.home / "demo"


def apart(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a demonstration leaves a source or a warehouse of somebody's own alone: a state directory
    of its own, and none of what is set; empty if nothing is set.
    """
    own = [name for name in _OWN if environment.get(name, "").strip()]
    if not {"SPARKIFY_SOURCE", "SPARKIFY_WAREHOUSE"}.intersection(own):
        return {}
    home = home_of_demo(Settings.from_environment({"SPARKIFY_HOME": environment.get("SPARKIFY_HOME", "")}))
    return {"SPARKIFY_HOME": str(home), **dict.fromkeys(own, "")}


def demo() -> None:
    """Make sample data, load it, and show the result; a source of your own is left alone."""
    program = "sparkify" if shutil.which("sparkify") else str(Path(sys.executable).with_name("sparkify"))
    ask = f"{program} query"
    if changed := apart(os.environ):
        own = " and ".join(f"{name}={os.environ[name]}" for name in _OWN[:2] if name in changed)
        say(f"Your {own} is left alone: the demonstration loads made-up data in {changed['SPARKIFY_HOME']}.")
        os.environ |= changed
        ask = f"{' '.join(f'{name}={quote(value)}' for name, value in changed.items())} {ask}"
    chosen, exit_code = settings_with_sample(), 0
    try:
        load()
    except typer.Exit as finished:
        exit_code = finished.exit_code
    print_overview(open_warehouse(chosen))
    say(f"\nData lives in {chosen.home}; ask it with {ask}")
    if not changed:
        say(f"`make dev` serves the UI at {chosen.page} and the live report at the next port.")
    raise typer.Exit(exit_code)


def print_overview(warehouse: Warehouse) -> None:
    """Print what a warehouse holds: the number of rows, top songs, plays by hour, and rejects."""
    with warehouse.transaction(lock=False) as transaction:
        counts = transaction.records("report/row_counts")[0]
        songs = transaction.records("analytics/top_songs")
        hours = {row["hour"]: row["plays"] for row in transaction.records("analytics/plays_by_hour")}
        rejects = transaction.records("ledger/quarantined", partition_key=None, object_key=None)
    say("")
    print_table(("table", "rows"), [(name.removesuffix("_rows"), number) for name, number in counts.items()])
    say("\nTop songs")
    for song in songs[:5]:
        say(f"  {song['plays']:>4}  {song['song']} — {song['artist']}")
    say("\nPlays by hour (UTC)")
    most = max(hours.values(), default=1)
    for hour in range(24):
        plays = hours.get(hour, 0)
        say(f"  {hour:02}  {'█' * round(40 * plays / most):<40} {plays:>6,}")
    if rejects:
        say(f"\nQuarantined: {len(rejects)}")
    for reject in rejects[:5]:
        say(f"  {reject['object_key']} line {reject['position']}: {reject['reason']}")
