"""Pictures in a real browser: no text leaves its picture or covers another, and the numbers are those of the table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from html import escape
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from sparkify_assets.report.charts import NARROW, WIDE, picture
from sparkify_assets.report.questions import QUESTIONS, Question

#: Where each text of each picture lies, beside its picture's bounds.
TEXTS = """
() => [...document.querySelectorAll('figure')].map(figure => {
  const svg = figure.querySelector('svg').getBoundingClientRect();
  const boxes = [...figure.querySelectorAll('text')]
    .filter(text => text.textContent.trim() && getComputedStyle(text).opacity > 0)
    .map(text => [text.textContent, /rotate\\(/.test(text.getAttribute('transform')), text.getBoundingClientRect()])
    .map(([said, turned, { left, right, top, bottom }]) => ({ said, turned, left, right, top, bottom }));
  return { name: figure.id, left: svg.left, right: svg.right, top: svg.top, bottom: svg.bottom, boxes };
})
"""

LENGTHS = (
    "under 5 min",
    "5 to 15 min",
    "15 to 30 min",
    "30 to 60 min",
    "1 to 2 h",
    "2 to 4 h",
    "4 h and more",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LONG = "WWWW Concerto No. 4 in E flat, K. 495: II. Romance (Andante cantabile), Academy of St. Martin in the Fields"


def rows_of(question: Question, most: int, long: bool, days: int) -> list[dict[str, Any]]:
    """Rows of the question's kind, the greatest first, with numbers up to `most`."""
    rows: list[dict[str, Any]] = []
    if question.kind == "ranking":
        for place in range(10):
            names = {name: LONG if long else f"{name} {place}" for name in question.x}
            rows.append({**names, "plays": max(1, most // (place + 1))})
    elif question.kind == "heat":
        for week, later in product(range(12), range(12)):
            monday = (date(2018, 10, 1) + timedelta(weeks=week)).isoformat()
            rows.append({"registered_week": monday, "weeks_later": later, "users_percent": 100 / (later + 1),
                         "days": 7 - later % 2})  # fmt: skip
    elif question.kind == "columns":
        labels: Any = {"hour": range(24), "weekday": WEEKDAYS}.get(question.x[0], LENGTHS)
        for place, label in enumerate(labels):
            rows.append({question.x[0]: label} | {y: max(1, most // (place + 1)) for y in question.y})
    else:
        share = 100 / most if question.y[0].endswith("_percent") else 1
        for place in range(days):
            day = (date(2018, 11, 1) + timedelta(place)).isoformat()
            values = {y: share * max(1, most // (place % 9 + 1)) for y in question.y}
            rows.append({"day": day, "in_window": min(place + 1, 30), **values})
    return rows


def page_of(pictures: Iterator[tuple[str, str]]) -> str:
    figures = "".join(f'<figure id="{escape(name)}">{svg}</figure>' for name, svg in pictures)
    style = "figure { margin: 8px } svg { display: block; width: 100%; height: auto }"
    return f'<!doctype html><meta charset="utf-8"><style>{style}</style>{figures}'


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.ui
@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize(("most", "days"), [(9, 1), (689, 30), (1_000_000_000, 400)])
def test_no_text_leaves_its_picture_or_covers_another(page: Page, most: int, days: int, long: bool) -> None:
    for drawn, theme, widths in ((WIDE, "light", (560, 1000, 2000)), (NARROW, "dark", (340, 390))):
        pictures = ((q.name, picture(q, rows_of(q, most, long, days), drawn)) for q in QUESTIONS)
        page.set_content(page_of(pictures))
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            for figure in page.evaluate(TEXTS):
                where = (figure["name"], drawn, width)
                assert figure["boxes"] or days == 1, where
                for box in figure["boxes"]:
                    assert figure["left"] - 0.5 <= box["left"], (where, box["said"])
                    assert box["right"] <= figure["right"] + 0.5, (where, box["said"])
                    assert figure["top"] - 0.5 <= box["top"], (where, box["said"])
                    assert box["bottom"] <= figure["bottom"] + 0.5, (where, box["said"])
                level = [box for box in figure["boxes"] if not box["turned"]]
                for one, other in product(level, repeat=2):
                    if one is not other and abs(one["top"] - other["top"]) < 2:  # on one line
                        assert one["right"] <= other["left"] + 1 or other["right"] <= one["left"] + 1, (
                            where,
                            one,
                            other,
                        )


@pytest.mark.ui
@pytest.mark.parametrize("most", [5, 58, 689, 7_654_321, 1_000_000_000])
def test_a_ranking_shows_every_number_whole(page: Page, most: int) -> None:
    for question, width in product([q for q in QUESTIONS if q.kind == "ranking"], (WIDE, NARROW)):
        rows = rows_of(question, most, True, 1)
        page.set_content(page_of(iter([(question.name, picture(question, rows, width))])))
        (figure,) = page.evaluate(TEXTS)
        shown = [box["said"] for box in figure["boxes"] if re.fullmatch(r"[\d,]+", box["said"])]
        assert shown == [f"{row['plays']:,}" for row in rows]


def test_what_is_unknown_and_what_is_nothing_look_different() -> None:
    (question,) = [question for question in QUESTIONS if question.kind == "heat"]
    rows = [
        {"registered_week": "2018-11-05", "weeks_later": 2, "users_percent": 0.0, "days": 7},
        {"registered_week": "2018-11-12", "weeks_later": 1, "users_percent": 99.677419, "days": 7},
    ]
    svg = picture(question, rows)
    texts = re.findall(r">([^<>]+)</text>", svg)
    assert "99.7%" in texts
    assert (
        texts.count("0%") == texts.count("0") == 1
    )  # a field holds nothing, and a week without one has its place
    assert {"1", "2"} <= set(texts)


@pytest.mark.parametrize("kind", ["areas", "lines"])
def test_a_day_alone_is_drawn(kind: str) -> None:
    for question in (q for q in QUESTIONS if q.kind == kind and len(q.y) == 1):  # others have a legend
        one = dict.fromkeys(question.y, 7)
        day = {"day": "2018-11-01", "in_window": 1}
        assert 'fill="var(--series-1' in picture(question, [{**day, **one}])
        assert 'fill="var(--series-1' not in picture(question, [{**day, **dict.fromkeys(one)}])
