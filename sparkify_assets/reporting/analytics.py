"""The questions of `sql/analytics` as assets: each with its answer as a table and as a picture
(https://docs.dagster.io/guides/build/assets/metadata-and-tags).

Belongs here: which questions there are, and what Dagster shows of an answer. Does not: how a picture is drawn
(`charts`), nor the page that shows all of them (`report`).
"""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import dagster as dg

from sparkify_assets import sql
from sparkify_assets.loading import Loader
from sparkify_assets.resources.redshift import Transaction
from sparkify_assets.tables import TABLES, code_reference, shown_rows, tags

Row = Mapping[str, Any]

#: How many rows of an answer are shown: a year of days.
MOST_ROWS = 366

_CHANGED: dg.AutomationCondition[Any] = dg.AutomationCondition.any_deps_updated()

_ASKED: dg.AutomationCondition[Any] = (
    dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated()
)

#: Was never made, though there is something to make it of: also where that was loaded before anything watched, which
#: `since_last_handled` would take for handled.
_FIRST: dg.AutomationCondition[Any] = (
    (
        dg.AutomationCondition.missing()
        & dg.AutomationCondition.any_deps_match(~dg.AutomationCondition.missing())
    )
    .newly_true()
    .since(_ASKED)
)

#: Made again whenever something it is made of was: an old day as much as the latest one, which `eager()` alone looks
#: at. It waits for loads that run, and does not mind days that are missing or were blocked. What changes just as an
#: answer was asked for would be forgotten with `since_last_handled` alone, hence the second half.
#: https://docs.dagster.io/guides/automate/declarative-automation/customizing-automation-conditions
REFRESH = (
    (_FIRST | _CHANGED.since_last_handled() | _CHANGED) & ~dg.AutomationCondition.any_deps_in_progress()
).with_label("when its inputs changed")


@dataclass(frozen=True)
class Question:
    """A file of `sql/analytics` and its picture: `x` is told by the values of the columns `y`. `pii` says that the
    answer names people.
    """

    name: str
    kind: Literal["columns", "ranking", "lines", "areas", "changes", "heat"]
    x: tuple[str, ...]
    y: tuple[str, ...]
    pii: bool = False

    @property
    def file(self) -> str:
        return f"analytics/{self.name}"

    @property
    def title(self) -> str:
        """The first line of the file's head comment."""
        return self._head[0]

    @property
    def description(self) -> str:
        """The other lines of the file's head comment."""
        return " ".join(self._head[1:])

    @property
    def inputs(self) -> list[str]:
        """The assets whose tables the file reads."""
        named = set(re.findall(r"\b(?:sparkify|staging)\.\w+", sql.read(self.file)))
        return [asset for asset, table in TABLES.items() if table.name in named]

    @property
    def _head(self) -> list[str]:
        (head,) = re.findall(r"\A(?:-- .*\n)+", sql.read(self.file))
        return [line.removeprefix("-- ") for line in head.splitlines()]


QUESTIONS: Sequence[Question] = (
    Question("plays_by_day", "areas", ("day",), ("plays",)),
    Question("plays_by_hour", "columns", ("hour",), ("plays",)),
    Question("plays_by_weekday", "columns", ("weekday",), ("plays",)),
    Question("top_songs", "ranking", ("song", "artist"), ("plays",)),
    Question("top_artists", "ranking", ("artist",), ("plays",)),
    Question("top_users", "ranking", ("name", "user_id"), ("plays",), pii=True),
    Question("top_locations", "ranking", ("location",), ("plays",)),
    Question("plays_by_level", "areas", ("day",), ("paid", "free")),
    Question("level_changes", "changes", ("day",), ("upgrades", "downgrades")),
    Question("active_users", "lines", ("day",), ("daily", "weekly", "monthly")),
    Question("retention_by_week", "heat", ("first_week", "weeks_later"), ("users_percent",)),
    Question("session_lengths", "columns", ("length",), ("sessions",)),
    Question("plays_per_session", "columns", ("plays_in_session",), ("sessions",)),
    Question("match_rate", "lines", ("day",), ("matched_percent",)),
)


def answer(transaction: Transaction, question: Question) -> list[Row]:
    """The rows of a question, with values that JSON knows: days as text, decimals as floats."""
    return [
        {name: _plain(value) for name, value in row.items()} for row in transaction.records(question.file)
    ]


def analytics_assets() -> list[dg.AssetsDefinition]:
    """An asset for each question."""
    return [_asset(question) for question in QUESTIONS]


def _asset(question: Question) -> dg.AssetsDefinition:
    @dg.asset(
        name=question.name,
        group_name="analytics",
        deps=question.inputs,
        description=f"{question.description}\n\nAsked by `sql/{question.file}.sql`.",
        kinds={"redshift", "sql"},
        owners=["team:analytics"],
        tags=tags("listening", pii=question.pii),
        automation_condition=REFRESH,
        metadata=code_reference(f"sql/{question.file}.sql"),
    )
    def asset(loader: dg.ResourceParam[Loader]) -> dg.MaterializeResult[None]:
        started = time.perf_counter()
        with loader.warehouse.reading() as transaction:
            rows = answer(transaction, question)
        seconds = time.perf_counter() - started
        return dg.MaterializeResult(metadata={**_metadata(question, rows), "seconds": round(seconds, 3)})

    return asset


def _metadata(question: Question, rows: Sequence[Row]) -> dict[str, Any]:
    """Rows and figures, which Dagster plots over time, the answer as a table and as a picture."""
    # Here, so that nobody else waits for the drawing library.
    from sparkify_assets.reporting.charts import picture

    shown = rows[-MOST_ROWS:]
    metadata: dict[str, Any] = {"dagster/row_count": len(rows), **dict(_figures(question, rows))}
    if shown:
        svg = b64encode(picture(question, shown).encode()).decode()
        metadata["picture"] = dg.MetadataValue.md(f"![{question.title}](data:image/svg+xml;base64,{svg})")
        metadata["answer"] = shown_rows(shown)
    return metadata


def _figures(question: Question, rows: Sequence[Row]) -> Iterator[tuple[str, float]]:
    """One number for each column of the picture: the latest of a line, else the sum."""
    for column in question.y if question.kind != "heat" else ():
        values = [row[column] for row in rows if row[column] is not None]
        if question.kind != "lines":
            yield f"{column} in all", sum(values)
        elif values:
            yield f"latest {column}", values[-1]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value
