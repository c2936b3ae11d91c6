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
from typing import TYPE_CHECKING, Any

from sparkify_assets.inspection.findings import check_results
from sparkify_assets.inspection.profile import last_profile
from sparkify_assets.model.datasets import DATASETS
from sparkify_assets.report.formats import percent, shown, size, visible, words
from sparkify_assets.report.questions import MAX_ROWS, QUESTIONS, Question, Row, answer, statement
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
    "Retention": ("retention_by_week",),
    "Matching": ("match_rate", "match_reasons", "near_matches"),
}


@dataclass(frozen=True)
class Card:
    """A question with its answer: the SQL, charts for a wide and a narrow page, the rows, and how many of them are not
    shown.
    """

    question: Question
    sql: str
    rows: Sequence[Row]
    wide: Markup
    narrow: Markup
    left_out: int


def report_page(warehouse: Warehouse, settings: Settings) -> str:
    """The page, made from one snapshot of the warehouse. Raises WarehouseError."""
    import jinja2  # here, so that a load does not wait for its import

    with warehouse.reading() as transaction:
        content = _content(transaction, settings)
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # titles, names and rejected records may hold any text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "shown": shown,
        "words": words,
        "percent_of": percent,
        "visible": visible,
        "size": size,
    }
    return templates.get_template("report.html").render(content)


def write_report(warehouse: Warehouse, settings: Settings, path: Path) -> int:
    """Write the page and return its size in bytes. Raises OSError, WarehouseError."""
    page = report_page(warehouse, settings).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(page)
    fresh.replace(path)  # a reader sees the old page or the new one, never half of one
    return len(page)


def report_path(settings: Settings) -> Path:
    """Where the page is written by default."""
    return settings.home / "report.html"


def _content(transaction: Transaction, settings: Settings) -> dict[str, Any]:
    answers = {question.name: answer(transaction, question, settings) for question in QUESTIONS}
    row_counts = transaction.records("report/row_counts")[0]
    questions = {question.name: question for question in QUESTIONS}
    freshness = transaction.records("report/reach")[0]
    return {
        "made_at": datetime.now(UTC),
        "sections": {
            title: [_card(questions[name], answers[name], settings) for name in names]
            for title, names in SECTIONS.items()
        },
        "figures": _figures(answers, row_counts),
        "freshness": {**freshness, "missing_days": _missing_days(freshness)},
        "row_counts": row_counts,
        "loads": transaction.records("report/loads"),
        "checks": check_results(transaction, settings),
        "blocked": transaction.records("report/blocked"),
        "quarantine": transaction.records("report/quarantine"),
        "source": settings.source,
        "profiles": [found for dataset in DATASETS if (found := last_profile(settings, dataset))],
    }


def _card(question: Question, rows: Sequence[Row], settings: Settings) -> Card:
    from markupsafe import Markup

    from sparkify_assets.report.charts import NARROW, WIDE, picture

    preview = rows[-MAX_ROWS:]

    def drawn(width: int) -> Markup:
        # Vega escapes what comes from the data.
        return Markup(picture(question, rows, width) if rows else "")  # noqa: S704

    return Card(
        question, statement(question, settings), preview, drawn(WIDE), drawn(NARROW), len(rows) - len(preview)
    )


def _figures(answers: Mapping[str, Sequence[Row]], counts: Row) -> list[tuple[str, str, str]]:
    """The figures at the top of the page, each as its name, its value and a remark."""

    def total(question: str, column: str) -> int:
        return sum(row[column] for row in answers[question])

    plays = total("plays_by_day", "plays")
    listeners = max((row["monthly"] for row in answers["active_users"]), default=0)
    paid, matched = total("plays_by_level", "paid"), total("match_rate", "matched")
    return [
        ("Plays", f"{plays:,}", f"on {len(answers['plays_by_day']):,} days"),
        ("Active users", f"{listeners:,}", "at most, in any 30 days"),
        ("Sessions", f"{total('session_lengths', 'sessions'):,}", "with at least one play"),
        ("Paid plays", percent(paid, plays), f"{paid:,} of {plays:,}"),
        ("Library", f"{counts['songs']:,}", f"songs by {counts['artists']:,} artists"),
        ("Matched plays", percent(matched, plays), f"{matched:,} with a song of the library"),
    ]


def _missing_days(freshness: Mapping[str, Any]) -> int:
    """How many days between the first and the last one are not published."""
    if not freshness["days"]:
        return 0
    first, last = (date.fromisoformat(freshness[name]) for name in ("first_day", "last_day"))
    return (last - first).days + 1 - int(freshness["days"])
