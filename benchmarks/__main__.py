"""`make bench`: the project and the hand-written floor do the same work in turn; a table shows seconds and ratios.

Each round loads all songs and all days but one into an empty warehouse, then the remaining day, then nothing new. The
ratio is the median over the rounds of the project's time to list, stage and publish, divided by the floor's time in the
same minute. The time of Dagster and of starting the process is listed separately.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Any, get_args

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks import ticks
from benchmarks.contenders import Contender, Dlt, Done, Floor, Project, Work
from sample_data.generate import write_sample

#: The remaining day is a Monday, the day nearest to the week's average.
NEXT_DAY = date(2018, 12, 3)
#: The tables that have to have the same rows, so that the comparison is fair. (The floor has only users who play.)
SAME_TABLES = ("songplays", "songs", "artists", "time")

Results = dict[Work, dict[str, Done]]
notes = Console(stderr=True, style="dim")


@dataclass(frozen=True)
class Data:
    """The source, without its last day, which is kept aside."""

    source: Path
    first_day: date
    next_day: Path
    aside: Path

    @contextmanager
    def one_more_day(self) -> Iterator[None]:
        """Add the last day to the source while the context lasts."""
        self.aside.rename(self.next_day)
        try:
            yield
        finally:
            self.next_day.rename(self.aside)


def main(
    events: Annotated[
        int, typer.Option(min=1000, help="Events of the full load, over all its days.")
    ] = 100_000,
    days: Annotated[int, typer.Option(min=1, help="Days of the full load.")] = 30,
    songs: Annotated[int, typer.Option(min=1, help="Song files.")] = 2_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often everything is measured.")] = 3,
    floor_only: Annotated[bool, typer.Option("--floor-only", help="Measure the floor alone.")] = False,
    with_dlt: Annotated[
        bool, typer.Option("--with-dlt", help="Measure dlt's staging of the events too.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Write all that was measured there.")] = None,
) -> None:
    """Measure loading against a hand-written loader."""
    with tempfile.TemporaryDirectory(prefix="sparkify-bench-", ignore_cleanup_errors=True) as name:
        data = make_data(Path(name), events, days, songs)
        with contenders(Path(name), data, floor_only, with_dlt) as contending:
            results = [run_round(number, contending, data) for number in range(rounds)]
    looks = {} if floor_only else ticks.figures()
    about = {"events": events, "days": days, "songs": songs, "rounds": rounds, **machine()}
    title = "{events:,} events of {days} days, {songs:,} song files; seconds, median of {rounds} rounds; {cpus} cores"
    Console().print(title.format(**about), table(results), sep="\n")
    for kind, measured in looks.items():
        figures = ", ".join(f"{name.replace('_', ' ')} {value:,.4g}" for name, value in measured.items())
        Console().print(f"a poll of {kind}: {figures}")
    if output:
        report = {"about": about, "rounds": as_json(results), "looks": looks}
        output.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


def make_data(folder: Path, events: int, days: int, songs: int) -> Data:
    """Write the sample and keep its last day aside, in a separate process, because `measure` needs a small caller."""
    notes.print(f"writing {events:,} events and {songs:,} songs")
    first_day = NEXT_DAY - timedelta(days)
    with multiprocessing.get_context("spawn").Pool(1) as other:
        size = {"events": events * (days + 1) // days, "days": days + 1, "songs": songs, "seed": 1}
        other.apply(write_sample, (folder / "source",), {**size, "first_day": first_day})
    next_day = folder / "source/log_data" / f"{NEXT_DAY:%Y}" / f"{NEXT_DAY:%m}" / f"{NEXT_DAY}-events.json"
    return Data(folder / "source", first_day, next_day, next_day.rename(folder / "next-day"))


@contextmanager
def contenders(
    folder: Path, data: Data, floor_only: bool, with_dlt: bool
) -> Iterator[Mapping[str, Contender]]:
    """The contenders by name, stopped at the end."""
    contending: dict[str, Contender] = {}
    try:
        contending["floor"] = Floor(folder, data.source)
        if not floor_only:
            contending["sparkify"] = Project(folder, data.source, data.first_day)
        if with_dlt:
            contending["dlt, staging"] = Dlt(folder, data.source)
        yield contending
    finally:
        for contender in contending.values():
            contender.finish()


def run_round(number: int, contending: Mapping[str, Contender], data: Data) -> Results:
    """Every piece of work by every contender; the order of the contenders changes from round to round."""
    order = list(contending) if number % 2 == 0 else list(contending)[::-1]
    for name in order:
        contending[name].start_round()

    def each(work: Work) -> dict[str, Done]:
        done = {name: contending[name].do(work) for name in order}
        said = ", ".join(f"{name} {one.seconds:.2f} s" for name, one in done.items())
        notes.print(f"round {number + 1}, {work}: {said}")
        check_alike(work, done)
        return done

    results: Results = {"full load": each("full load")}
    with data.one_more_day():
        results["one more day"] = each("one more day")
        results["nothing new"] = each("nothing new")
    return results


def check_alike(work: Work, done: Mapping[str, Done]) -> None:
    """Raise RuntimeError if the contenders that load the star loaded different ones."""
    counted = {
        name: {table: one.rows.get(table) for table in SAME_TABLES} for name, one in done.items() if one.rows
    }
    if len({str(rows) for rows in counted.values()}) > 1:
        raise RuntimeError(f"{work}: not the same rows, so nothing to compare: {counted}")


def table(results: list[Results]) -> Table:
    """Seconds, `floors` (the ratio) and megabytes: medians over the rounds, and the highest peak."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("", "", "load", "floors", "Dagster", "command", "CPU", "peak MB"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for work in get_args(Work):
        for name in results[0][work]:
            done = [result[work][name] for result in results]
            ratio = median(result[work][name].seconds / result[work]["floor"].seconds for result in results)
            figures = (
                f"{median(one.seconds for one in done):.2f}",
                f"{ratio:.2f}",
                f"{median(one.dagster for one in done):.2f}",
                f"{median(one.measured.wall for one in done):.2f}",
                f"{median(one.measured.cpu for one in done):.2f}",
                f"{max(one.measured.peak_mb for one in done):.0f}",
            )
            table.add_row(work if name == "floor" else "", name, *figures)
    return table


def machine() -> dict[str, Any]:
    """Where and when this was measured."""
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def as_json(results: list[Results]) -> list[dict[str, Any]]:
    """The rounds as plain data."""
    return [
        {work: {name: asdict(one) for name, one in done.items()} for work, done in result.items()}
        for result in results
    ]


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    try:
        app()
    except RuntimeError as error:
        sys.exit(f"error: {error}")
