"""The questions that the report answers, each of them a statement in `sql/analytics`.

Belongs here: which questions there are, and their answers as rows. Does not: how a chart is drawn (`charts`), the page
that shows all of them (`page`), their assets (`defs.report_assets`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sparkify_assets.model import queries
from sparkify_assets.model.tables import TABLES
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.transaction import Transaction

Row = Mapping[str, Any]

#: The comment at the head of a file, which is the question's title and description.
_HEAD = re.compile(r"\A(?:-- .*\n)+")

#: A table that is no asset, and one that changes with it and is.
_PUBLISHED_WITH = {"staging.song_titles": "sparkify.songs"}

#: How many rows of an answer are shown at most: a year of days.
MAX_ROWS = 366


@dataclass(frozen=True)
class Question:
    """A file of `sql/analytics` and the kind of its chart, which draws the columns `y` over the columns `x`. `pii` says
    that the answer identifies people, `windows` how many days some columns look back on, `tabular` that its table says
    more than its picture.
    """

    name: str
    kind: Literal["columns", "ranking", "lines", "areas", "changes", "heat"]
    x: tuple[str, ...]
    y: tuple[str, ...]
    pii: bool = False
    windows: Mapping[str, int] = field(default_factory=dict)
    tabular: bool = False

    @property
    def file(self) -> str:
        return f"analytics/{self.name}"

    @property
    def title(self) -> str:
        """The first line of the comment at the head of the file."""
        return queries.heading(self.file)[0]

    @property
    def description(self) -> str:
        """The other lines of that comment."""
        return " ".join(queries.heading(self.file)[1:])

    @property
    def inputs(self) -> list[str]:
        """The assets whose tables the file reads."""
        named = {_PUBLISHED_WITH.get(table, table) for table in queries.tables_in(self.file)}
        return [asset for asset, table in TABLES.items() if table.name in named]


QUESTIONS: Sequence[Question] = (
    Question("plays_by_day", "areas", ("day",), ("plays",)),
    Question("plays_by_hour", "columns", ("hour",), ("plays", "local_plays")),
    Question("plays_by_weekday", "columns", ("weekday",), ("plays_per_day",)),
    Question("top_songs", "ranking", ("song", "artist"), ("plays",)),
    Question("top_artists", "ranking", ("artist",), ("plays",)),
    Question("top_users", "ranking", ("name", "user_id"), ("plays",), pii=True),
    Question("top_locations", "ranking", ("location",), ("plays",)),
    Question("plays_by_level", "areas", ("day",), ("paid", "free")),
    Question("level_changes", "changes", ("day",), ("upgrades", "downgrades")),
    Question(
        "active_users",
        "lines",
        ("day",),
        ("daily", "weekly", "monthly"),
        windows={"weekly": 7, "monthly": 30},
    ),
    Question("retention_by_week", "heat", ("registered_week", "weeks_later"), ("users_percent",)),
    Question("session_lengths", "columns", ("length",), ("sessions",)),
    Question("plays_per_session", "columns", ("plays_in_session",), ("sessions",)),
    Question("match_rate", "lines", ("day",), ("matched_percent",)),
    Question("match_reasons", "ranking", ("reason",), ("plays",)),
    Question("near_matches", "ranking", ("song", "artist"), ("plays",), tabular=True),
)


def answer(transaction: Transaction, question: Question, settings: Settings) -> list[Row]:
    """The rows of an answer, with values that JSON has: days as text, decimals as numbers."""
    rows = transaction.records(question.file, **_parameters(settings))
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def statement(question: Question, settings: Settings) -> str:
    """The SQL of an answer as a person may run it: filled in, and with the settings in the place of its parameters."""
    (text,) = queries.statements(question.file)
    text = _HEAD.sub("", text)
    return f"{text % _parameters(settings) if '%(' in text else text};"


def _parameters(settings: Settings) -> dict[str, float]:
    return {"session_pause_minutes": settings.session_pause_minutes}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value
