"""`make bench`: run the benchmarks, print tables in Markdown, and fail if a ratio has left its order of magnitude.

Belongs here: how much each form measures, the order, and the limits. Does not: how anything is measured.
"""

from __future__ import annotations

import os
import platform
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from typing import Annotated

import typer

from benchmarks import histories, idle_dev, small_loads
from benchmarks.histories import History
from benchmarks.measuring import measure, print_table


class Form(StrEnum):
    """How much is measured: for CI, for a change, for docs/performance.md."""

    SMALL = "small"
    USUAL = "usual"
    LONG = "long"


@dataclass(frozen=True)
class Size:
    """What a form takes: `settle` and `watch` are seconds of an idle `sparkify dev`, the rest is counted."""

    histories: tuple[History, ...]
    songs: int
    rounds: int
    small_days: int
    scattered_days: int
    settle: float
    watch: float
    s3_keys: int
    s3_objects: int


MONTH, TEN_MONTHS, YEARS = History(1_000_000, 30), History(10_000_000, 310), History(10_000_000, 1000)
USUAL = (15_000, 3, 1000, 2400, 60, 60, 1_000_000, 15_000)
SIZES = {
    Form.SMALL: Size((History(20_000, 30), History(20_000, 60)), 500, 1, 40, 60, 20, 10, 100_000, 500),
    Form.USUAL: Size((MONTH,), *USUAL),
    Form.LONG: Size((MONTH, TEN_MONTHS, YEARS), *USUAL),
}
#: Ratios of CPU that only another order of magnitude exceeds, in any form. Both works of a ratio are of one run, and
#: CPU depends little on what else the machine does.
LIMITS = {
    "full load / the floor's": 50.0,
    "full load / the DuckDB script's": 50.0,
    "one more day / the floor's": 40.0,
    "one more day after the longest history / after the shortest": 3.0,
    "nothing new / full load": 0.5,
    "many small days / 30 days": 30.0,
    "13 scattered files / 30 days": 10.0,
    "one more of 30 days / 30 days": 2.0,
    "idle `sparkify dev` / a core": 1.5,
    "s3 listing / boto3": 2.0,
    "s3 reading / boto3": 2.0,
}


def main(
    form: Annotated[Form, typer.Argument(help="How much to measure.")] = Form.USUAL,
    rounds: Annotated[int | None, typer.Option(min=1, help="How often, if not as the form says.")] = None,
) -> None:
    """Measure loading, side by side with a hand-written loader and other tools."""
    size = SIZES[form]
    rounds = rounds or size.rounds
    print(about(form), flush=True)
    ratios = histories.compare(size.histories, size.songs, rounds)
    ratios |= small_loads.compare(size.small_days, size.scattered_days, rounds)
    ratios["idle `sparkify dev` / a core"] = idle_dev.measure_idle(size.settle, size.watch)
    for module, option in (
        ("s3_listing", f"--keys={size.s3_keys}"),
        ("s3_reading", f"--objects={size.s3_objects}"),
    ):
        figures = measure([sys.executable, "-m", f"benchmarks.{module}", option]).report
        name = module.replace("_", " ")
        print_table(name, list(figures), [[f"{value:,.4g}" for value in figures.values()]])
        ratios[f"{name} / boto3"] = figures["ratio"]
    lines = [(name, f"{ratio:.2f}", f"{LIMITS[name]:g}") for name, ratio in ratios.items()]
    print_table("Ratios of CPU, and what they may not exceed", ("", "ratio", "limit"), lines)
    if broken := exceeded(ratios):
        sys.exit(f"error: {'; '.join(broken)}")


def about(form: Form) -> str:
    """Where, when and with what this is measured."""
    tools = ", ".join(f"{name} {version(name)}" for name in ("dagster", "dlt", "duckdb"))
    cores, now = len(os.sched_getaffinity(0)), datetime.now(UTC)
    return f"The {form} form, {now:%Y-%m-%d %H:%M} UTC: {cores} cores, Python {platform.python_version()}, {tools}."


def exceeded(ratios: Mapping[str, float]) -> list[str]:
    """The ratios above their limits, in words."""
    return [
        f"{name} is {ratio:.2f}, above its limit of {LIMITS[name]:g}"
        for name, ratio in ratios.items()
        if ratio > LIMITS[name]
    ]


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("error: terminated"))  # so that its servers are stopped
    try:
        app()
    except RuntimeError as error:
        sys.exit(f"error: {error}")
