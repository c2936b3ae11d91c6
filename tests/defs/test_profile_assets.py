"""The profiles as assets: when they are made, and what a run records of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from sample_data.generate import write_sample
from sparkify_assets.definitions import build_defs
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.fields import expected_fields
from tests.defs.conftest import OLD_DAY, Automation

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


def test_profiles_are_made_at_first_and_then_once_a_day_after_a_load(automation: Automation) -> None:
    profiles = {"log_data_profile"}

    def tick(day: int, hour: int) -> set[str]:
        return automation.tick(among=profiles, at=datetime(2030, 3, day, hour, tzinfo=UTC))

    assert tick(1, 1) == set()
    automation.made("staging_events", OLD_DAY)
    assert tick(1, 5) == profiles
    assert tick(1, 6) == tick(1, 7) == set()  # nothing was loaded
    automation.made("staging_events", OLD_DAY)
    assert tick(1, 8) == profiles
    assert tick(1, 9) == set()
    automation.made("staging_events", OLD_DAY)
    assert tick(1, 10) == tick(1, 23) == set()
    assert tick(2, 7) == profiles
    assert tick(3, 7) == set()  # nothing was loaded


def test_the_run_records_the_profiles(loader: Loader, source: Path) -> None:
    write_sample(source, events=400, songs=10, days=2, seed=1)
    job = build_defs(loader.settings, loader=loader).resolve_job_def("analytics")
    names = [dg.AssetKey("log_data_profile"), dg.AssetKey("song_data_profile")]
    result = job.execute_in_process(instance=dg.DagsterInstance.ephemeral(), asset_selection=names)
    metadata = {
        event.step_materialization_data.materialization.asset_key.to_user_string(): (
            event.step_materialization_data.materialization.metadata
        )
        for event in result.all_events
        if event.is_step_materialization
    }
    events = metadata["log_data_profile"]
    assert events["dagster/row_count"].value >= 400  # type: ignore[operator]
    assert {row.data["field"] for row in events["fields"].records} == expected_fields("events").keys()  # type: ignore[union-attr]
    assert metadata["song_data_profile"]["objects"].value == 10
