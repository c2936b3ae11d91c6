"""What COPY refused is on the run's page: file, line, column, value and reason of a few records, for both engines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sample_data.generate import write_sample
from sparkify_assets.definitions import build_defs
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.results import MAX_REJECTS
from sparkify_assets.model.tables import ASSETS
from sparkify_assets.warehouse.connection import Warehouse
from tests.redshift.conftest import LoopbackCluster
from tests.redshift.loads import s3_loader

DAY, OTHER = "2018-11-01", "2018-11-02"
MORE = f"log_data/2018/11/{DAY}-events-more.json"
SONG = "song_data/Z/Z/Z/TRZZZ.json"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two days and a few songs, with records that COPY refuses, or a rule of the project."""
    folder = tmp_path / "source"
    write_sample(folder, events=400, songs=40, days=2, seed=7)
    (folder / MORE).write_text(
        '{"page": "Home"}\n'
        '{"page": "Home", "userId": "39", "itemInSession": "first"}\n'
        '{"page": "NextSong", "song": "Intro"}\n'
    )
    (folder / SONG).parent.mkdir(parents=True)
    (folder / SONG).write_text('{"song_id": "S", "artist_id": "A",\n "year": "long ago"}\n')
    (folder / SONG).with_name("TRZZY.json").write_text('{"song_id": "Y", "artist_id": "A"}\n')
    return folder


@pytest.fixture(params=["redshift", "embedded"])
def loader(request: pytest.FixtureRequest, ready: LoopbackCluster, source: Path, tmp_path: Path) -> Loader:
    into: Warehouse = (
        ready.warehouse() if request.param == "redshift" else request.getfixturevalue("warehouse")
    )
    return s3_loader(into, ready.put_folder(source, "landing"), ready, tmp_path)


def load(loader: Loader) -> dg.ExecuteInProcessResult:
    """One run of songs and both days, as the page starts it."""
    return (
        build_defs(loader.settings, loader=loader)
        .resolve_job_def("load")
        .execute_in_process(
            instance=dg.DagsterInstance.ephemeral(),
            asset_selection=[
                dg.AssetKey(asset) for dataset in ("songs", "events") for asset in ASSETS[dataset]
            ],
            tags={"dagster/asset_partition_range_start": DAY, "dagster/asset_partition_range_end": OTHER},
            raise_on_error=False,
        )
    )


def rejected(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(row.data) for row in metadata["rejected"].records]


def shown(result: dg.ExecuteInProcessResult, asset: str, partition: str | None) -> dict[str, Any]:
    [metadata] = [
        data.metadata
        for event in result.all_events
        if event.is_step_materialization
        for data in [event.step_materialization_data.materialization]
        if (data.asset_key.to_user_string(), data.partition) == (asset, partition)
    ]
    return dict(metadata)


def test_what_copy_refused_is_a_table_on_the_page(loader: Loader) -> None:
    result = load(loader)
    assert result.success
    refused, faulty = rejected(shown(result, "staging_events", DAY))
    assert (refused["file"], refused["line"], refused["column"], refused["value"]) == (
        MORE,
        2,
        "item_in_session",
        '"first"',
    )
    assert refused["record"].startswith('{"page": "Home", "userId"')
    assert "bigint" in refused["reason"] or "digit" in refused["reason"].lower()
    assert (faulty["file"], faulty["line"], faulty["reason"]) == (MORE, 3, "play without user")
    assert "rejected" not in shown(result, "staging_events", OTHER)
    [song] = rejected(shown(result, "staging_songs", None))
    assert (song["file"], song["line"], song["column"], song["value"]) == (SONG, 2, "year", '"long ago"')


def test_a_blocked_day_shows_a_few_of_its_records(loader: Loader, ready: LoopbackCluster) -> None:
    """The run fails, and shows why without anybody asking."""
    bad = "\n".join(json.dumps({"page": "Home", "ts": f"noon of {number}" * 100}) for number in range(1000))
    ready.put(f"landing/{MORE}", bad)
    result = load(loader)
    [failure] = [e for e in result.all_events if e.is_step_failure and e.step_key == "load_events"]
    told = failure.step_failure_data.user_failure_data
    assert told is not None
    rows = rejected(dict(told.metadata))
    assert len(rows) == MAX_REJECTS == 20
    assert (rows[0]["file"], rows[0]["line"], rows[0]["column"]) == (MORE, 1, "ts")
    assert all(len(str(value)) <= 1024 for row in rows for value in row.values())
    assert "rejected" not in shown(result, "staging_events", OTHER)
