"""Which days load: those that the settings name, and what is said of the others."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import dagster as dg

from sample_data.generate import write_sample
from sparkify_assets.defs.freshness import LoadedDay, late_days
from sparkify_assets.defs.listing_cache import ListingCache
from sparkify_assets.defs.sensors import tick
from sparkify_assets.model.datasets import left_out, why_outside
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import loader_for, settings_for

TODAY = date(2020, 2, 29)


def test_a_day_that_does_not_load_names_the_setting(tmp_path: Path) -> None:
    open_end = settings_for(tmp_path, tmp_path)
    assert why_outside("2018-01-01", open_end, TODAY) == why_outside("2020-02-29", open_end, TODAY) == ""
    assert why_outside("2017-12-31", open_end, TODAY).endswith("(SPARKIFY_FIRST_DAY)")
    assert "after 2020-02-29, which is today in UTC (SPARKIFY_LAST_DAY may" in why_outside(
        "2020-03-01", open_end, TODAY
    )
    closed = settings_for(tmp_path, tmp_path, last_day=date(2018, 11, 30))
    days = ["2017-01-01", *(f"2018-12-0{n}" for n in range(1, 6))]
    assert left_out({day: why_outside(day, closed, TODAY) for day in days}) == [
        "2017-01-01: before 2018-01-01, the first day that is loaded (SPARKIFY_FIRST_DAY)",
        "2018-12-01 to 2018-12-05 (5): after 2018-11-30, the last day that is loaded (SPARKIFY_LAST_DAY)",
    ]


def test_a_sensor_names_the_setting_too(warehouse: Warehouse, source: Path, tmp_path: Path) -> None:
    day = source / "log_data/2018/11/2018-11-05-events.json"
    day.parent.mkdir(parents=True)
    day.write_text("{}")
    loader = loader_for(warehouse, source, tmp_path / "home", last_day=date(2018, 11, 4))
    with dg.DagsterInstance.ephemeral() as instance:
        skipped = tick(ListingCache("events"), loader, instance)
    assert isinstance(skipped, dg.SkipReason)
    assert str(skipped.skip_message).startswith("Not loaded: 2018-11-05: after 2018-11-04, the last day")


def test_the_day_after_the_sample_loads_and_none_is_late_that_nobody_adds(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample", events=10, songs=1, days=30, seed=1)
    chosen = Settings.from_environment({"SPARKIFY_HOME": str(tmp_path)})
    assert (chosen.first_day, chosen.last_expected) == (date(2018, 11, 1), date(2018, 11, 30))
    assert why_outside("2018-12-01", chosen, TODAY) == ""
    assert why_outside("2018-12-08", chosen, TODAY).endswith("(SPARKIFY_LAST_DAY)")
    loaded = [
        LoadedDay(start.date(), start + timedelta(days=9), start + timedelta(hours=23))
        for start in (datetime.fromisoformat("2018-11-01") + timedelta(days=n) for n in range(30))
    ]
    long_after, allowed = datetime.fromisoformat("2020-01-01"), timedelta(hours=6)
    assert not late_days(loaded, last=chosen.last_expected, now=long_after, allowed=allowed)
    assert len(late_days(loaded, last=chosen.last_day, now=long_after, allowed=allowed)) == 7
    named = Settings.from_environment({"SPARKIFY_HOME": str(tmp_path), "SPARKIFY_LAST_DAY": "2018-11-30"})
    assert (named.last_day, named.last_expected) == (date(2018, 11, 30), None)
