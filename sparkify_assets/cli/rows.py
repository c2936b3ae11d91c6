"""How the rows of a query are printed: as a table where it fits the terminal, otherwise a column a line.

Belongs here: tables of data that somebody asked for, in every format. Does not: the tables of which a command knows the
columns (`console.print_table`).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from sparkify_assets.cli import console
from sparkify_assets.cli.console import RowFormat, as_it_is, print_json, printing

Expanded = Annotated[
    bool,
    typer.Option("--expanded", "-x", help="Print each column on a line of its own, however few there are."),
]

#: What is between two columns of a table.
_BETWEEN = "  "


def print_rows(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], output: RowFormat, *, expanded: bool = False
) -> None:
    """Print rows in the requested format.

    On a terminal that is too narrow for the table, and with `expanded`, each column of a row is a line. Elsewhere a row
    is one line, however long, so that other programs find it whole.
    """
    if output == "csv":
        with printing():
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
    elif output == "json":
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif columns:
        _print(columns, rows, expanded)


def _print(columns: Sequence[str], rows: Sequence[Sequence[Any]], expanded: bool) -> None:
    names = [_cell(name) for name in columns]
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(names, *cells, strict=True)]
    too_wide = sum(widths) + len(_BETWEEN) * (len(widths) - 1) > console.out.width
    if cells and (expanded or (console.out.is_terminal and too_wide)):
        for number, row in enumerate(cells, start=1):
            _print_row(f"row {number:,}", names, row)
        return
    right = [all(isinstance(row[n], int | float | Decimal | None) for row in rows) for n in range(len(names))]
    for row in (names, *cells):
        console.say(_BETWEEN.join(_padded(row, widths, right if rows else [False] * len(names))).rstrip())


def _print_row(title: str, names: Sequence[str], row: Sequence[str]) -> None:
    """A row with a column on each line. A long value goes on below its beginning, if a terminal says how long a line
    is.
    """
    console.out.print(Text(f"── {title}", "dim"))
    if not console.out.is_terminal:
        width = max(map(cell_len, names))
        for name, value in zip(names, row, strict=True):
            console.say(f"{name}{' ' * (width - cell_len(name))}{_BETWEEN}{value}".rstrip())
        return
    table = _folding(2)
    for name, value in zip(names, row, strict=True):
        table.add_row(Text(name, "dim"), Text(value))
    console.out.print(table)


def print_listing(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print short names with what is to be said of them in the last column, which goes on below its beginning."""
    if not console.out.is_terminal:
        _print(columns, rows, expanded=False)
        return
    table = _folding(len(columns))
    for row in (columns, *rows):
        table.add_row(*(Text(_cell(value)) for value in row))
    console.out.print(table)


def _folding(columns: int) -> Table:
    """A table without lines, of whose columns only the last is folded."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for number in range(columns):
        table.add_column(no_wrap=number < columns - 1, overflow="fold")
    return table


def _cell(value: Any) -> str:
    """A value in one line of visible characters; nothing if it is null."""
    return "" if value is None else as_it_is(str(value).replace("\n", "\\n").replace("\t", "\\t")).plain


def _padded(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    for text, width, at_right in zip(row, widths, right, strict=True):
        blanks = " " * (width - cell_len(text))
        yield blanks + text if at_right else text + blanks
