"""A picture fits its page, escapes what comes from the data, stays small, and has a sentence that describes it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import date, timedelta

import pytest

from sparkify_assets.report.charts import NARROW, WIDE, alternative, picture
from sparkify_assets.report.questions import Question

SVG = "{http://www.w3.org/2000/svg}"


HOURS = Question("plays_by_hour", "columns", ("hour",), ("plays",))
DAYS = Question("plays_by_day", "areas", ("day",), ("plays",))
SONGS = Question("top_songs", "ranking", ("song", "artist"), ("plays",))


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_picture_fits_its_width_and_takes_its_colours_from_the_page(width: int) -> None:
    svg = picture(HOURS, [{"hour": hour, "plays": hour * hour} for hour in range(24)], width)
    drawing = ET.fromstring(svg)
    assert float(drawing.attrib["width"]) == width
    fills = Counter(path.attrib.get("fill", "").partition(",")[0] for path in drawing.iter(f"{SVG}path"))
    assert (fills["var(--series-1"], fills["var(--soft"]) == (1, 23)  # the highest stands out
    assert set(re.findall(r'fill="([^"]+)"', svg)) <= {"none"} | set(re.findall(r'"(var\(--[^"]+)"', svg))
    assert "529" in texts(svg)  # 23 * 23, at the highest


def test_names_from_the_data_cannot_break_a_picture() -> None:
    name = '</text><script>alert(1)</script> & "quoted" \\'
    svg = picture(SONGS, [{"song": name, "artist": None, "plays": 3}])
    assert any(text.startswith(name[:20]) for text in texts(svg))
    assert not list(ET.fromstring(svg).iter(f"{SVG}script"))
    assert name in ET.fromstring(svg).attrib["aria-label"]


def test_the_sentence_names_the_greatest_and_the_least() -> None:
    rows = [{"hour": 0, "plays": 7}, {"hour": 16, "plays": 1542}]
    assert alternative(HOURS, rows) == "Plays by hour: 2 values; most plays 1,542 (16), least 7 (0)."


def test_ten_years_of_days_stay_small() -> None:
    days = [{"day": (date(2010, 1, 1) + timedelta(n)).isoformat(), "plays": n} for n in range(3650)]
    svg = picture(DAYS, days)
    assert len(svg) < 200_000
    assert "Jan 2012" in texts(svg)
