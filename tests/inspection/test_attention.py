"""What has to be looked at first is told with the command to type, the most urgent first; nothing where all is well."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sparkify_assets.inspection.attention import MAX_TOLD, Concern, concerns
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import Partition
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for
from tests.report.test_questions import play

#: Seven hours after the end of the third day.
NOW = datetime.fromisoformat("2018-11-04T07:00:00")


@pytest.fixture
def loader(warehouse: Warehouse, source: Path, tmp_path: Path) -> Loader:
    return loader_for(
        warehouse, source, tmp_path / "home", first_day=date(2018, 11, 1), last_day=date(2018, 11, 3)
    )


def write(source: Path, day: int, records: int, spoilt: int = 0, **changes: Any) -> None:
    """A day's file: plays in its last hour, and lines that are no records."""
    path = source / f"log_data/2018/11/2018-11-{day:02}-events.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = (play(f"2018-11-{day:02}T23:{n:02}:00", itemInSession=n, **changes) for n in range(records))
    path.write_text("\n".join([*map(json.dumps, made), *['{"cut": '] * spoilt]), "utf-8")


def found(loader: Loader, now: datetime = NOW) -> list[Concern]:
    with loader.warehouse.reading() as transaction:
        return concerns(transaction, loader.settings, now)


def test_nothing_is_told_where_all_is_well(loader: Loader, source: Path) -> None:
    assert found(loader) == []
    for day in (1, 2, 3):
        write(source, day, 10)
    load_all(loader)
    assert found(loader) == []


def test_each_is_told_with_what_to_type(loader: Loader, source: Path) -> None:
    write(source, 1, 10)
    write(source, 3, 10, level="gold")
    load_all(loader)
    write(source, 1, 8)
    load_all(loader)
    write(source, 3, 10, spoilt=40)
    load_all(loader)
    blocked, shrunk, late, warning = found(loader)
    assert (blocked.kind, blocked.where) == ("blocked", "2018-11-03")
    assert "events_reject_share" in blocked.said
    assert blocked.advice == (
        "`sparkify rejects --day 2018-11-03` shows what is rejected; correct the source, and a load tries it again;"
        ' or publish it as it is: `sparkify release 2018-11-03 --reason "…"`'
    )
    assert (shrunk.kind, shrunk.where) == ("shrunk", "2018-11-01")
    assert shrunk.said == "8 rows took the place of 10"
    assert shrunk.advice == "if that is right, `sparkify load --full --days 2018-11-01` accepts it"
    rest = "`sparkify load`, once the rest of its files are there"
    assert late == Concern("late", "2018-11-02", "not loaded 6 hours after its end", rest)
    assert (warning.kind, warning.where) == ("warning", "2018-11-03")
    assert warning.said.startswith("events_allowed_values (")


def test_the_quarantine_is_named_only_where_something_is_in_it(loader: Loader, source: Path) -> None:
    for records in (40, 4):
        write(source, 1, records)
        load_all(loader)
    blocked = found(loader)[0]
    assert "events_row_drop" in blocked.said
    assert blocked.advice.startswith(
        "correct the source, and a load tries it again; or publish it as it is: "
    )
    assert blocked.advice.endswith('`sparkify release 2018-11-01 --reason "…"`')


def test_what_is_expected_is_not_held_out(loader: Loader, source: Path) -> None:
    write(source, 1, 10, level="gold")
    load_all(loader)
    expecting = replace(
        loader.settings, expected_warnings=frozenset({"events_allowed_values"}), last_day=date(2018, 11, 1)
    )
    assert [concern.kind for concern in found(loader)] == ["late", "warning"]
    assert found(replace(loader, settings=expecting)) == []


def test_a_day_is_late_once_its_time_has_passed(loader: Loader, source: Path) -> None:
    write(source, 1, 10)
    load_all(loader)
    until_day = replace(loader, settings=replace(loader.settings, last_day=None))
    end = datetime.fromisoformat("2018-11-03T00:00:00")
    assert found(until_day, end + timedelta(hours=6)) == []
    (late,) = found(until_day, end + timedelta(hours=6, seconds=1))
    assert late.where == "2018-11-02"
    (late,) = found(until_day, end + timedelta(days=5))
    assert late.where == "2018-11-02 to 2018-11-06 (5)"


def test_of_many_the_rest_is_counted(loader: Loader, source: Path) -> None:
    many = replace(loader, settings=replace(loader.settings, last_day=date(2018, 11, 15)))
    for day in range(1, 15):
        write(source, day, 10, spoilt=40)
    load_all(many)
    told = [concern for concern in found(many) if concern.kind == "blocked"]
    assert len(told) == MAX_TOLD + 1
    assert told[-1] == Concern(
        "blocked", "4 more", "2018-11-11 to 2018-11-14 (4)", "`sparkify status` says more"
    )


def test_the_history_keeps_what_was_blocked_and_why_it_was_released(loader: Loader, source: Path) -> None:
    """A day that is corrected, and one that is published as it is, whatever they are by now."""
    for day in (1, 2):
        write(source, day, 40)
    load_all(loader)
    for day in (1, 2):
        write(source, day, 4)
    load_all(loader)
    write(source, 1, 40)
    load_all(loader)
    loader.publisher.release(Partition("events", "2018-11-02"), "the player was down")
    with loader.warehouse.reading() as transaction:
        loads = [row for row in transaction.records("report/loads") if row["dataset"] == "events"]
    assert [(row["partitions"], row["blocked"], row["released"], row["release_reason"]) for row in loads] == [
        (1, 0, 0, None), (2, 2, 1, "the player was down"), (2, 0, 0, None)
    ]  # fmt: skip


def test_a_blocked_day_is_not_late_as_well(loader: Loader, source: Path) -> None:
    write(source, 1, 10)
    write(source, 2, 10, spoilt=40)
    write(source, 3, 10)
    load_all(loader)
    assert [(concern.kind, concern.where) for concern in found(loader)] == [("blocked", "2018-11-02")]
