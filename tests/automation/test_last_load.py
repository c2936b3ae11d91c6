"""A run of songs and days: what a step could not load is told by the last load of the run, so that it stops none; and
what passes is tried again before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import psycopg2
import pytest

from sparkify_assets.definitions import build_defs
from sparkify_assets.defs import load_assets
from sparkify_assets.defs.instance import PROCESS_TAG
from sparkify_assets.defs.partitions import RANGE_END, RANGE_START
from sparkify_assets.load import results
from sparkify_assets.load.loader import Loader, open_loader
from sparkify_assets.load.results import Batch, BatchResult
from sparkify_assets.model.tables import ASSETS
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import WarehouseError
from tests.invariants import world
from tests.invariants.test_corrections import DAY
from tests.invariants.world import START, day_key, lines, play, song, song_key

ONE, TWO = world.DAYS[:2]
RANGE = {RANGE_START: ONE, RANGE_END: TWO}
BAD_SONGS = {song_key("ZZ"): lines([song(song_id="")])}
BAD_DAY = {day_key(TWO): b"junk"}
BLOCKED_SONGS = "blocked: songs ZZ by songs_objects; song_data/Z/Z/A/TRZZA.json, line 1: song without song_id"
BLOCKED_DAY = f"blocked: {TWO} by events_objects; {day_key(TWO)}, line 1: "


@pytest.fixture
def source(source: Path) -> Path:
    files = {
        day_key(ONE): lines([play(START)]),
        day_key(TWO): lines([play(START + DAY)]),
        song_key("AA"): lines([song()]),
        song_key("AB"): lines([song(song_id="SO2", artist_id="AR2", title="Rain")]),
    }
    world.write(source, files)
    return source


def run(loader: Loader, job: str = "load", tags: dict[str, str] = RANGE) -> dg.ExecuteInProcessResult:
    return (
        build_defs(loader.settings, loader=loader)
        .resolve_job_def(job)
        .execute_in_process(instance=dg.DagsterInstance.ephemeral(), raise_on_error=False, tags=tags)
    )


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """What each step says that failed."""
    told = {}
    for event in result.get_step_failure_events():
        said = event.step_failure_data.user_failure_data
        assert said is not None
        told[str(event.step_key)] = str(said.description)
    return told


def loaded(loader: Loader) -> set[str]:
    with loader.warehouse.transaction(lock=False) as transaction:
        rows = transaction.records("ledger/current_loads")
    return {row["partition_key"] for row in rows if row["state"] == "published"}


def events_of(result: dg.ExecuteInProcessResult, kind: str) -> int:
    return [event.event_type_value for event in result.all_events].count(kind)


def failing(monkeypatch: pytest.MonkeyPatch, key: str, errors: list[Exception]) -> None:
    """Each partition is a batch of its own, and the one with this key fails with these errors, one after another."""
    monkeypatch.setattr(results, "MAX_BATCH_BYTES", 1)
    monkeypatch.setattr(load_assets, "RETRY_SECONDS", 0.01)
    whole = Loader._stage_and_publish

    def stage(self: Loader, course: Any, batch: Batch, *rest: Any) -> BatchResult:
        if errors and key in {partition.key for partition in batch.objects}:
            raise errors.pop(0)
        return whole(self, course, batch, *rest)

    monkeypatch.setattr(Loader, "_stage_and_publish", stage)


def test_blocked_songs_do_not_keep_the_days_from_loading(loader: Loader, source: Path) -> None:
    world.write(source, BAD_SONGS)
    result = run(loader)
    assert not result.success
    assert failures(result) == {"load_events": BLOCKED_SONGS}
    assert events_of(result, "STEP_SKIPPED") == 0
    assert loaded(loader) == {"AA", "AB", ONE, TWO}
    checks = {found.check_name: found.passed for found in result.get_asset_check_evaluations()}
    assert not checks["songs_objects"]
    assert checks["events_objects"]
    observed = [e for e in result.all_events if e.event_type_value == "ASSET_OBSERVATION"]
    assert len(observed) == 1, "the table that lacks them says so"


def test_the_last_load_names_what_both_could_not_load(loader: Loader, source: Path) -> None:
    world.write(source, BAD_SONGS | BAD_DAY)
    told = failures(run(loader))["load_events"].splitlines()
    assert told[0] == BLOCKED_SONGS
    assert told[1].startswith(BLOCKED_DAY)
    assert loaded(loader) == {"AA", "AB", ONE}


def test_a_run_of_songs_alone_fails_by_itself(loader: Loader, source: Path) -> None:
    world.write(source, BAD_SONGS)
    result = run(loader, "songs_on_arrival", {})
    assert failures(result) == {"load_songs": BLOCKED_SONGS}
    made = {
        event.asset_key.to_user_string()
        for event in result.all_events
        if event.is_step_materialization and event.asset_key
    }
    assert made == set(ASSETS["songs"]), "what follows in another run, as in a backfill, need not wait for it"


def test_what_failed_in_another_run_is_not_told(loader: Loader, source: Path) -> None:
    world.write(source, BAD_SONGS)
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_defs(loader.settings, loader=loader).resolve_job_def("load")
        first = job.execute_in_process(instance=instance, raise_on_error=False, tags=RANGE)
        (source / song_key("ZZ")).unlink()
        again = job.execute_in_process(
            instance=instance, raise_on_error=False, tags={**first.dagster_run.tags}
        )
    assert (first.success, again.success) == (False, True)


@pytest.mark.parametrize("tags", [RANGE, {**RANGE, PROCESS_TAG: "host:1"}])
def test_the_error_of_a_batch_of_songs_leaves_other_songs_and_the_days(
    loader: Loader, monkeypatch: pytest.MonkeyPatch, tags: dict[str, str]
) -> None:
    failing(monkeypatch, "AA", [psycopg2.errors.NumericValueOutOfRange("value out of range: overflow")])
    result = run(loader, tags=tags)
    assert failures(result) == {
        "load_events": "failed: songs AA: NumericValueOutOfRange: value out of range: overflow"
    }
    assert events_of(result, "STEP_RESTARTED") == 0, "it would be the same once more"
    assert loaded(loader) == {"AB", ONE, TWO}


def conflicts(number: int) -> list[Exception]:
    """So many that a batch gives up as often."""
    return [psycopg2.errors.SerializationFailure("could not serialize access")] * number


@pytest.mark.parametrize(
    ("retries", "tags", "restarted", "success"),
    [
        (2, RANGE, 2, True),
        (4, RANGE, 3, False),
        (1, {**RANGE, PROCESS_TAG: "host:1"}, 0, False),  # somebody waits for it
    ],
)
def test_what_may_pass_is_tried_again_before_it_is_left(
    loader: Loader,
    monkeypatch: pytest.MonkeyPatch,
    retries: int,
    tags: dict[str, str],
    restarted: int,
    success: bool,
) -> None:
    monkeypatch.setattr(
        Warehouse, "retried", lambda self, work, transient=None: work()
    )  # its eight tries at once
    failing(monkeypatch, "AA", conflicts(retries))
    result = run(loader, tags=tags)
    assert events_of(result, "STEP_RESTARTED") == restarted
    assert result.success == success
    assert loaded(loader) == {"AB", ONE, TWO} | ({"AA"} if success else set())
    if not success:
        assert failures(result) == {
            "load_events": "failed: songs AA: SerializationFailure: could not serialize access"
        }


def test_a_warehouse_that_is_away_ends_the_run(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "AA", [WarehouseError("warehouse redshift://here: it is away", transient=True)] * 4)
    result = run(loader)
    assert events_of(result, "STEP_RESTARTED") == 3
    assert [event.step_key for event in result.get_step_failure_events()] == ["load_songs"]
    assert loaded(loader) == set()


# ------------------------------------------------------------------ a process for each step


def load_in_processes() -> dg.JobDefinition:
    """The load of songs and days with a process for each step, by the settings of the environment."""
    settings = Settings.from_environment()
    return dg.Definitions(
        assets=load_assets.load_assets(settings, pool=None),
        jobs=[dg.define_asset_job("load", selection=dg.AssetSelection.all())],
        resources={"loader": open_loader(settings)},
        executor=dg.multiprocess_executor,
    ).resolve_job_def("load")


def test_it_is_told_over_processes(
    loader: Loader, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(source, BAD_SONGS | BAD_DAY)
    parts = psycopg2.extensions.parse_dsn(loader.warehouse.url)
    url = f"postgresql:///{parts['dbname']}?host={parts['host']}&user={parts['user']}&port={parts['port']}"
    for name, value in {"HOME": tmp_path / "home", "SOURCE": source.as_uri(), "WAREHOUSE": url}.items():
        monkeypatch.setenv(f"SPARKIFY_{name}", str(value))
    (tmp_path / "dagster").mkdir()
    with (
        dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance,
        dg.execute_job(dg.reconstructable(load_in_processes), instance=instance, tags=RANGE) as result,
    ):
        processes = {event.pid for event in result.all_events if event.pid}
        told = [e.step_failure_data.user_failure_data for e in result.all_events if e.is_step_failure]
    assert told[0] is not None
    assert [line[: len(BLOCKED_DAY)] for line in str(told[0].description).splitlines()] == [
        BLOCKED_SONGS[: len(BLOCKED_DAY)], BLOCKED_DAY,
    ]  # fmt: skip
    assert loaded(loader) == {"AA", "AB", ONE}
    assert len(processes) > 1
