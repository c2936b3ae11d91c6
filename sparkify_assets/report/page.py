"""The report: all answers, loads, checks and profiles on one self-contained HTML page.

Belongs here: what the page contains, and in which order. Does not: how it looks (`report.html`) and how a number is
written (`formats`), the questions and their charts (`questions`, `charts`), the profiles of the source files
(`inspection.profile`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sparkify_assets.inspection.attention import Concern, concerns
from sparkify_assets.inspection.findings import CheckResult, check_results
from sparkify_assets.inspection.profile import last_profile
from sparkify_assets.load.audit import parameters
from sparkify_assets.model import queries
from sparkify_assets.model.datasets import DATASETS
from sparkify_assets.report.behind import address
from sparkify_assets.report.formats import percent
from sparkify_assets.report.questions import MAX_ROWS, QUESTIONS, Question, Row, answer, statement
from sparkify_assets.report.templates import filled
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.transaction import Transaction

if TYPE_CHECKING:
    from markupsafe import Markup

#: The questions by subject, shown two in a row.
SECTIONS: Mapping[str, Sequence[str]] = {
    "When people listen": ("plays_by_day", "active_users", "plays_by_hour", "plays_by_weekday"),
    "What they play": ("top_songs", "top_artists"),
    "Who listens": ("top_users", "top_locations"),
    "Paid and free": ("plays_by_level", "level_changes"),
    "Sessions": ("session_lengths", "plays_per_session"),
    "Retention and matching": ("retention_by_week", "match_rate"),
    "Plays without a song": ("match_reasons", "near_matches"),
}


@dataclass(frozen=True)
class Card:
    """A question with its answer: the rule in words, the SQL, the rows, charts for a wide and a narrow page, and how
    many rows are not shown.
    """

    question: Question
    rule: str
    sql: str
    rows: Sequence[Row]
    wide: Markup
    narrow: Markup
    left_out: int


class Figure(NamedTuple):
    """A figure at the top of the page, with the card that says where it comes from."""

    name: str
    value: str
    note: str
    card: str


class Report(NamedTuple):
    """The page, and what stands at its top: what to look at first, and the figures."""

    html: str
    concerns: Sequence[Concern]
    figures: Sequence[Figure]


def report_page(transaction: Transaction, settings: Settings, *, live: bool = False) -> Report:
    """The page as it is in a transaction, which is one snapshot of the warehouse. A `live` page is served, and leads to
    the plays behind its numbers.
    """
    content = _content(transaction, settings)
    html = filled("report.html", **content, live=live, address=address)
    return Report(html, content["concerns"], content["figures"])


def write_report(warehouse: Warehouse, settings: Settings, path: Path) -> Report:
    """Write the page. Raises OSError, WarehouseError."""
    with warehouse.reading() as transaction:
        report = report_page(transaction, settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(report.html, "utf-8")
    fresh.replace(path)  # a reader sees the old page or the new one, never half of one
    return report


def report_path(settings: Settings) -> Path:
    """Where the page is written by default."""
    return settings.home / "report.html"


def _content(transaction: Transaction, settings: Settings) -> dict[str, Any]:
    now = datetime.now(UTC)
    answers = {question.name: answer(transaction, question, settings) for question in QUESTIONS}
    row_counts = transaction.records("report/row_counts")[0]
    questions = {question.name: question for question in QUESTIONS}
    freshness = transaction.records("report/reach")[0]
    return {
        "made_at": now,
        "concerns": concerns(transaction, settings, now.replace(tzinfo=None)),
        "sections": {
            title: [_card(questions[name], answers[name], settings) for name in names]
            for title, names in SECTIONS.items()
        },
        "figures": _figures(answers, row_counts, settings),
        "freshness": {**freshness, "missing_days": _missing_days(freshness)},
        "row_counts": row_counts,
        "loads": transaction.records("report/loads"),
        "checks": (checks := check_results(transaction, settings)),
        "blocked": transaction.records("report/blocked"),
        "quarantine": transaction.records("report/quarantine"),
        "statements": {
            name: _text(transaction, name) for name in queries.names("report") if name != "report/plays"
        },
        "check_statements": _check_statements(transaction, checks, settings),
        "source": settings.source,
        "profiles": [found for dataset in DATASETS if (found := last_profile(settings, dataset))],
    }


def _text(transaction: Transaction, name: str, **parameters: Any) -> str:
    """The statement of a file as a person may run it."""
    (text,) = queries.statements(name)
    return f"{transaction.cursor.mogrify(text, parameters or None).decode()};"


def _check_statements(
    transaction: Transaction, checks: Sequence[CheckResult], settings: Settings
) -> dict[str, str]:
    """The queries of the checks that block, as they were asked just now."""
    bounds = {dataset: (first, last) for dataset, first, last in transaction.rows("ledger/published_bounds")}
    return {
        result.check.name: _text(
            transaction, result.check.file, **parameters(*bounds[result.check.dataset], settings)
        )
        for result in checks
        if result.blocks
    }


def _card(question: Question, rows: Sequence[Row], settings: Settings) -> Card:
    from markupsafe import Markup

    from sparkify_assets.report.charts import NARROW, WIDE, picture

    preview = rows[-MAX_ROWS:]

    def drawn(width: int) -> Markup:
        # Vega escapes what comes from the data.
        return Markup(picture(question, rows, width) if rows else "")  # noqa: S704

    return Card(
        question=question,
        rule=_with_values(question.description, settings),
        sql=statement(question, settings),
        rows=preview,
        wide=drawn(WIDE),
        narrow=drawn(NARROW),
        left_out=len(rows) - len(preview),
    )


def _with_values(text: str, settings: Settings) -> str:
    """A text with the value of the setting that it names."""
    name = "SPARKIFY_SESSION_PAUSE_MINUTES"
    return text.replace(name, f"{name} ({settings.session_pause_minutes:,.7g})")


def _figures(answers: Mapping[str, Sequence[Row]], counts: Row, settings: Settings) -> list[Figure]:

    def total(question: str, column: str) -> int:
        return sum(row[column] for row in answers[question])

    plays = total("plays_by_day", "plays")
    listeners = max((row["monthly"] for row in answers["active_users"]), default=0)
    paid, matched = total("plays_by_level", "paid"), total("match_rate", "matched")
    return [
        Figure("Plays", f"{plays:,}", f"on {len(answers['plays_by_day']):,} days", "plays_by_day"),
        Figure("Active users", f"{listeners:,}", "at most, in any 30 days", "active_users"),
        Figure(
            "Sessions",
            f"{total('session_lengths', 'sessions'):,}",
            f"cut where nothing plays for {settings.session_pause_minutes:,.7g} min",
            "session_lengths",
        ),
        Figure("Paid plays", percent(paid, plays), f"{paid:,} of {plays:,}", "plays_by_level"),
        Figure("Library", f"{counts['songs']:,}", f"songs by {counts['artists']:,} artists", "rows"),
        Figure(
            "Matched plays",
            percent(matched, plays),
            f"{matched:,} with a song of the library",
            "match_reasons",
        ),
    ]


def _missing_days(freshness: Mapping[str, Any]) -> int:
    """How many days between the first and the last one are not published."""
    if not freshness["days"]:
        return 0
    first, last = (date.fromisoformat(freshness[name]) for name in ("first_day", "last_day"))
    return (last - first).days + 1 - int(freshness["days"])
