"""A command plans once: one listing of the source, one read of the ledger, and what it loads is what was planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sparkify_assets.defs.instance import prepare_home
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.results import Changes
from sparkify_assets.model.datasets import DATASETS
from sparkify_assets.run import LoadReport, run_load
from sparkify_assets.source.files import FileStore
from sparkify_assets.source.store import SourceObject
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import Admin, loader_for
from tests.invariants import world
from tests.invariants.world import START, day_key, lines, play, song, song_key

FIRST, LAST = "2018-10-02", "2018-11-02"


class Counted(FileStore):
    """A folder that counts how often all of it is listed."""

    listings = 0

    def list(self, prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        Counted.listings += not prefix
        return super().list(prefix, after)


@pytest.fixture
def counted(warehouse: Warehouse, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loader:
    """A loader over two days a month apart and a song, whose listings are counted."""
    world.write(source, {day_key(FIRST): lines([play(START)]), day_key(LAST): lines([play(START + 1)])})
    world.write(source, {song_key("AA"): lines([song()])})
    loader = loader_for(warehouse, source, tmp_path / "home", **world.PATIENT)
    loader.settings.home.mkdir()
    prepare_home(loader.settings)
    monkeypatch.setenv("DAGSTER_HOME", str(loader.settings.home))
    Counted.listings = 0
    return replace(loader, source=Counted(source.as_uri()))


def load(loader: Loader, *, reload: bool = False) -> LoadReport:
    """What `sparkify load` does."""
    plan = loader.plan()
    chosen = [partition for dataset in DATASETS for partition in plan.chosen(dataset, reload=reload)]
    return run_load(loader, plan, chosen, reload=reload)


def test_the_source_is_listed_once_and_the_ledger_read_once(counted: Loader) -> None:
    read: list[str] = []
    counted.warehouse.before_statement = read.append
    report = load(counted)
    assert report.succeeded
    assert len(report.done.partitions) == 3
    assert Counted.listings == 1
    whole = [text for text in read if text.startswith("ledger/known_objects:")]
    assert len(whole) == 1 + len(DATASETS)  # each batch asks about its own partitions, under the lock
    assert not counted.plan().difference.changed


def test_two_days_a_month_apart_are_two_days(counted: Loader) -> None:
    load(counted)
    report = load(counted, reload=True)
    assert [item.partition.key for item in report.done.partitions] == ["AA", FIRST, LAST]


def test_what_a_run_did_is_in_the_ledger(counted: Loader) -> None:
    report = load(counted)
    with Admin(counted.warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute("select dataset, run_id from ledger.batches order by dataset")
        assert cursor.fetchall() == [(dataset, report.run_id) for dataset in sorted(DATASETS)]
    assert report.done.changes["songplays"].inserted == 2
    assert report.done.changes["songs"].inserted == 1
    assert report.done.stage_seconds > 0
    again = load(counted, reload=True)
    assert again.run_id != report.run_id
    assert again.done.changes["songplays"] == Changes(unchanged=2)
