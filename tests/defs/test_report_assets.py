"""The answers as assets: they are made again when an input was, an old day as well as the latest, and a run records
rows, figures, a table and a picture of each.
"""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from sample_data.generate import write_sample
from sparkify_assets.definitions import build_defs
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.tables import ASSETS, TABLES
from sparkify_assets.report.questions import QUESTIONS
from tests.conftest import load_all
from tests.defs.conftest import NAMES, OLD_DAY, Automation

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


def readers(*assets: str) -> set[str]:
    return {question.name for question in QUESTIONS if set(question.inputs) & set(assets)}


def test_nothing_is_asked_while_nothing_changes(automation: Automation) -> None:
    assert automation.tick() == automation.tick() == set()


def test_what_was_loaded_before_anything_watched_is_asked_once(tmp_path: Path) -> None:
    automation = Automation(tmp_path)
    for asset in ASSETS["songs"]:
        automation.made(asset)
    for asset in ASSETS["events"]:
        automation.made(asset, OLD_DAY)
    assert automation.tick(among={*NAMES, "report"}) == {*NAMES, "report"}
    assert automation.tick(among={*NAMES, "report"}) == set()


def test_an_old_day_asks_every_question_that_reads_it_once(automation: Automation) -> None:
    for asset in ASSETS["events"]:
        automation.made(asset, OLD_DAY)
    assert automation.tick() == NAMES  # though most days were never loaded
    assert automation.tick() == set()


def test_the_same_old_day_loaded_again_asks_again(automation: Automation) -> None:
    for _ in range(2):
        automation.made("songplays", OLD_DAY)
        assert automation.tick() == readers("songplays")
        assert automation.tick() == set()


def test_what_changes_just_after_it_was_asked_for_is_not_forgotten(automation: Automation) -> None:
    automation.made("songplays", OLD_DAY)
    assert automation.tick() == readers("songplays")
    automation.made("songplays", "2018-11-13")
    assert automation.tick() == readers("songplays")
    assert automation.tick() == set()


def test_the_page_follows_the_answers(automation: Automation) -> None:
    automation.made("songs")
    assert automation.tick(among={"report"}) == {"report"}
    assert automation.tick(among={"report"}) == set()


def test_only_what_reads_the_changed_table_is_asked(automation: Automation) -> None:
    automation.made("songs")
    assert automation.tick() == {"match_rate", "match_reasons", "near_matches"}
    automation.made("users", OLD_DAY)
    assert automation.tick() == {"top_users"}


def test_a_load_that_still_runs_is_waited_for(automation: Automation) -> None:
    run = automation.instance.create_run_for_job(
        automation.defs.resolve_job_def("load"),
        asset_selection=frozenset(map(dg.AssetKey, ASSETS["events"])),
        tags={
            "dagster/asset_partition_range_start": OLD_DAY,
            "dagster/asset_partition_range_end": "2018-11-14",
        },
        status=dg.DagsterRunStatus.STARTED,
    )
    automation.made("songplays", OLD_DAY)
    assert automation.tick() == set()
    automation.instance.report_run_canceled(run)
    assert automation.tick() == readers("songplays")


def test_every_question_is_an_asset_with_the_words_of_its_file(loader: Loader) -> None:
    defs = build_defs(loader.settings)
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    for question in QUESTIONS:
        spec = specs[question.name]
        assert spec.group_name == "analytics"
        assert spec.description is not None
        assert spec.description.startswith(question.description)
        assert {dep.asset_key.to_user_string() for dep in spec.deps} == set(question.inputs) <= TABLES.keys()
    job = defs.resolve_job_def("analytics")
    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} >= NAMES


def materializations(loader: Loader, *only: str) -> dict[str, dg.AssetMaterialization]:
    job = build_defs(loader.settings, loader=loader).resolve_job_def("analytics")
    result = job.execute_in_process(
        instance=dg.DagsterInstance.ephemeral(), asset_selection=[dg.AssetKey(name) for name in only] or None
    )
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
    plays = {"plays_by_hour", "plays_by_day"}
    assert len({made[name].metadata["plays in all"].value for name in plays}) == 1
    for question in QUESTIONS:
        totals = {name for name in made[question.name].metadata if name.endswith(" in all")}
        assert not totals or question.kind != "ranking", "ten rows are not all plays"
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


def test_the_report_shows_its_head_and_leads_to_the_live_one(loader: Loader, source: Path) -> None:
    write_sample(source, events=300, songs=20, days=3, seed=1)
    days = sorted(source.rglob("*-events.json"))
    days[0].write_text("<b>*cut*</b>" + '{"cut": \n' * 2000)
    load_all(loader)
    live = replace(loader, settings=replace(loader.settings, report_page="http://127.0.0.1:3001"))
    metadata = materializations(live, "report")["report"].metadata
    assert metadata["report"].value == "http://127.0.0.1:3001"
    head = str(metadata["overview"].value)
    assert re.match(r"\| Plays \| .*\n(\|---){6}\|\n\| \*\*[\d,]+\*\* \|", head)
    day = days[0].name[:10]
    assert f"`sparkify rejects --day {day}`" in head
    assert f"blocked {day.replace('-', '&#45;')}" in head
    assert not re.search(r"<b>|\*cut", head)
