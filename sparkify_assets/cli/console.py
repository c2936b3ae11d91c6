"""What all commands share: where and in which formats they print, and the loader that they work on."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from sparkify_assets.defs.instance import prepare_home, require_own
from sparkify_assets.errors import SparkifyError
from sparkify_assets.inspection.attention import for_blocked, for_shrunk
from sparkify_assets.inspection.findings import Outcome
from sparkify_assets.load.loader import Loader, open_loader
from sparkify_assets.load.progress import Amount, Phase
from sparkify_assets.load.results import Changes
from sparkify_assets.model.datasets import Dataset, counted
from sparkify_assets.settings import Settings, path_of
from sparkify_assets.source.layout import why_unrecognised

#: How many partitions a line names before it counts the rest, how many examples it gives, and how many unrecognised
#: names are printed.
MAX_PARTITIONS, MAX_EXAMPLES, MAX_NAMES = 3, 2, 10

# What is printed is mostly data, in which [red], :smile: and 42 are what they are.
out = Console(width=None if sys.stdout.isatty() else 240, markup=False, emoji=False, highlight=False)
err = Console(stderr=True, markup=False, emoji=False, highlight=False)

#: The control characters, among them the one that begins a terminal's commands; lines and tabs are none here.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

Found = TypeVar("Found")
Format = Literal["table", "json"]
RowFormat = Literal["table", "csv", "json"]

OutputFormat = Annotated[Format, typer.Option("--format", help="How to print.")]
OutputRowFormat = Annotated[RowFormat, typer.Option("--format", help="How to print the rows.")]


class CommandError(SparkifyError):
    """Something that the user can correct; its text is the one line that is printed."""


def settings() -> Settings:
    """The settings in force, with the state directory created. Raises HomeError."""
    chosen = Settings.from_environment()
    prepare_home(chosen)
    return chosen


def settings_of_what_is_there() -> Settings:
    """The same for a command that only reads: where nothing was ever loaded, it makes nothing. Raises CommandError."""
    chosen = Settings.from_environment()
    if chosen.warehouse == "embedded" and not chosen.home.exists():
        raise CommandError(
            f"nothing is loaded here: there is no {chosen.home}; `sparkify load` makes it, and SPARKIFY_HOME names"
            " another"
        )
    return settings() if chosen.home.exists() else chosen


def loader_in_force() -> Loader:
    """The loader between the source and the warehouse in force."""
    return _loader(settings())


def loader_that_looks() -> Loader:
    """The same for a command that makes nothing, not even the state directory."""
    chosen = Settings.from_environment()
    require_own(chosen.home)
    return _loader(chosen)


def loader_that_reads() -> Loader:
    """The same for a command that reads the source and the warehouse, where there is one. Raises CommandError."""
    return _loader(settings_of_what_is_there())


def _loader(chosen: Settings) -> Loader:
    if chosen.source.startswith("file:") and not path_of(chosen.source).is_dir():
        hint = (
            "; `sparkify demo` makes and loads a sample; or set SPARKIFY_SOURCE"
            if chosen.sample == path_of(chosen.source)
            else ""
        )
        wrong = "is no folder" if path_of(chosen.source).exists() else "does not exist"
        raise CommandError(f"source folder {path_of(chosen.source)} {wrong}{hint}")
    return open_loader(chosen)


@contextmanager
def progress(loader: Loader, quiet: bool) -> Iterator[Loader]:
    """The loader with a progress bar for each phase and data set, or without one if `quiet` or not on a terminal."""
    if quiet or not err.is_terminal:
        yield loader
        return
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<18}"),
        BarColumn(10),
        TaskProgressColumn(),
        TextColumn("{task.fields[done]}"),
        console=err,
        transient=True,
    )
    words = {"stage": "reading", "publish": "publishing"}
    beginning = bars.add_task("beginning", total=None, done="")

    @cache
    def task(phase: Phase, dataset: Dataset) -> TaskID:
        return bars.add_task(f"{words[phase]} {dataset}", total=1.0, done="")

    def show(phase: Phase, dataset: Dataset, done: Amount, share: float) -> None:
        bars.update(beginning, visible=False)
        bar = task(phase, dataset)
        former = bars.tasks[bar]
        # A call for each of a million songs is drawn ten times a second, and at every percent.
        bars.update(
            bar,
            completed=share,
            done=f"{_in_words(done)}{_left(former.elapsed or 0.0, share)}",
            refresh=int(100 * share) > int(former.percentage),
        )

    with bars:
        yield dataclasses.replace(loader, progress=show)


def _in_words(done: Amount) -> str:
    unit, name = (1e6, "MB") if done.of_bytes >= 1e6 else (1e3, "kB")
    return f"{done.records:,} records  {done.bytes / unit:,.1f} of {done.of_bytes / unit:,.1f} {name}"


def _left(seconds: float, share: float) -> str:
    """How many seconds are left of a phase that has come so far in so many seconds, once that says anything."""
    return f"  {math.ceil(seconds / share - seconds):,} s left" if 0.05 < share < 1 else ""


def say(text: str, label: str = "", colour: str = "yellow", to: Console | None = None) -> None:
    """Print a line as it is, however long, with a coloured label before it if there is one; on standard output, or
    `to` another console.
    """
    line = Text.assemble((label, colour), " " if label else "", as_it_is(text))
    if to:
        to.print(line, soft_wrap=True)
    else:
        with printing():
            out.print(line, soft_wrap=True)


@contextmanager
def printing() -> Iterator[None]:
    """Say of an error that it is about standard output, which it does not do itself. Raises CommandError."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"standard output: {error.strerror}") from None


def as_it_is(text: str) -> Text:
    """A text whose every character is shown, and none obeyed: neither rich's markup nor a terminal's commands."""
    return Text(_CONTROLS.sub(lambda found: f"\\x{ord(found.group()):02x}", text))


def print_found(found: Found, output: Format, as_text: Callable[[Found], None]) -> None:
    """Print what a command found: as one line of JSON, or as text by a function of the command's own."""
    if output == "json":
        print_json(found)
    else:
        as_text(found)


def print_json(data: Any) -> None:
    """Print one line of JSON. Dataclasses are objects, and whatever JSON does not know is text."""
    with printing():
        sys.stdout.write(json.dumps(data, default=_as_json, ensure_ascii=False) + "\n")


def _as_json(value: Any) -> Any:
    return vars(value) if dataclasses.is_dataclass(value) else str(value)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
    """Print rows below their columns. Integers are aligned to the right, with thousands separated."""
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(as_it_is(name))
    for row in rows:
        for column, value in zip(table.columns, row, strict=True):
            column.justify = "right" if isinstance(value, int) else "left"
        table.add_row(*(as_it_is(f"{value:,}" if isinstance(value, int) else value) for value in row))
    with printing():
        out.print(table)


def print_changes(changes: Mapping[str, Changes]) -> None:
    """Print how many rows of each table were inserted, got other values, were made again as they were, and deleted."""
    if changes:
        rows = [(name, of.inserted, of.updated, of.unchanged, of.deleted) for name, of in changes.items()]
        print_table(("table", "inserted", "updated", "unchanged", "deleted"), rows)


def print_warnings(warnings: Sequence[Outcome]) -> None:
    """Print of each warning check how much it found and where, the rule in words, and below it examples."""
    for found in warnings:
        where = ", ".join(found.partitions[:MAX_PARTITIONS])
        if (more := len(found.partitions) - MAX_PARTITIONS) > 0:
            where += f" and {more} more"
        say(f"{found.check}: {found.violations:,} in {where}; the rule: {found.rule}", "warning")
        for row in found.sample[:MAX_EXAMPLES]:
            say(f"  {_example(row, of_several=len(found.partitions) > 1)}")


def _example(row: Mapping[str, str | None], *, of_several: bool) -> str:
    """A row in words, with its partition if it may be of several."""
    values = ", ".join(
        f"{name}: {'null' if value is None else value}"
        for name, value in row.items()
        if name != "partition_key" and value != ""
    )
    return f"{row.get('partition_key')}: {values}" if of_several else values


def print_blocked(reasons: Mapping[str, str]) -> None:
    """Print why each partition is blocked, and once what can be done about it."""
    for name, why in reasons.items():
        say(f"{name} {why}", "blocked", "red")
    if reasons:
        # The reasons show what is rejected.
        advice = for_blocked(next(iter(reasons)).split()[-1], rejected=False)
        say(f"  {advice}{', and the others likewise' if len(reasons) > 1 else ''}")


def print_shrunk(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print which partitions were published with fewer rows than they had, as `ledger/shrunk` has them."""
    for row in rows:
        key, advice = row["partition_key"], for_shrunk(row["dataset"], row["partition_key"])
        say(f"{key} from {row['rows_before']:,} to {row['rows_now']:,} rows: {advice}", "shrunk")


def print_not_data(unrecognised: Sequence[str], hidden: int, layout: Sequence[str]) -> None:
    """Print what a source holds besides its data: names that no load recognises, with the reason; the number of hidden
    files; and what was found instead of a data set that is missing.
    """
    for name in unrecognised[:MAX_NAMES]:
        say(f"{name}: {why_unrecognised(name)}", "unrecognised")
    if (more := len(unrecognised) - MAX_NAMES) > 0:
        say(f"and {more:,} more (all of them with --format json)", "unrecognised")
    if hidden:
        say(f"{counted(hidden, 'hidden file')} ignored")
    for problem in layout:
        say(problem, "layout")
