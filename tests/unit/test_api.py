"""The warehouse from Python, as the documentation says it is used."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest

from sample_data.generate import write_sample
from sparkify_assets.api import Sparkify
from sparkify_assets.load.selection import SelectionError
from sparkify_assets.settings import SettingsError
from sparkify_assets.warehouse.connection import Warehouse
from tests.command_line import as_url


def test_a_script_loads_and_asks(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "DAGSTER_HOME", ""
    )  # which making the state directory sets, is put back after the test
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "")
    write_sample(tmp_path / "data", events=300, songs=20, days=3, seed=5)
    (first, *_), lines = _days(tmp_path / "data")
    sparkify = Sparkify(
        source=str(tmp_path / "data"), home=str(tmp_path / "home"), warehouse=as_url(warehouse)
    )
    report = sparkify.load(days=first)
    assert [item.records_read for item in report.done.partitions] == [lines[first]]
    assert report.succeeded
    assert [item.state for item in sparkify.status().partitions if item.partition == first] == ["loaded"]
    (row,) = sparkify.query("select songplay_id, start_time, 1.50 as price from sparkify.songplays limit 1")
    assert isinstance(row["start_time"], datetime)
    assert row["price"] == Decimal("1.50")
    assert sparkify.why(row["songplay_id"])["play"]["songplay_id"] == row["songplay_id"]
    with pytest.raises(psycopg2.Error, match="read-only"):
        sparkify.query("delete from sparkify.users")
    with pytest.raises(SelectionError, match="2031"):
        sparkify.load(days="2031-01-01")
    assert sparkify.load().succeeded
    assert sum(item.records_read for item in sparkify.status().partitions if item.dataset == "events") == sum(
        lines.values()
    )


def _days(data: Path) -> tuple[list[str], dict[str, int]]:
    """The days of the events in a source, and how many lines each has."""
    files = {
        found[0]: path
        for path in sorted(data.rglob("*-events.json"))
        if (found := re.match(r"[\d-]{10}", path.name))
    }
    return list(files), {day: len(path.read_text("utf-8").splitlines()) for day, path in files.items()}


def test_a_setting_that_there_is_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no setting sauce"):
        Sparkify(sauce=str(tmp_path))
