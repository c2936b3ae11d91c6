"""First contact with a cluster: the probes of `sql/first_contact`, each with the result that the project expects.

The project has not been run on a real Redshift yet. Whoever has one runs this once: every probe is a transaction of its
own, on temporary tables, and is rolled back. Belongs here: running and comparing. Does not: the probes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2.extensions import AsIs

from sparkify_assets.model import queries
from sparkify_assets.settings import Settings
from sparkify_assets.source.store import ObjectStore, SourceError
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import line

#: How long to wait for the rows of a system view, in seconds.
WAIT_SECONDS = 60.0

#: Three records, of which COPY rejects the second.
BAD_OBJECT = b'{"k": "a", "v": 1}\n{"k": "b", "v": "not a number"}\n{"k": "c", "v": 3}\n'


@dataclass(frozen=True)
class Answer:
    """The result of a probe. `outcome` is same, differs, or not here, if the local Redshift is known to differ."""

    probe: str
    question: str
    expected: str
    seen: str
    outcome: str
    page: str


def first_contact(warehouse: Warehouse, settings: Settings, work: ObjectStore) -> Iterator[Answer]:
    """Run every probe, in order. Writes one small object into the work area, and removes it.

    Raises WarehouseError if the warehouse cannot be reached, SourceError if the work area cannot be written.
    """
    key = "first_contact/bad.json"
    parameters = {
        "bad_object": work.write(key, BAD_OBJECT),
        "iam_role": AsIs(settings.iam_role) if settings.iam_role == "default" else settings.iam_role,
        "region": work.region or settings.region,
        "text": "a\\b\"c'd",
    }
    try:
        for name in queries.names("first_contact"):
            yield _asked(warehouse, name, dict(parameters))
    finally:
        with suppress(SourceError):
            work.delete([key])


def _asked(warehouse: Warehouse, name: str, parameters: dict[str, Any]) -> Answer:
    question, *notes = queries.heading(name)
    rows = "\n".join(_noted(notes, "expected: "))
    refusal = "".join(_noted(notes, "expected error: "))
    seen, failed, outcome = "", False, "not here"
    if warehouse.redshift or "only on Redshift" not in notes:
        seen, failed = _seen(warehouse, name, parameters, rows if "waits" in notes else None)
        as_expected = refusal and re.search(refusal, seen) if failed else not refusal and seen == rows
        outcome = "same" if as_expected else "differs"
    expected = f"an error: {refusal}" if refusal else rows
    page = "".join(_noted(notes, "docs: "))
    return Answer(name.removeprefix("first_contact/"), question, expected, seen, outcome, page)


def _noted(notes: list[str], word: str) -> list[str]:
    """The text after a keyword in the head of a probe."""
    return [note.removeprefix(word) for note in notes if note.startswith(word)]


def _seen(
    warehouse: Warehouse, name: str, parameters: dict[str, Any], awaited: str | None
) -> tuple[str, bool]:
    """The rows of a probe's last statement, a line each, or its error; and whether it is one."""
    until = time.monotonic() + WAIT_SECONDS
    try:
        with warehouse.transaction(lock=False, commit=False) as transaction:
            *before, last = queries.statements(name)
            for statement in before:
                transaction.cursor.execute(statement, parameters)
                if statement.startswith("copy "):
                    ((_, _, parameters["query_id"]),) = transaction.rows("copy/copied")
            while True:
                transaction.cursor.execute(last, parameters)
                seen = "\n".join(" | ".join(map(_text, row)) for row in transaction.cursor.fetchall())
                if awaited is None or seen == awaited or time.monotonic() > until:
                    return seen, False
                time.sleep(1)
    except psycopg2.Error as error:
        return line(error), True


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
