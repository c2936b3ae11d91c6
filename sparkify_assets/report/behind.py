"""The plays behind a number: which of them an answer's number counts, as an address and as rows.

Belongs here: which numbers count plays, and by what these are found again. Does not: how the address is served
(`site`), where one play comes from (`inspection.provenance`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sparkify_assets.errors import SparkifyError
from sparkify_assets.report.questions import Question, Row
from sparkify_assets.warehouse.transaction import Transaction

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

#: The columns that count plays, each with what they count besides what their row is about.
COUNTED: Mapping[str, Mapping[str, str]] = {
    "plays": {},
    "paid": {"level": "paid"},
    "free": {"level": "free"},
    "matched": {"matched": "yes"},
    "known": {"matched": "yes"},
}


class NoSuchNumber(SparkifyError):
    """The address names no plays; the text says why."""


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"not one of {', '.join(choices)}")
        return text

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.removeprefix("-").isdecimal() and len(text) < 20 and least <= int(text) <= most):
            raise ValueError(f"not a whole number from {least} to {most}")
        return int(text)

    return read


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("not a day such as 2018-11-12") from None


#: By what plays are found again: a column that an answer's row is about, or one of COUNTED.
FILTERS: Mapping[str, Callable[[str], Any]] = {
    "day": _day,
    "hour": _whole(0, 23),
    "weekday": _one_of(*WEEKDAYS),
    "user_id": _whole(-(2**63), 2**63 - 1),
    "song": str,
    "artist": str,
    "location": str,
    "level": _one_of("paid", "free"),
    "matched": _one_of("yes"),
}


def address(question: Question, row: Row, column: str) -> str | None:
    """The address of the plays that a number counts; None where it counts none, or something else."""
    chosen = {name: "" if row[name] is None else row[name] for name in question.x if name in FILTERS}
    if column not in COUNTED or not chosen or not row[column]:
        return None
    return f"/plays?{urlencode({**chosen, **COUNTED[column]})}"


def chosen(query: str) -> dict[str, Any]:
    """What the query of an address asks for. Raises NoSuchNumber."""
    asked: dict[str, Any] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=20)
    except ValueError:
        raise NoSuchNumber(f"no plays can be found by {query[:200]!r}: it takes NAME=VALUE&…") from None
    try:
        for name, text in pairs:
            if name not in FILTERS:
                raise ValueError("plays are not found by it")
            asked[name] = FILTERS[name](text)
    except ValueError as error:
        raise NoSuchNumber(f"no plays can be found by {query[:200]!r}: {error}") from None
    return asked


def plays(transaction: Transaction, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The first of the plays that are asked for, each with how many there are in all."""
    return transaction.records("report/plays", **{name: asked.get(name) for name in FILTERS})
