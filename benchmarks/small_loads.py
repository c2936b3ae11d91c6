"""`sparkify load` as a whole command where there is little to load: what one waits for there is not the rows.

30 made-up days of the size of the real ones; a new user's years of small days; and a few files of one line each, years
apart. One more file lands afterwards, and then nothing is new. The server of the state directory runs already.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from benchmarks.contenders import PYTHON, SPARKIFY, Sparkify
from benchmarks.measuring import Measured, print_table, spread
from sample_data.generate import write_sample

FIRST_DAY = date(2015, 1, 1)
LOAD = (SPARKIFY, "load", "--format", "json")
SHARE = (PYTHON, "-m", "benchmarks.dagster_share")
STEPS = ("load", "one more file", "nothing new")
SHARES = ("importing", "recording", "rest", "loading", "total")

Write = Callable[[Path], None]


def compare(small_days: int, scattered_days: int, rounds: int) -> dict[str, float]:
    """Print what the commands take and what of it is Dagster's; return ratios of CPU by what they compare.

    `small_days` is how many days of 20 events there are, `scattered_days` the days from the first of the scattered
    files to the last.
    """
    works = {
        "30 days, 10,000 events, 500 songs": sample(10_000, 30, 500),
        f"{small_days:,} days of 20 events": sample(20 * small_days, small_days, 0),
        f"13 files of one line over {scattered_days:,} days": scattered(scattered_days),
    }
    commands, shares = [], []
    cpu: dict[tuple[str, str], float] = {}
    for work, write in works.items():
        with tempfile.TemporaryDirectory(prefix="sparkify-bench-") as folder:
            done = [load_in_steps(Path(folder) / str(number), write, LOAD, STEPS) for number in range(rounds)]
            once = load_in_steps(Path(folder) / "share", write, SHARE, STEPS[:2])
        for step in STEPS:
            cpu[work, step] = median(one[step].cpu for one in done)
            figures = [spread([getattr(one[step], kind) for one in done]) for kind in ("wall", "cpu")]
            peak = max(one[step].peak_mb for one in done)
            commands.append((work if step == "load" else "", step, *figures, f"{peak:.0f}"))
        for step, measured in once.items():
            share = measured.report
            shown = [f"{share['events']:,}", *(f"{share[name]:.2f}" for name in SHARES)]
            shares.append((work if step == "load" else "", step, *shown))
    print_table(
        f"`sparkify load` as a whole command; {rounds} rounds",
        ("source", "", "seconds", "CPU s", "peak MB"),
        commands,
    )
    print_table("What of it is Dagster's, seconds", ("source", "", "events recorded", *SHARES), shares)
    days, small, far = works
    return {
        "one more of 30 days / 30 days": cpu[days, "one more file"] / cpu[days, "load"],
        "many small days / 30 days": cpu[small, "load"] / cpu[days, "load"],
        "13 scattered files / 30 days": cpu[far, "load"] / cpu[days, "load"],
    }


def load_in_steps(
    folder: Path, write: Write, command: tuple[str, ...], steps: tuple[str, ...]
) -> dict[str, Measured]:
    """Load all files of events but the last, then the last, then nothing, as far as `steps` go."""
    source = folder / "source"
    write(source)
    files = sorted((source / "log_data").rglob("*-events.json"), key=lambda file: file.name)
    landed, aside = files[-1], files[-1].rename(folder / "aside")
    first_day, last_day = (file.name.removesuffix("-events.json") for file in (files[0], files[-1]))
    sparkify = Sparkify(folder, source, first_day, last_day)
    sparkify.start()
    done = {}
    try:
        for step in steps:
            if step == "one more file":
                aside.rename(landed)
            done[step] = sparkify.run(*command)
    finally:
        sparkify.finish()
    return done


def sample(events: int, days: int, songs: int) -> Write:
    """Write events over days, and another day of as many."""

    def write(source: Path) -> None:
        all_events = events + events // days
        write_sample(source, events=all_events, days=days + 1, songs=songs, seed=1, first_day=FIRST_DAY)

    return write


def scattered(days: int) -> Write:
    """Write 13 files of one line each over some days, and another file the day after."""

    def write(source: Path) -> None:
        for number in range(14):
            day = FIRST_DAY + timedelta(days * number // 12 if number < 13 else days + 1)
            part = source.with_name(f"part-{number}")
            write_sample(part, events=1, songs=0, days=1, seed=number, first_day=day)
            for file in (part / "log_data").rglob("*.json"):
                landed = source / file.relative_to(part)
                landed.parent.mkdir(parents=True, exist_ok=True)
                file.rename(landed)

    return write
