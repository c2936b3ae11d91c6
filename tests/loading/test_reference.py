"""The real data: the warehouse holds what the reference says, however often it is loaded."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sparkify_assets.inspection.checksum import digest
from sparkify_assets.load.loader import Loader
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for


@pytest.fixture(scope="module")
def expected(reference: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((reference / "reference.json").read_text("utf-8"))
    return read


@pytest.fixture
def loaded(warehouse: Warehouse, reference: Path, tmp_path: Path) -> Loader:
    loader = loader_for(warehouse, reference, tmp_path / "home")
    load_all(loader)
    return loader


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    connection = warehouse.connect(read_only=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        connection.close()


def count(warehouse: Warehouse, table: str) -> int:
    return int(rows(warehouse, f"select count(*) from {table}")[0][0])


def test_the_warehouse_holds_what_the_reference_says(loaded: Loader, expected: dict[str, Any]) -> None:
    warehouse, star = loaded.warehouse, expected["star"]
    assert count(warehouse, "staging.events") == expected["staging"]["events"]
    assert count(warehouse, "staging.songs") == expected["staging"]["songs"]
    for table in ("songplays", "users", "songs", "artists", "time"):
        assert count(warehouse, f"sparkify.{table}") == star[table], table
    assert rows(warehouse, "select user_id, level from sparkify.users order by user_id") == [
        tuple(row) for row in expected["users_final_level"]
    ]
    matched = rows(
        warehouse,
        "select session_id, item_in_session, user_id, song_id, artist_id from sparkify.songplays"
        " where song_id is not null",
    )
    assert matched == [
        (m["session_id"], m["item_in_session"], m["user_id"], m["song_id"], m["artist_id"])
        for m in expected["matched_songplays"]
    ]


def test_hours_weekdays_days_and_users(loaded: Loader, expected: dict[str, Any]) -> None:
    warehouse = loaded.warehouse
    plays = "select {0}, count(*) from sparkify.songplays join sparkify.time using (start_time) group by 1"
    assert dict(rows(warehouse, plays.format("hour"))) == dict(expected["songplays_by_hour"])
    assert dict(rows(warehouse, plays.format("weekday"))) == dict(expected["songplays_by_weekday"])
    by_day = rows(
        warehouse,
        "select event_date, count(*), sum(case when page = 'NextSong' then 1 else 0 end) from staging.events"
        " group by event_date order by event_date",
    )
    assert [(str(day), events, plays) for day, events, plays in by_day] == [
        (day["day"], day["events"], day["next_song"]) for day in expected["per_day"]
    ]
    top = rows(
        warehouse,
        "select user_id, count(*) from sparkify.songplays group by user_id order by 2 desc, 1 limit 10",
    )
    assert top == [tuple(row) for row in expected["top_users_by_songplays"]]


def test_milliseconds_are_kept(loaded: Loader, expected: dict[str, Any]) -> None:
    match = expected["matched_songplays"][0]
    found = rows(
        loaded.warehouse,
        "select start_time from sparkify.songplays where songplay_id ="
        f" '{match['session_id']}-{match['item_in_session']}-{match['user_id']}-{match['ts']}'",
    )
    assert (found[0][0] - datetime(1970, 1, 1)) / timedelta(milliseconds=1) == match["ts"]  # noqa: DTZ001 - in UTC


def test_a_second_load_changes_nothing(loaded: Loader) -> None:
    before = digest(loaded.warehouse)
    assert load_all(loaded) == []
    load_all(loaded, reload=True)
    assert digest(loaded.warehouse) == before


def test_users_after_each_week(
    warehouse: Warehouse, reference: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    loader = loader_for(warehouse, reference, tmp_path / "home")
    for last, (users, paid) in expected["users_after_days_in_order"].items():
        days = [day["day"] for day in expected["per_day"] if day["day"] <= last]
        for _ in loader.load("events", days):
            pass
        found = rows(
            warehouse, "select count(*), sum(case when level = 'paid' then 1 else 0 end) from sparkify.users"
        )
        assert found == [(users, paid)], last


def test_the_star_rebuilt_from_staging_is_the_same(loaded: Loader) -> None:
    before = digest(loaded.warehouse)
    changes = loaded.publisher.republish()
    assert digest(loaded.warehouse) == before
    assert changes["songplays"].unchanged == count(loaded.warehouse, "sparkify.songplays")
