"""A full load, one more day and nothing new, by each contender in turn, for histories of several lengths.

The songs and all days of a history are loaded in one command into an empty warehouse; then three more days land, one
after the other; then nothing. A day that lands has the same size whatever the history, so that its time shows whether
loading becomes dearer as history grows.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from benchmarks.contenders import CONTENDERS, PROMISES, Contender, Done, Floor, Script, Sparkify
from benchmarks.measuring import print_table, spread
from sample_data.generate import write_sample

#: The first of the days that land later: a Monday, the day nearest to the week's average.
NEXT_DAY = date(2018, 12, 3)
MORE_DAYS = 3
STAR = {"songplays": "plays", "users": "users", "songs": "songs", "artists": "artists", "time": "times"}

#: What was done, in the order of the rounds, by work and contender.
Results = Mapping[str, Mapping[str, Sequence[Done]]]


@dataclass(frozen=True)
class History:
    """Events over days."""

    events: int
    days: int

    def __str__(self) -> str:
        return f"{self.events:,} events over {self.days:,} days"


def compare(histories: Sequence[History], songs: int, rounds: int) -> dict[str, float]:
    """Print tables of all contenders over the first history, and of the floor and the project over the others.
    Return ratios of CPU by what they compare.
    """
    day_events = histories[0].events // histories[0].days
    measured = {}
    for history in histories:
        everyone = history == histories[0]
        measured[history] = results = run_history(history, songs, day_events, rounds, everyone)
        print_works(f"{history} and {songs:,} song files; {rounds} rounds", results)
    print_growth(measured)
    print_table(
        "What each promises", ("", *CONTENDERS), ((promise, *kept) for promise, kept in PROMISES.items())
    )
    first, last = measured[histories[0]], measured[histories[-1]]
    full, day = (cpu(first[work]["sparkify"]) for work in ("full load", "one more day"))
    late_day = cpu(last["one more day"]["sparkify"])
    return {
        "full load / the floor's": full / cpu(first["full load"]["floor"]),
        "full load / the DuckDB script's": full / cpu(first["full load"]["DuckDB script"]),
        "one more day / the floor's": day / cpu(first["one more day"]["floor"]),
        "one more day after the longest history / after the shortest": late_day / day,
        "nothing new / full load": cpu(first["nothing new"]["sparkify"]) / full,
    }


def run_history(history: History, songs: int, day_events: int, rounds: int, everyone: bool) -> Results:
    """Let the contenders take turns, in another order each round. Raises RuntimeError if their stars differ."""
    results: dict[str, dict[str, list[Done]]] = defaultdict(lambda: defaultdict(list))
    with (
        tempfile.TemporaryDirectory(prefix="sparkify-bench-", ignore_cleanup_errors=True) as name,
        ExitStack() as stack,
    ):
        folder, source = Path(name), Path(name) / "source"
        later = write_source(source, history, songs, day_events)
        first_day, last_day = NEXT_DAY - timedelta(history.days), NEXT_DAY + timedelta(MORE_DAYS - 1)
        contending: dict[str, Contender] = {
            "floor": Floor(folder, source),
            "sparkify": Sparkify(folder, source, str(first_day), str(last_day)),
        }
        if everyone:
            contending["DuckDB script"] = Script("duckdb_star", folder, source)
            contending["dlt, staging"] = Script("dlt_staging", folder, source)
        for contender in contending.values():
            stack.callback(contender.finish)
        for number in range(rounds):
            order = list(contending)[:: -1 if number % 2 else 1]
            for who in order:
                contending[who].start()
            for work in landing(later):
                done = {who: contending[who].load() for who in order}
                check_alike(work, done)
                for who, one in done.items():
                    results[work][who].append(one)
    return results


def write_source(source: Path, history: History, songs: int, day_events: int) -> dict[Path, Path]:
    """Write a history, and the days that land later beside it; return where each of these is and where it lands.

    The sample of the later days numbers its sessions from 1 again, so they are given numbers of their own. A process
    apart writes, because `measure` needs a small caller.
    """
    aside = source.with_name("later")
    first_day = NEXT_DAY - timedelta(history.days)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as other:
        for out, events, days, first in (
            (source, history.events, history.days, first_day),
            (aside, MORE_DAYS * day_events, MORE_DAYS, NEXT_DAY),
        ):
            other.submit(
                write_sample, out, events=events, days=days, songs=songs, seed=1, first_day=first
            ).result()
    landing_days = sorted((aside / "log_data").rglob("*-events.json"))
    for day in landing_days:
        day.write_text(day.read_text("ascii").replace('"sessionId":', '"sessionId":9000'), "ascii")
    return {day: source / day.relative_to(aside) for day in landing_days}


def landing(later: Mapping[Path, Path]) -> Iterator[str]:
    """The works of a round; the source has what each needs while it is done, and is as before afterwards."""
    yield "full load"
    for aside, landed in later.items():
        landed.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(landed)
        yield "one more day"
    yield "nothing new"
    for aside, landed in later.items():
        landed.rename(aside)


def check_alike(work: str, done: Mapping[str, Done]) -> None:
    """Raise RuntimeError if the contenders that make the star have made different ones."""
    stars = {
        who: {table: one.rows[table] for table in STAR}
        for who, one in done.items()
        if "songplays" in one.rows
    }
    if len({str(star) for star in stars.values()}) > 1:
        raise RuntimeError(f"{work}: not the same rows, so nothing to compare: {stars}")


def print_works(title: str, results: Results) -> None:
    """Print what each work took each contender, with the rows that it has by then."""
    headings = (
        "",
        "who",
        "seconds",
        "× the floor",
        "CPU s",
        "command s",
        "Dagster s",
        "peak MB",
        "rows by then",
    )
    lines = []
    for work, by_who in results.items():
        for who, done in by_who.items():
            ratios = [one.seconds / floor.seconds for one, floor in zip(done, by_who["floor"], strict=True)]
            lines.append(
                (
                    work if who == "floor" else "",
                    who,
                    spread([one.seconds for one in done]),
                    spread(ratios),
                    spread([one.measured.cpu for one in done]),
                    spread([one.measured.wall for one in done]),
                    f"{median(one.dagster for one in done):.2f}" if who == "sparkify" else "–",
                    f"{max(one.measured.peak_mb for one in done):.0f}",
                    ", ".join(f"{rows:,} {STAR.get(table, table)}" for table, rows in done[-1].rows.items()),
                )
            )
    print_table(title, headings, lines)


def print_growth(measured: Mapping[History, Results]) -> None:
    """Print what an event of the full load takes, and one more day, after each history and in units of the first."""
    lines = []
    first = next(iter(measured))
    for history, results in measured.items():
        for who in ("floor", "sparkify"):
            per_event, at_first = (
                1e6 * seconds(measured[one]["full load"][who]) / one.events for one in (history, first)
            )
            day, first_day = (seconds(measured[one]["one more day"][who]) for one in (history, first))
            peak = max(done.measured.peak_mb for done in results["full load"][who])
            lines.append(
                (
                    str(history) if who == "floor" else "",
                    who,
                    f"{per_event:.1f}",
                    f"{per_event / at_first:.2f}",
                    f"{day:.2f}",
                    f"{day / first_day:.2f}",
                    f"{peak:.0f}",
                )
            )
    headings = ("history", "who", "µs an event", "× the first", "one more day s", "× the first", "peak MB")
    print_table("As history grows", headings, lines)


def seconds(done: Sequence[Done]) -> float:
    """The median of the seconds."""
    return median(one.seconds for one in done)


def cpu(done: Sequence[Done]) -> float:
    """The median of the CPU seconds of the whole commands."""
    return median(one.measured.cpu for one in done)
