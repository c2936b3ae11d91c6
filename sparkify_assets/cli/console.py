"""What all commands share: where and in which formats they print, and the loader that they work on."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sparkify_assets.defs.instance import prepare_home
from sparkify_assets.errors import SparkifyError
from sparkify_assets.inspection.findings import Outcome
from sparkify_assets.load.loader import Loader, open_loader
from sparkify_assets.load.results import Changes
from sparkify_assets.model.datasets import Dataset
from sparkify_assets.settings import Settings, path_of
from sparkify_assets.source.layout import why_unrecognised

#: How many partitions a line names before it counts the rest, and how many examples it has.
MOST_PARTITIONS_SHOWN, MOST_EXAMPLES = 3, 2

out = Console(width=None if sys.stdout.isatty() else 240)
err = Console(stderr=True)


#: How many unrecognised names are printed before the rest is counted.
MOST_NAMES_SHOWN = 10


class Format(StrEnum):
    """How a command prints."""

    table = "table"
    json = "json"


class RowFormat(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


OutputFormat = Annotated[Format, typer.Option("--format", help="How to print.")]
OutputRowFormat = Annotated[RowFormat, typer.Option("--format", help="How to print the rows.")]


class CommandError(SparkifyError):
    """Something that the user can correct; its text is the one line that is printed."""


def settings() -> Settings:
    """The settings in force, with the state directory created."""
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


@contextmanager
def progress(loader: Loader, quiet: bool) -> Iterator[Loader]:
    """The loader with a progress bar for each data set; without it if nobody would see it."""
    if quiet or not err.is_terminal:
        yield loader
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
    words = {"stage": "reading", "publish": "publishing"}

    def show(phase: str, dataset: Dataset, done: int, total: int) -> None:
        if (phase, dataset) not in tasks:
            tasks[phase, dataset] = bar.add_task(f"{words[phase]} {dataset}", total=total)
        bar.update(tasks[phase, dataset], completed=done, total=total)

    with bar:
        yield dataclasses.replace(loader, progress=show)


def print_rows(columns: list[str], rows: list[tuple[Any, ...]], output: RowFormat) -> None:
    """Print rows in the requested format."""
    if output is RowFormat.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    elif output is RowFormat.json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif columns:
        table = Table(*map(escape, columns), box=None, pad_edge=False)
        for row in rows:
            table.add_row(*("" if value is None else escape(str(value)) for value in row))
        out.print(table)


def print_warnings(warnings: Sequence[Outcome]) -> None:
    """Print a line for each warning check: how much it found, where, and examples."""
    for found in warnings:
        where = ", ".join(found.partitions[:MOST_PARTITIONS_SHOWN])
        if (more := len(found.partitions) - MOST_PARTITIONS_SHOWN) > 0:
            where += f" and {more} more"
        examples = "; ".join(
            _example(row, of_several=len(found.partitions) > 1) for row in found.sample[:MOST_EXAMPLES]
        )
        text = f"{found.check}: {found.violations:,} in {where}{examples and f', such as {examples}'}"
        out.print(f"[yellow]warning[/] {escape(text)}", soft_wrap=True, highlight=False)


def _example(row: Mapping[str, str | None], *, of_several: bool) -> str:
    """A row in words, with its partition where it may be of several."""
    values = ", ".join(
        f"{name} {'null' if value is None else value}"
        for name, value in row.items()
        if name != "partition_key" and value != ""
    )
    return f"{row.get('partition_key')}: {values}" if of_several else values


def print_rebuilt(changes: Mapping[str, Changes]) -> None:
    """Print how many rows each table of the rebuilt star holds."""
    for name, value in changes.items():
        out.print(f"{name:<10} {value.inserted:>12,} rows")


def print_not_data(unrecognised: Sequence[str], hidden: int, layout: Sequence[str]) -> None:
    """Print what a source holds besides its data: names that no load recognises, with the reason; the number of hidden
    files; and what was found instead of a data set that is missing.
    """
    for name in unrecognised[:MOST_NAMES_SHOWN]:
        out.print(f"[yellow]unrecognised[/] {escape(f'{name}: {why_unrecognised(name)}')}", soft_wrap=True)
    if (more := len(unrecognised) - MOST_NAMES_SHOWN) > 0:
        out.print(f"[yellow]unrecognised[/] and {more:,} more (all of them with --format json)")
    if hidden:
        out.print(f"{hidden:,} hidden {'file' if hidden == 1 else 'files'} ignored")
    for problem in layout:
        out.print(f"[yellow]layout[/] {escape(problem)}", soft_wrap=True)


def print_json(data: Any) -> None:
    """Print one line of JSON. Dataclasses are objects, and whatever JSON does not know is text."""
    sys.stdout.write(json.dumps(data, default=_as_json, ensure_ascii=False) + "\n")


def _as_json(value: Any) -> Any:
    return (
        dataclasses.asdict(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type)
        else str(value)
    )
