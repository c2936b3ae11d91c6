"""What people do on Dagster's page, by the page's own mutations, on the running thing."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sparkify_assets.model import queries
from sparkify_assets.model.tables import ASSETS, TABLES
from tests.dev import BIN, ROOT, Dev, locked, records_of
from tests.page import LOCATION, REPOSITORY, Run, until

pytestmark = pytest.mark.live

SONGS, EVENTS = list(ASSETS["songs"]), list(ASSETS["events"])

#: A day between two others, with enough records that a few bad lines are not enough to block it.
BEFORE, SPOILED, AFTER = "2018-11-20", "2018-11-21", "2018-11-22"

ASSET_NODES = """
query AssetNodes($repository: RepositorySelector!) {
  workspaceOrError { ... on Workspace { locationEntries { name loadStatus locationOrLoadError { __typename } } } }
  repositoryOrError(repositorySelector: $repository) {
    ... on Repository {
      assetNodes {
        assetKey { path } groupName kinds description isExecutable
        owners { ... on TeamAssetOwner { team } }
        dependencyKeys { path }
        assetChecksOrError { ... on AssetChecks { checks { name blocking } } }
        metadataEntries {
          label
          ... on TextMetadataEntry { text }
          ... on TableSchemaMetadataEntry { schema { columns { name type description } } }
          ... on TableColumnLineageMetadataEntry {
            lineage { columnName columnDeps { assetKey { path } columnName } }
          }
        }
      }
    }
  }
}
"""


def rows(dev: Dev, statement: str) -> list[tuple[Any, ...]]:
    connection = dev.warehouse.connect(read_only=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        connection.close()


@pytest.fixture(scope="session")
def all_clicked(dev: Dev) -> str:
    """The backfill of "Materialize all" on an empty home. Dagster looks at backfills every 30 seconds; tests that do
    not need its end run meanwhile."""
    assert dev.page.partitions("songplays")["partitionStats"] == {
        "numMaterialized": 0,
        "numPartitions": 30,
        "numFailed": 0,
    }
    return dev.page.launch_backfill([*SONGS, *EVENTS], None)


@pytest.fixture(scope="session")
def everything(dev: Dev, all_clicked: str) -> list[Run]:
    """The runs of "Materialize all"."""
    return dev.page.runs_of_backfill(all_clicked, number=2)


@pytest.mark.usefixtures("all_clicked")
def test_the_page_shows_the_tables_with_their_columns_lineage_and_checks(dev: Dev) -> None:
    shown = dev.page.ask(ASSET_NODES, repository=REPOSITORY)
    entries = {entry["name"]: entry for entry in shown["workspaceOrError"]["locationEntries"]}
    assert entries[LOCATION]["loadStatus"] == "LOADED"
    assert entries[LOCATION]["locationOrLoadError"]["__typename"] == "RepositoryLocation"

    nodes = {"/".join(node["assetKey"]["path"]): node for node in shown["repositoryOrError"]["assetNodes"]}
    for landing in ("song_data", "log_data"):
        assert (nodes[landing]["groupName"], nodes[landing]["isExecutable"]) == ("landing", False)
    checks: dict[str, bool] = {}
    for asset, table in TABLES.items():
        node = nodes[asset]
        metadata = {entry["label"]: entry for entry in node["metadataEntries"]}
        assert node["groupName"] == ("staging" if asset.startswith("staging_") else "sparkify")
        assert set(node["kinds"]) == {"redshift", "sql"}
        assert node["owners"] == [{"team": "data-engineering"}]
        assert node["description"].startswith(table.description)
        assert {key["path"][0] for key in node["dependencyKeys"]} == set(table.upstream)
        assert metadata["dagster/table_name"]["text"] == table.name
        columns = metadata["dagster/column_schema"]["schema"]["columns"]
        assert {column["name"]: column["description"] for column in columns} == dict(table.columns)
        assert all(column["type"] for column in columns)
        lineage = metadata["dagster/column_lineage"]["lineage"]
        assert {entry["columnName"] for entry in lineage} == set(table.columns)
        checks |= {check["name"]: check["blocking"] for check in node["assetChecksOrError"]["checks"]}
    level = next(
        entry
        for entry in metadata_of(nodes["songplays"], "dagster/column_lineage")["lineage"]
        if entry["columnName"] == "level"
    )
    assert level["columnDeps"] == [{"assetKey": {"path": ["staging_events"]}, "columnName": "level"}]
    seen = [f"{of}_{what}" for of in ("events", "songs") for what in ("fields", "equal_objects")]
    names = [*(Path(name).name for name in queries.names("checks")), *seen]
    assert checks == {name: blocks(name) for name in names}


def metadata_of(node: dict[str, Any], label: str) -> dict[str, Any]:
    return next(entry for entry in node["metadataEntries"] if entry["label"] == label)


@pytest.mark.usefixtures("all_clicked")
def test_the_definitions_are_valid_for_dagsters_own_tools(dev: Dev) -> None:
    environment = {**dev.environment, "DAGSTER_HOME": str(Path(dev.environment["SPARKIFY_HOME"]) / "dagster")}
    started = [
        subprocess.Popen(
            [BIN / "dagster", *command, "-w", "workspace.yaml"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for command in (["definitions", "validate"], ["job", "list"])
    ]
    said = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert "Validation successful" in said[0]
    assert "Job: load" in said[1]


@pytest.mark.usefixtures("all_clicked")
def test_one_day_shows_its_rows_and_its_checks(dev: Dev) -> None:
    day = "2018-11-12"
    records = records_of(dev.source, day)
    run = dev.page.run(dev.page.launch_run(EVENTS, partition=day))
    assert run.status == "SUCCESS", run.failures
    assert {event["partition"] for event in run.materializations} == {day}
    staged = run.metadata("staging_events", day)
    assert staged["dagster/partition_row_count"] == staged["records_read"] == len(records)
    plays = sum(record["page"] == "NextSong" for record in records)
    assert run.metadata("songplays", day)["dagster/partition_row_count"] == plays
    for asset in EVENTS:
        statuses = dev.page.partitions(asset)["assetPartitionStatuses"]["ranges"]
        assert any(r["status"] == "MATERIALIZED" and r["startKey"] <= day <= r["endKey"] for r in statuses)
        checks = dev.page.checks(asset, run.id)
        assert checks
        for name, check in checks.items():
            assert check["severity"] == ("ERROR" if blocks(name) else "WARN"), name
            if blocks(name):
                assert (check["status"], check["violations"]) == ("SUCCEEDED", 0), name


def test_materialize_all_takes_two_runs_songs_first(dev: Dev, everything: list[Run]) -> None:
    songs, events = everything
    assert (songs.status, events.status) == ("SUCCESS", "SUCCESS"), [*songs.failures, *events.failures]
    assert {event["assetKey"]["path"][0] for event in songs.materializations} == set(SONGS)
    assert {event["assetKey"]["path"][0] for event in events.materializations} == set(EVENTS)
    assert all(len(events.partitions(asset)) == 30 for asset in EVENTS)
    assert dev.page.partitions("songplays")["partitionStats"]["numMaterialized"] == 30


def test_materialize_all_makes_the_warehouse_of_the_reference(
    dev: Dev, reference: Path, everything: list[Run]
) -> None:
    expected = json.loads((reference / "reference.json").read_text("utf-8"))
    star = expected["star"]
    (counts,) = rows(
        dev,
        """
        select
            (select count(*) from staging.events), (select count(*) from staging.songs),
            (select count(*) from sparkify.songplays), (select count(song_id) from sparkify.songplays),
            (select count(*) from sparkify.users), (select count(*) from sparkify.songs),
            (select count(*) from sparkify.artists), (select count(*) from sparkify.time)
        """,
    )
    assert counts == (
        *(expected["staging"][name] for name in ("events", "songs")),
        *(star[name] for name in ("songplays", "songplays_with_song", "users", "songs", "artists", "time")),
    )
    levels = rows(dev, "select user_id, level from sparkify.users order by user_id")
    assert [list(row) for row in levels] == expected["users_final_level"]
    assert Counter(level for _, level in levels) == {"paid": star["users_paid"], "free": star["users_free"]}
    for column, name in (("hour", "songplays_by_hour"), ("weekday", "songplays_by_weekday")):
        plays = rows(
            dev,
            f"select t.{column}, count(*) from sparkify.songplays as p"
            f" inner join sparkify.time as t on p.start_time = t.start_time group by t.{column}",
        )
        assert dict(plays) == dict(expected[name])
    by_day = {entry["day"]: (entry["events"], entry["next_song"]) for entry in expected["per_day"]}
    shown = {
        day: (
            everything[1].metadata("staging_events", day)["dagster/partition_row_count"],
            everything[1].metadata("songplays", day)["dagster/partition_row_count"],
        )
        for day in by_day
    }
    assert shown == by_day


def blocks(check: str) -> bool:
    """Whether a check is one that blocks, as the head of its file says."""
    file = f"checks/{check}"
    return file in queries.names("checks") and queries.read(file).startswith("-- block")


def test_a_spoiled_day_fails_by_name_and_its_neighbours_are_published(
    dev: Dev, everything: list[Run]
) -> None:
    (path,) = (dev.source / "log_data").rglob(f"{SPOILED}-events.json")
    good = path.read_bytes()
    staged = f"select count(*) from staging.events where event_date = '{SPOILED}'"
    before = rows(dev, staged), dev.sparkify("digest").stdout
    path.write_bytes(good + b'{"artist": "cut off in the mid\n' * len(good.splitlines()))
    try:
        backfill = dev.page.launch_backfill(EVENTS, [BEFORE, SPOILED, AFTER])
        (run,) = dev.page.runs_of_backfill(backfill, number=1)
    finally:
        path.write_bytes(good)

    assert run.status == "FAILURE"
    assert any(f"blocked: {SPOILED}" in failure for failure in run.failures), run.failures
    assert all(run.partitions(asset) == [BEFORE, AFTER] for asset in EVENTS)
    check = dev.page.checks("staging_events", run.id)["events_reject_share"]
    assert (check["status"], check["severity"]) == ("FAILED", "ERROR")
    sample = [json.loads(record) for record in check["sample"]["records"]]
    half = str(len(good.splitlines()))
    assert [(row["partition_key"], row["rows_quarantined"]) for row in sample] == [(SPOILED, half)]
    assert rows(dev, staged) == before[0]  # readers see what was published before

    again = dev.page.run(dev.page.launch_run(EVENTS, partition=SPOILED))
    assert again.status == "SUCCESS", again.failures
    assert dev.page.checks("staging_events", again.id)["events_reject_share"]["status"] == "SUCCEEDED"
    assert dev.sparkify("digest").stdout == before[1]


def test_a_terminated_load_leaves_nothing_behind(dev: Dev) -> None:
    before = dev.sparkify("digest").stdout
    with locked(dev.warehouse) as waits:
        run_id = dev.page.launch_run(SONGS)
        until(lambda: waits() or None, 120, "the run did not come to the lock")
        dev.page.terminate(run_id)
        assert dev.page.run(run_id).status == "CANCELED"
        until(lambda: not waits() or None, 60, "the run's session did not end")
    assert dev.sparkify("digest").stdout == before
