"""Answers are asked again when what they are made of was made anew: an old day as well as the latest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor

from sparkify_assets.definitions import build_defs
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.tables import ASSETS, TABLES
from sparkify_assets.report.questions import QUESTIONS
from tests.conftest import settings_for

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

NAMES = {question.name for question in QUESTIONS}
#: Many days before the latest one that there is: the settings' days reach from 2018-01-01 until today.
OLD_DAY = "2018-11-12"


class Automation:
    """Dagster's automation, evaluated tick by tick on an instance of its own."""

    def __init__(self, home: Path) -> None:
        self.instance = dg.DagsterInstance.ephemeral()
        settings = settings_for(home, home)
        self.defs = build_defs(settings)
        self.cursor: AssetDaemonCursor | None = None

    def tick(self, among: set[str] = NAMES, at: datetime | None = None) -> set[str]:
        """Those of some assets that would be made now."""
        result = dg.evaluate_automation_conditions(
            self.defs, self.instance, cursor=self.cursor, evaluation_time=at
        )
        self.cursor = result.cursor
        return {
            one.key.to_user_string()
            for one in result.results
            if one.true_subset.size and one.key.to_user_string() in among
        }

    def made(self, asset: str, partition: str | None = None) -> None:
        self.instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=partition))


@pytest.fixture
def automation(tmp_path: Path) -> Automation:
    """One that watches already."""
    automation = Automation(tmp_path)
    automation.tick(at=datetime(2030, 3, 1, tzinfo=UTC))
    return automation


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
    assert automation.tick() == {"match_rate"}
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


def test_profiles_are_made_once_a_day_after_a_load(automation: Automation) -> None:
    profiles = {"log_data_profile"}

    def tick(day: int, hour: int) -> set[str]:
        return automation.tick(among=profiles, at=datetime(2030, 3, day, hour, tzinfo=UTC))

    assert tick(1, 1) == set()
    automation.made("staging_events", OLD_DAY)
    assert tick(1, 5) == set()
    assert tick(1, 7) == profiles
    assert tick(1, 8) == set()
    automation.made("staging_events", OLD_DAY)
    assert tick(1, 9) == tick(1, 23) == set()
    assert tick(2, 7) == profiles
    assert tick(3, 7) == set()  # nothing was loaded


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
