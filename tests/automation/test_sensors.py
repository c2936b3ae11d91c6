"""Ticks over a real source folder and a real ledger: which runs they ask for, and when they ask for none."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from sample_data.generate import write_sample
from sparkify_assets.definitions import build_defs
from sparkify_assets.defs import arrival_runs
from sparkify_assets.defs.arrival_runs import job_name, stretches
from sparkify_assets.defs.listing_cache import CacheFile
from sparkify_assets.defs.partitions import RANGE_END, RANGE_START
from sparkify_assets.inspection.checksum import digest
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import Dataset, Partition
from sparkify_assets.source.files import FileStore
from sparkify_assets.source.store import SourceError, SourceObject
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for, settings_for


class Watcher:
    """One sensor as the daemon drives it: tick after tick, with the cursor that the last one left."""

    def __init__(self, dataset: Dataset, loader: Loader, instance: dg.DagsterInstance) -> None:
        self.dataset, self.loader, self.instance = dataset, loader, instance
        self.location = build_defs(loader.settings, loader=loader).get_repository_def()
        self.sensor = self.location.get_sensor_def(f"{dataset}_arrivals")
        self.cursor: str | None = None
        self.skipped: str | None = None

    def tick(self) -> Sequence[dg.RunRequest]:
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=self.location,
            resources={"loader": self.loader},
        )
        data = self.sensor.evaluate_tick(context)
        self.cursor, self.skipped = data.cursor, data.skip_message
        return data.run_requests or []

    def settled(self) -> Sequence[dg.RunRequest]:
        """A tick that finds a cache."""
        if self.cursor is None:
            assert not self.tick()
        return self.tick()

    def started(self, request: dg.RunRequest, status: dg.DagsterRunStatus) -> dg.DagsterRun:
        """A run of a request as the daemon records it."""
        tags = {
            **request.tags,
            "dagster/sensor_name": self.sensor.name,
            "dagster/run_key": request.run_key or "",
        }
        return create_run_for_test(
            self.instance,
            job_name=job_name(self.dataset),
            status=status,
            tags=tags,
            run_config=request.run_config,
        )


class ByContent(FileStore):
    """A folder whose version tokens are made of the content alone, as ETags are."""

    def list(self, prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        for item in super().list(prefix, after):
            yield item._replace(version_token=hashlib.md5(self.read(item.key)).hexdigest())


@pytest.fixture
def source(source: Path) -> Path:
    write_sample(source, events=600, songs=12, days=6, seed=3)  # 2018-11-01 to 2018-11-06
    return source


def days(requests: Sequence[dg.RunRequest]) -> list[tuple[str, str]]:
    """First and last day of each request."""
    return [
        (
            request.tags.get(RANGE_START, request.partition_key or ""),
            request.tags.get(RANGE_END, request.partition_key or ""),
        )
        for request in requests
    ]


def file_of(source: Path, day: str) -> Path:
    return source / f"log_data/{day[:4]}/{day[5:7]}/{day}-events.json"


def test_many_new_days_are_one_run_and_all_songs_another(
    loader: Loader, instance: dg.DagsterInstance
) -> None:
    (request,) = Watcher("events", loader, instance).settled()
    assert days([request]) == [("2018-11-01", "2018-11-06")]
    assert request.run_config == {"ops": {"load_events": {"config": {"only_changed": True}}}}
    (request,) = Watcher("songs", loader, instance).settled()
    listed = {
        path.parts[-4] + path.parts[-3] for path in Path(loader.settings.source[7:]).glob("song_data/*/*/*/*")
    }
    assert request.run_config["ops"]["load_songs"]["config"] == {
        "only_changed": True,
        "prefixes": sorted(listed),
    }


def test_a_request_is_a_run_that_loads_what_it_names(loader: Loader, instance: dg.DagsterInstance) -> None:
    """The daemon's way from request to run, in this process."""
    location = build_defs(loader.settings, loader=loader)
    for dataset in ("songs", "events"):
        (request,) = Watcher(dataset, loader, instance).settled()
        result = location.resolve_job_def(f"{dataset}_on_arrival").execute_in_process(
            instance=instance, run_config=request.run_config, tags=request.tags
        )
        assert result.success
        assert not Watcher(dataset, loader, instance).settled()
    assert not loader.plan().difference.changed


def test_a_tick_with_nothing_new_asks_the_warehouse_nothing(
    loader: Loader, instance: dg.DagsterInstance
) -> None:
    load_all(loader)
    watchers = [Watcher(dataset, loader, instance) for dataset in ("songs", "events")]
    for watcher in watchers:
        assert not watcher.settled()
    loader.warehouse = Warehouse("postgresql://nobody@127.0.0.1:1/nothing", Path("/nowhere"))
    for watcher in watchers:
        assert not watcher.tick()
        assert watcher.skipped == "Nothing new."


@pytest.mark.parametrize("age", [-3600 * 24 * 900, 0, 3600 * 24])
def test_what_changes_is_asked_for_whatever_its_times_say(
    age: int, loader: Loader, source: Path, instance: dg.DagsterInstance
) -> None:
    """New, overwritten and deleted files with times years back, in the same second, or ahead."""
    load_all(loader)
    watcher = Watcher("events", loader, instance)
    assert not watcher.settled()
    late = source / "log_data/2018/11/2018-11-06-events-late.json"
    late.write_bytes(file_of(source, "2018-11-06").read_bytes().splitlines()[0] + b"\n")
    changed = file_of(source, "2018-11-02")
    before = changed.stat()
    content = changed.read_bytes()
    changed.write_bytes(content.replace(b'"free"', b'"paid"', 1))
    file_of(source, "2018-11-04").unlink()
    for path in (late, changed):
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + age * 10**9))
    requests = watcher.tick()
    assert days(requests) == [(day, day) for day in ("2018-11-02", "2018-11-04", "2018-11-06")]
    load_all(loader)
    assert not watcher.tick()
    assert not loader.plan().difference.changed


def test_a_change_that_is_taken_back_ends_where_the_source_is(
    loader: Loader, source: Path, instance: dg.DagsterInstance
) -> None:
    """A to B to A: each is a request with a key of its own, and A is there at the end. Versions come back as on S3."""
    loader.source = ByContent(loader.source.url)
    load_all(loader)
    first = digest(loader.warehouse)
    watcher = Watcher("events", loader, instance)
    assert not watcher.settled()
    path = file_of(source, "2018-11-03")
    original = path.read_bytes()
    keys = []
    for content in (original + original.splitlines()[0] + b"\n", original) * 2:
        path.write_bytes(content)
        (request,) = watcher.tick()
        keys.append(request.run_key)
        load_all(loader)
        assert not watcher.tick()
    assert len(set(keys)) == 4
    assert digest(loader.warehouse).value == first.value


def test_the_same_request_is_not_made_again_while_its_run_goes_on(
    loader: Loader, source: Path, instance: dg.DagsterInstance
) -> None:
    watcher = Watcher("events", loader, instance)
    (request,) = watcher.settled()
    run = watcher.started(request, dg.DagsterRunStatus.STARTED)
    assert not watcher.tick()
    assert (
        watcher.skipped == f"Waits for run {run.run_id[:8]}; whatever arrives meanwhile is loaded together."
    )
    write_sample(source.parent / "more", events=100, songs=1, days=1, first_day=date(2018, 11, 7), seed=4)
    (new,) = (source.parent / "more/log_data").rglob("*.json")
    new.rename(source / "log_data/2018/11" / new.name)
    assert not watcher.tick()
    for _ in loader.load("events", {f"2018-11-0{day}" for day in range(1, 7)}):
        pass
    instance.report_run_canceled(run)
    assert days(watcher.tick()) == [("2018-11-07", "2018-11-07")]


def test_a_failed_load_is_asked_for_again_ever_less_often(
    loader: Loader, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = Watcher("events", loader, instance)
    (request,) = watcher.settled()
    now = time.time()
    asked = []
    monkeypatch.setattr(time, "time", lambda: now)
    for _ in range(8):
        run = watcher.started(request, dg.DagsterRunStatus.STARTED)
        instance.report_run_failed(run, "the warehouse was away")
        begun = now
        while not (requests := watcher.tick()):
            assert "failed; again in" in (watcher.skipped or "")
            now += 15.0
        asked.append(now - begun)
        assert requests[0].run_key != request.run_key
        (request,) = requests
    assert asked == sorted(asked)
    assert 55 <= asked[0] <= 75
    assert 3590 <= asked[-1] <= 3620


def test_a_load_that_somebody_terminated_waits_for_a_change(
    loader: Loader, source: Path, instance: dg.DagsterInstance
) -> None:
    watcher = Watcher("events", loader, instance)
    (request,) = watcher.settled()
    watcher.started(request, dg.DagsterRunStatus.CANCELED)
    assert not watcher.tick()
    assert "was terminated; waits for a change" in (watcher.skipped or "")
    path = file_of(source, "2018-11-03")
    path.write_bytes(path.read_bytes() * 2)
    assert days(watcher.tick()) == [("2018-11-01", "2018-11-06")]


def test_a_blocked_day_is_asked_for_once(loader: Loader, source: Path, instance: dg.DagsterInstance) -> None:
    path = file_of(source, "2018-11-03")
    path.write_text("no json\n" * 50)
    load_all(loader)
    watcher = Watcher("events", loader, instance)
    assert not watcher.settled()
    path.write_text("no json either\n" * 50)
    assert days(watcher.tick()) == [("2018-11-03", "2018-11-03")]


def test_a_listing_that_lacks_too_much_starts_nothing(
    loader: Loader, source: Path, instance: dg.DagsterInstance
) -> None:
    load_all(loader)
    watcher = Watcher("songs", loader, instance)
    assert not watcher.settled()
    for path in (source / "song_data").rglob("*.json"):
        path.unlink()
    assert not watcher.tick()
    assert "12 of 18 known objects are gone" in (watcher.skipped or "")
    assert "--accept-deletions" in (watcher.skipped or "")


def test_a_source_that_is_a_wrong_one_is_called_so_whatever_is_loaded(
    loader: Loader, source: Path, instance: dg.DagsterInstance
) -> None:
    load_all(loader)
    watcher = Watcher("events", loader, instance)
    assert not watcher.settled()
    watcher.loader.source = FileStore((source / "log_data").as_uri())
    assert not watcher.tick()
    assert f"set SPARKIFY_SOURCE={source.as_uri()} " in (watcher.skipped or "")
    assert "--accept-deletions" not in (watcher.skipped or "")


def test_a_few_days_that_lie_in_another_folder_are_asked_about_and_not_withdrawn(
    loader: Loader, source: Path, instance: dg.DagsterInstance
) -> None:
    load_all(loader)
    watcher = Watcher("events", loader, instance)
    assert not watcher.settled()
    (source / "log_data").rename(source / "logs")
    assert not watcher.tick()
    assert "; events are looked for in log_data/, found logs/ (6 files)" in (watcher.skipped or "")


def test_a_lost_or_reset_cache_loses_nothing(
    loader: Loader, source: Path, instance: dg.DagsterInstance
) -> None:
    load_all(loader)
    watcher = Watcher("events", loader, instance)
    assert not watcher.settled()
    store = CacheFile(loader.settings, "events")
    for lose in (store.forget, lambda: store.path.write_text("{"), lambda: setattr(watcher, "cursor", None)):
        lose()
        file_of(source, "2018-11-02").unlink(missing_ok=True)
        assert not watcher.tick()
        assert watcher.skipped == "Starts to watch the source."
        assert days(watcher.tick()) == [("2018-11-02", "2018-11-02")]


def test_a_cache_is_of_one_source_and_one_warehouse(loader: Loader, tmp_path: Path) -> None:
    cursor = CacheFile(loader.settings, "events").start([])
    assert CacheFile(loader.settings, "events").is_at(cursor)
    assert not CacheFile(settings_for(tmp_path, loader.settings.home), "events").is_at(cursor)


def test_two_polls_at_once_do_not_mix(loader: Loader, instance: dg.DagsterInstance) -> None:
    watcher = Watcher("events", loader, instance)
    watcher.tick()
    with CacheFile(loader.settings, "events").opened():
        assert not watcher.tick()
        assert watcher.skipped == "An earlier poll of the source has not ended yet."
    assert watcher.tick()


def test_a_listing_that_breaks_fails_the_tick_and_the_next_goes_on(
    loader: Loader, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = Watcher("events", loader, instance)
    watcher.tick()
    whole = loader.source.list

    def breaks(prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        for number, item in enumerate(whole(prefix, after)):
            if number == 3:
                raise SourceError("s3://bucket: SlowDown")
            yield item

    monkeypatch.setattr(loader.source, "list", breaks)
    with pytest.raises(SourceError, match="SlowDown"):
        watcher.tick()
    monkeypatch.setattr(loader.source, "list", whole)
    listed: list[str] = []
    monkeypatch.setattr(
        loader.source, "list", lambda prefix="", after="": listed.append(after) or whole(prefix, after)
    )
    assert days(watcher.tick()) == [("2018-11-01", "2018-11-06")]
    assert listed[0].endswith("2018-11-02-events.json")  # the third was listed, but not whole


def test_stretches_have_no_gaps_and_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stretches("songs", ["BA", "AB"]) == [["AB", "BA"]]
    assert stretches("events", ["2018-03-01", "2018-02-28", "2018-01-31", "2018-02-01", "2020-01-01"]) == [
        ["2018-01-31", "2018-02-01"],
        ["2018-02-28", "2018-03-01"],
        ["2020-01-01"],
    ]
    monkeypatch.setattr(arrival_runs, "MAX_DAYS", 2)
    assert [len(run) for run in stretches("events", [f"2018-01-0{day}" for day in range(1, 6)])] == [2, 2, 1]


def test_a_tick_asks_for_few_runs_and_the_rest_follows(
    warehouse: Warehouse, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    source = tmp_path / "sparse"
    write_sample(source, events=300, songs=1, days=13, seed=1)
    for path in sorted((source / "log_data").rglob("*.json"))[1::2]:
        path.unlink()
    watcher = Watcher("events", loader_for(warehouse, source, tmp_path / "home"), instance)
    there = [path.name[:10] for path in sorted((source / "log_data").rglob("*.json"))]
    asked: list[tuple[str, str]] = []
    for _ in range(3):
        requests = watcher.settled()
        assert len(requests) <= arrival_runs.MAX_RUNS
        asked += days(requests)
        for day, _ in days(requests):
            for _ in watcher.loader.load("events", {day}):
                pass
    assert len(there) > arrival_runs.MAX_RUNS
    assert asked == [(day, day) for day in there]


def test_what_lands_in_a_crowd_is_waited_for(
    loader: Loader, source: Path, instance: dg.DagsterInstance
) -> None:
    """Two thousand songs that land over many ticks are one run, not one for each tick."""
    watcher = Watcher("songs", loader, instance)
    watcher.tick()
    content = next((source / "song_data").rglob("*.json")).read_bytes()
    for number in range(4):
        for song in range(60):
            path = source / f"song_data/A/B/C/TR{number}{song:03}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        assert not watcher.tick()
        assert watcher.skipped == "Many files are arriving; waits until all are there."
    assert len(watcher.tick()) == 1


def test_comparisons_are_of_whole_partitions(loader: Loader, instance: dg.DagsterInstance) -> None:
    """Two folders may hold objects of one day: a change in one is compared with all of the day."""
    source = Path(loader.settings.source[7:])
    other = source / "log_data/2018/11/late/2018-11-02-events.json"
    other.parent.mkdir()
    other.write_bytes(file_of(source, "2018-11-02").read_bytes().splitlines()[0])
    load_all(loader)
    watcher = Watcher("events", loader, instance)
    assert not watcher.settled()
    other.write_bytes(other.read_bytes() + b"\n")
    assert days(watcher.tick()) == [("2018-11-02", "2018-11-02")]
    other.unlink()
    load_all(loader)
    assert not watcher.tick()
    survey = loader.plan()
    assert Partition("events", "2018-11-02") not in survey.difference.changed
