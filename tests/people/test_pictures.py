"""What Dagster records of an answer: its rows, figures that it plots, a table, a picture."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from sample_data.generate import write_sample
from sparkify_assets.definitions import build_defs
from sparkify_assets.load.loader import Loader
from sparkify_assets.report.charts import NARROW, WIDE, alternative, picture
from sparkify_assets.report.questions import QUESTIONS, Question
from tests.conftest import load_all

SVG = "{http://www.w3.org/2000/svg}"


def materializations(loader: Loader) -> dict[str, dg.AssetMaterialization]:
    job = build_defs(loader.settings, loader=loader).resolve_job_def("analytics")
    result = job.execute_in_process(instance=dg.DagsterInstance.ephemeral())
    assert result.success
    return {
        event.step_materialization_data.materialization.asset_key.to_user_string(): (
            event.step_materialization_data.materialization
        )
        for event in result.all_events
        if event.is_step_materialization
    }


def test_a_run_records_rows_figures_table_and_picture_of_each_question(loader: Loader, source: Path) -> None:
    write_sample(source, events=3000, songs=70, days=8, seed=3)
    load_all(loader)
    made = materializations(loader)
    plays = {"plays_by_hour", "plays_by_weekday", "plays_by_day"}
    assert len({made[name].metadata["plays in all"].value for name in plays}) == 1
    for question in QUESTIONS:
        metadata = made[question.name].metadata
        rows = metadata["answer"].records  # type: ignore[union-attr]
        assert metadata["dagster/row_count"].value == len(rows) > 0, question.name
        assert metadata["seconds"].value > 0  # type: ignore[operator]
        shown = re.fullmatch(r"!\[(.+)\]\(data:image/svg\+xml;base64,(.+)\)", metadata["picture"].value)  # type: ignore[arg-type]
        assert shown is not None
        assert shown[1] == question.title
        drawing = ET.fromstring(base64.b64decode(shown[2]))
        assert drawing.attrib["role"] == "img"
        assert drawing.attrib["aria-label"].startswith(f"{question.title}: {len(rows)} values")


def test_an_empty_warehouse_has_no_pictures_and_yet_a_page(loader: Loader) -> None:
    made = materializations(loader)
    for question in QUESTIONS:
        assert made[question.name].metadata["dagster/row_count"].value == 0
        assert "picture" not in made[question.name].metadata
    metadata = made["report"].metadata
    page = loader.settings.home / "report.html"
    assert metadata["path"].value == str(page)
    assert metadata["bytes"].value == page.stat().st_size > 0


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
