"""What is tried again by itself, and what songs tell about plays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import psycopg2
import pytest

from sample_data.generate import write_sample
from sparkify_assets.definitions import build_defs
from sparkify_assets.defs import load_assets
from sparkify_assets.defs.instance import PROCESS_TAG
from sparkify_assets.defs.load_assets import is_transient
from sparkify_assets.load.loader import Loader
from sparkify_assets.source.store import SourceError, SourceObject
from sparkify_assets.warehouse.errors import LockTimeout, TablesDiffer, WarehouseError
from tests.conftest import load_all


@pytest.fixture
def source(source: Path) -> Path:
    write_sample(source, events=200, songs=6, days=2, seed=3)
    return source


def run_songs(loader: Loader, **tags: str) -> dg.ExecuteInProcessResult:
    return (
        build_defs(loader.settings, loader=loader)
        .resolve_job_def("songs_on_arrival")
        .execute_in_process(instance=dg.DagsterInstance.ephemeral(), raise_on_error=False, tags=tags)
    )


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (SourceError("s3://bucket: SlowDown", transient=True), True),
        (SourceError("s3://bucket: AccessDenied"), False),
        (WarehouseError("warehouse redshift://…: could not connect", transient=True), True),
        (TablesDiffer("the tables are not those of sql/ddl"), False),
        (LockTimeout("another load has held the lock for 900 seconds"), False),
        (psycopg2.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg2.errors.SerializationFailure("1023"), True),
        (psycopg2.errors.UndefinedColumn("no such column"), False),
        (psycopg2.errors.DiskFull("disk full"), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, passes: bool) -> None:
    assert is_transient(error) is passes


def failing(loader: Loader, errors: list[Exception]) -> Callable[..., Iterator[SourceObject]]:
    """The source's listing, after it has failed with each of these."""
    whole = loader.source.list

    def listing(prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        if errors:
            raise errors.pop(0)
        return whole(prefix, after)

    return listing


def test_a_step_waits_for_a_source_that_is_away(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_assets, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(
        loader.source, "list", failing(loader, [SourceError("s3://bucket: SlowDown", transient=True)] * 2)
    )
    result = run_songs(loader)
    assert result.success
    assert [event.event_type_value for event in result.all_events].count("STEP_RESTARTED") == 2
    assert not [p for p in loader.plan().difference.changed if p.dataset == "songs"]


@pytest.mark.parametrize(
    ("error", "tags"),
    [
        (SourceError("s3://bucket: AccessDenied"), {}),
        (
            SourceError("s3://bucket: SlowDown", transient=True),
            {PROCESS_TAG: "host:1"},
        ),  # somebody waits for it
    ],
)
def test_what_will_not_pass_fails_at_once(
    error: Exception, tags: dict[str, str], loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader.source, "list", failing(loader, [error]))
    result = run_songs(loader, **tags)
    assert not result.success
    assert "STEP_RESTARTED" not in [event.event_type_value for event in result.all_events]


def test_songs_report_the_days_whose_plays_they_match_anew(loader: Loader, source: Path) -> None:
    """A song that comes late changes plays of days whose files nobody touched."""
    day = next((source / "log_data").rglob("*.json"))
    play = next(
        record
        for record in map(json.loads, day.read_text("utf-8").splitlines())
        if record["page"] == "NextSong"
    )
    load_all(loader)
    late = source / "song_data/Z/Z/Z/TRZZZZZ128F0000000.json"
    late.parent.mkdir(parents=True)
    song = {
        "num_songs": 1, "artist_id": "ARLATE", "artist_latitude": None, "artist_longitude": None,
        "artist_location": "", "artist_name": play["artist"], "song_id": "AAAAAAA", "title": play["song"],
        "duration": play["length"], "year": 0,
    }  # fmt: skip
    late.write_text(json.dumps(song), "utf-8")
    result = run_songs(loader)
    assert result.success
    days = {
        event.step_materialization_data.materialization.partition
        for event in result.all_events
        if event.is_step_materialization and event.asset_key == dg.AssetKey("songplays")
    }
    with loader.warehouse.transaction(lock=False) as transaction:
        transaction.cursor.execute(
            "select distinct cast(event_date as varchar(10)) from sparkify.songplays where song_id = 'AAAAAAA'"
        )
        matched = {row[0] for row in transaction.cursor.fetchall()}
    assert day.name[:10] in matched
    assert matched <= days
