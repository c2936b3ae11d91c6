"""The storage of Dagster's records against Dagster's own storage, which keeps the same events one by one.

It stands on Dagster's inside, so these tests have to fail when a new version changes what it relies on.
"""

# No postponed annotations here: Dagster reads the type of the context.
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from sparkify_assets.defs import storage
from sparkify_assets.defs.instance import DAGSTER_YAML

DAYS = dg.DailyPartitionsDefinition("2018-11-01", end_date="2018-11-11")


@dg.multi_asset(
    specs=[dg.AssetSpec("plays", skippable=True), dg.AssetSpec("users", skippable=True)],
    check_specs=[dg.AssetCheckSpec("complete", asset="plays")],
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def load(context: dg.AssetExecutionContext) -> Iterator[Any]:
    # One day is left out, as a blocked day is.
    storage.log_materializations(
        context,
        [
            dg.AssetMaterialization(
                asset, partition=day, metadata={"rows": int(day[-2:])}, tags={"of": asset}
            )
            for day in context.partition_keys
            for asset in ("plays", "users")
            if day != "2018-11-04"
        ],
    )
    yield dg.AssetCheckResult(passed=False, asset_key="plays", check_name="complete")


def run(instance: dg.DagsterInstance, first: str = "2018-11-01", last: str = "2018-11-10") -> str:
    result = dg.materialize(
        [load],
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
        },
        raise_on_error=False,
    )
    assert result.success
    return result.run_id


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "ours"
    home.mkdir()
    shutil.copyfile(DAGSTER_YAML, home / "dagster.yaml")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "7")
    return home


@pytest.fixture
def ours(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, storage._EventLogStorage)
        yield instance


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "theirs").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "theirs")) as instance:
        assert isinstance(instance.event_log_storage, SqliteEventLogStorage)
        yield instance


def seen(instance: dg.DagsterInstance, run_id: str) -> dict[str, Any]:
    """What the web UI asks about a run and its assets, without ids and times."""
    keys = [dg.AssetKey("plays"), dg.AssetKey("users")]
    events = instance.event_log_storage
    (check,) = events.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey("plays"), "complete"), limit=1
    )
    latest = instance.get_latest_materialization_events(keys)
    return {
        "events": sorted(
            (event.event_type_value, event.partition or "")
            for record in instance.get_records_for_run(run_id).records
            if (event := record.event_log_entry.dagster_event)
        ),
        "days": {key: instance.get_materialized_partitions(key) for key in keys},
        "planned": {
            key: sorted(
                events.get_latest_storage_id_by_partition(
                    key, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
                )
            )
            for key in keys
        },
        "rows": sorted(
            (key.to_user_string(), record.partition_key, record.asset_materialization.metadata["rows"].value)
            for key in keys
            for record in instance.fetch_materializations(key, limit=100).records
            if record.asset_materialization
        ),
        "latest": {
            key: event.asset_materialization.partition
            for key, event in latest.items()
            if event and event.asset_materialization
        },
        "entries": {
            entry.asset_entry.asset_key: (entry.asset_entry.last_run_id == run_id)
            for entry in instance.get_asset_records(keys)
        },
        "tags": sorted(
            str(tags) for tags in events.get_event_tags_for_asset(keys[0], filter_tags={"of": "plays"})
        ),
        "check": (check.status.value, check.run_id == run_id),
        "status": instance.get_run_by_id(run_id).status,  # type: ignore[union-attr]
    }


def test_it_shows_what_dagsters_own_storage_shows(
    ours: dg.DagsterInstance, theirs: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    batched = seen(ours, run(ours))
    monkeypatch.delenv("DAGSTER_EVENT_BATCH_SIZE")
    assert batched == seen(theirs, run(theirs))
    assert len(batched["rows"]) == 18
    assert len(batched["days"][dg.AssetKey("plays")]) == 9


def test_a_later_run_is_the_latest(ours: dg.DagsterInstance) -> None:
    run(ours)
    later = run(ours, "2018-11-02", "2018-11-03")
    found = seen(ours, later)
    assert found["latest"][dg.AssetKey("users")] == "2018-11-03"
    assert found["entries"] == {dg.AssetKey("plays"): True, dg.AssetKey("users"): True}


def test_a_batch_is_one_transaction(ours: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what Dagster holds back until the end of a batch is held back nowhere else."""
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "1000")
    batches: list[int] = []
    store = ours.event_log_storage.store_event_batch

    def counted(events: Any) -> None:
        batches.append(len(events))
        store(events)

    monkeypatch.setattr(ours.event_log_storage, "store_event_batch", counted)
    run(ours)
    assert batches == [10 * 2 + 1, 9, 9], "the planned events, and the materializations of each asset"


def test_a_watcher_is_called_for_each_event(ours: dg.DagsterInstance) -> None:
    finished = ours.event_log_storage.get_records_for_run(run(ours)).records
    called: list[str] = []
    run_id = finished[0].event_log_entry.run_id

    def callback(event: Any, _: str) -> None:
        called.append(event.message)
        if len(called) == len(finished):
            ours.event_log_storage.end_watch(run_id, callback)

    ours.event_log_storage.watch(run_id, None, callback)
    for thread in list(ours.event_log_storage._watcher._run_id_to_watcher_dict.values()):  # type: ignore[attr-defined]
        thread.join(20)
    assert called == [record.event_log_entry.message for record in finished]


WRITER = """
import sys, dagster as dg
from sparkify_assets.defs.storage import BatchingSqliteStorage
with dg.DagsterInstance.get() as instance:
    for number in range(int(sys.argv[2])):
        instance.report_runless_asset_event(dg.AssetMaterialization(sys.argv[1], partition=str(number)))
        print(number, flush=True)
"""


def writer(asset: str, number: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, asset, str(number)], stdout=subprocess.PIPE, text=True, env=os.environ
    )


def test_two_processes_that_begin_at_once_in_a_new_directory_lose_nothing(home: Path) -> None:
    processes = [writer(asset, 50) for asset in ("a", "b")]
    with ThreadPoolExecutor() as pool:
        assert [len(out.split()) for out, _ in pool.map(lambda p: p.communicate(), processes)] == [50, 50]
    with dg.DagsterInstance.get() as instance:
        for asset in ("a", "b"):
            assert len(instance.get_materialized_partitions(dg.AssetKey(asset))) == 50
    assert sorted(path.name for path in (home / "history").glob("tmp*")) == []


def test_what_was_stored_is_there_after_a_kill(home: Path) -> None:
    process = writer("a", 100_000)
    assert process.stdout
    for line in process.stdout:
        if int(line) == 30:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    with dg.DagsterInstance.get() as instance:
        assert {str(number) for number in range(31)} <= set(
            instance.get_materialized_partitions(dg.AssetKey("a"))
        )
