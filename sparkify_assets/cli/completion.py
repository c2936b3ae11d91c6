"""What a shell completes of values: days, prefixes of songs and files, of the source and of the ledger.

Belongs here: what may follow what is typed. Does not: how a shell asks for it (Typer). Of an error nothing is told, for
there is nowhere to tell it, and nothing is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated

import psycopg2
import typer

from sparkify_assets.errors import SparkifyError
from sparkify_assets.model.datasets import EVENTS_FOLDER, SONGS_FOLDER, partition_of
from sparkify_assets.settings import Settings
from sparkify_assets.source.urls import open_source
from sparkify_assets.warehouse.connection import open_warehouse

#: How many objects of the source are listed at most while somebody waits for a completion.
MAX_LISTED = 20_000


def days(incomplete: str) -> list[str]:
    """Days of the source, also behind the dots of a range."""
    return _beginning(incomplete, _in_source(EVENTS_FOLDER))


def prefixes(incomplete: str) -> list[str]:
    """Prefixes of songs of the source, also behind a comma."""
    return _beginning(incomplete, _in_source(SONGS_FOLDER))


def blocked(incomplete: str) -> list[str]:
    """Blocked days and prefixes."""
    return _beginning(incomplete, _in_ledger("ledger/why_blocked", "partition_key"))


def rejected(incomplete: str) -> list[str]:
    """Days and prefixes with records in quarantine."""
    return _beginning(incomplete, _in_ledger("ledger/quarantined", "partition_key"))


def rejected_files(incomplete: str) -> list[str]:
    """Files with records in quarantine."""
    return _beginning(incomplete, _in_ledger("ledger/quarantined", "object_key"))


def _beginning(incomplete: str, values: Iterable[str]) -> list[str]:
    """The values that begin as what is typed last, behind what is complete already of a range or a list."""
    before, _, last = incomplete.rpartition(".." if ".." in incomplete else ",")
    before = incomplete.removesuffix(last)
    try:
        return [before + value for value in sorted(set(values)) if value.upper().startswith(last.upper())]
    except (SparkifyError, psycopg2.Error, OSError):
        return []


def _in_source(folder: str) -> Iterator[str]:
    for item in islice(open_source(Settings.from_environment()).list(folder), MAX_LISTED):
        if partition := partition_of(item.key):
            yield partition.key


def _in_ledger(statement: str, column: str) -> Iterator[str]:
    """A column of what the ledger says, if there is a warehouse."""
    with open_warehouse(Settings.from_environment()).looking() as transaction:
        if transaction is not None:
            for row in transaction.records(statement, partition_key=None, object_key=None):
                yield str(row[column])


#: The options of every command that is asked for some of the source.
Days = Annotated[
    str, typer.Option(help="Only these days: A..B, or one day.", metavar="A..B", autocompletion=days)
]
Songs = Annotated[
    str, typer.Option(help="Only these prefixes, such as AA,AB.", metavar="AA,AB", autocompletion=prefixes)
]
AcceptDeletions = Annotated[
    bool, typer.Option("--accept-deletions", help="Accept a listing that lacks many known objects.")
]
