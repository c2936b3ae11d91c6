"""What the next load would do, held against the source's files, counted here, and against what that load then does."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import dagster as dg
import psycopg2.errors
import pytest

from sample_data.generate import write_sample
from sparkify_assets.definitions import build_defs
from sparkify_assets.inspection.effort import PastBatch, seconds_of
from sparkify_assets.inspection.next_load import NextLoad, next_load, next_rebuild
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import DeletionsRefused
from sparkify_assets.load.selection import Selection, SelectionError
from sparkify_assets.load.statements import statements_of
from sparkify_assets.model.datasets import DATASETS, Partition
from sparkify_assets.source.store import SourceObject
from tests.conftest import Admin, load_all
from tests.redshift.test_transcript import TRANSCRIPT


@pytest.fixture
def source(source: Path) -> Path:
    write_sample(source, events=500, songs=20, days=4, seed=5)
    return source


def foreseen(loader: Loader, days: str = "", songs: str = "", full: bool = False) -> NextLoad:
    return next_load(loader, Selection(days, songs, full), lambda *_: None)


def day(source: Path, name: str) -> Path:
    return source / "log_data" / name[:4] / name[5:7] / f"{name}-events.json"


def records(*paths: Path) -> int:
    return sum(len(path.read_text().splitlines()) for path in paths)


def read_by(loader: Loader, **choice: bool) -> int:
    """How many records a load reads."""
    return sum(item.records_read for result in load_all(loader, **choice) for item in result.partitions)


def test_a_first_load_is_files_bytes_days_prefixes_and_an_estimate_of_records(
    loader: Loader, source: Path
) -> None:
    days, songs = (sorted((source / part).rglob("*.json")) for part in ("log_data", "song_data"))
    found = foreseen(loader)
    assert (found.files, found.bytes) == (len(days) + len(songs), sum(p.stat().st_size for p in days + songs))
    assert found.days == len(days) == 4
    assert found.prefixes == len({path.relative_to(source).parts[1:3] for path in songs})
    assert {item.because for item in found.partitions} == {"new"}
    counted = records(*days) + len(songs)
    assert found.records == pytest.approx(counted, rel=0.1)
    assert not found.records_known
    assert (found.seconds, found.from_loads, found.statements, found.usd) == (None, 0, None, None)
    assert read_by(loader) == counted


def test_what_is_loaded_needs_nothing_and_again_it_is_what_the_ledger_counted(
    loader: Loader, source: Path
) -> None:
    load_all(loader)
    assert foreseen(loader).partitions == []
    again = foreseen(loader, full=True)
    assert {item.because for item in again.partitions} == {"again"}
    assert again.records_known
    assert again.records == records(*source.rglob("*events.json")) + 20 == read_by(loader, reload=True)


def test_each_change_is_named_and_its_records_are_those_that_the_load_then_reads(
    loader: Loader, source: Path
) -> None:
    load_all(loader)
    touched, longer, gone = (day(source, f"2018-11-0{number}") for number in (1, 2, 3))
    of_touched = records(touched)
    os.utime(touched)
    longer.write_text(f"{longer.read_text()}\n{longer.read_text()}")
    of_longer = records(longer)
    gone.unlink()
    (new := day(source, "2018-11-20")).write_text(day(source, "2018-11-04").read_text())
    found = foreseen(loader)
    planned = {item.partition: (item.because, item.records, item.records_known) for item in found.partitions}
    # The ledger knows the day whose bytes are as many as before, and twice as many bytes hold twice as many records.
    assert planned["2018-11-01"] == ("changed", of_touched, False)
    assert planned["2018-11-02"] == ("changed", of_longer, False)
    assert planned["2018-11-03"] == ("gone", 0, True)
    because, number, known = planned["2018-11-20"]
    assert (because, known) == ("new", False)
    assert number == pytest.approx(records(new), rel=0.1)
    assert planned.keys() == {"2018-11-01", "2018-11-02", "2018-11-03", "2018-11-20"}
    done = {i.partition.key: i.records_read for result in load_all(loader) for i in result.partitions}
    assert done == {key: records(new) if key == "2018-11-20" else n for key, (_, n, _) in planned.items()}


def test_it_is_asked_for_as_a_load_is(loader: Loader) -> None:
    (one,) = foreseen(loader, days="2018-11-02").partitions
    assert one.partition == "2018-11-02"
    two = foreseen(loader, days="2018-11-02..2018-11-03")
    assert [item.partition for item in two.partitions] == ["2018-11-02", "2018-11-03"]
    prefix = foreseen(loader).partitions[0].partition
    assert [item.partition for item in foreseen(loader, songs=prefix.lower()).partitions] == [prefix]
    for wrong in ({"days": "2018-11-31"}, {"days": "2018-12-24"}, {"songs": "??"}):
        with pytest.raises(SelectionError):
            foreseen(loader, **wrong)


def test_a_listing_that_lacks_much_is_refused_as_by_a_load(loader: Loader, source: Path) -> None:
    load_all(loader)
    for path in source.rglob("*.json"):
        path.unlink()
    with pytest.raises(DeletionsRefused):
        foreseen(loader)


def test_what_is_blocked_or_kept_is_named_with_the_reason(loader: Loader, source: Path) -> None:
    load_all(loader)
    damaged = day(source, "2018-11-02")
    damaged.write_text("no JSON\n" * 30)
    load_all(loader)
    found = foreseen(loader)
    assert found.partitions == []
    assert "events_reject_share" in found.blocked["2018-11-02"]
    day(source, "2018-11-03").unlink()
    loader.settings = replace(loader.settings, deleted="keep")
    found = foreseen(loader)
    assert found.partitions == []
    assert found.kept == {"2018-11-03": "log_data/2018/11/2018-11-03-events.json stays loaded"}


def test_a_rebuild_is_planned_where_other_rules_have_made_the_star(loader: Loader) -> None:
    load_all(loader)
    assert next_rebuild(loader, lambda *_: None).partitions == []
    with Admin(loader.warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute("update ledger.loads set star_rules = 'former'")
        cursor.execute("select sum(rows_staged) from ledger.loads where state = 'published'")
        ((rows,),) = cursor.fetchall()
    found = next_rebuild(loader, lambda *_: None)
    assert {item.because for item in found.partitions} == {"made by other rules"}
    assert (found.records, found.files, found.seconds, found.rebuilds) == (rows, 0, None, True)


def _everything(loader: Loader, *folders: Path) -> list[object]:
    """Every row of every table, and every file with its time."""
    with Admin(loader.warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select schemaname || '.' || tablename from pg_tables"
            " where schemaname in ('incoming', 'staging', 'sparkify', 'ledger') order by 1"
        )
        names = [name for (name,) in cursor.fetchall()]
        rows: list[object] = []
        for name in names:
            cursor.execute(f"select xmin::text, t::text from {name} as t order by 1, 2")
            rows.append((name, cursor.fetchall()))
    files = [path for folder in folders for path in sorted(folder.rglob("*"))]
    return [*rows, *((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files)]


@pytest.mark.parametrize("state", ["empty", "loaded", "changed"])
def test_nothing_is_written(loader: Loader, source: Path, tmp_path: Path, state: str) -> None:
    if state != "empty":
        load_all(loader)
    if state == "changed":
        day(source, "2018-11-02").write_text("no JSON\n" * 30)
        load_all(loader)
        day(source, "2018-11-05").write_text(day(source, "2018-11-01").read_text())
    before = _everything(loader, tmp_path)
    foreseen(loader)
    foreseen(loader, full=True)
    next_rebuild(loader, lambda *_: None)
    assert _everything(loader, tmp_path) == before


def test_the_server_itself_lets_a_look_write_nothing(loader: Loader) -> None:
    with loader.warehouse.looking() as look:
        assert look is None  # there are no tables, and there are none after it
    load_all(loader)
    with loader.warehouse.looking() as look:
        assert look
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            look.run("ledger/republished", star_rules="x")


def test_a_local_warehouse_that_was_never_made_is_not_made(loader: Loader, tmp_path: Path) -> None:
    there = replace(loader.warehouse, url="embedded", folder=tmp_path / "none")
    assert foreseen(replace(loader, warehouse=there)).days == 4
    assert not (tmp_path / "none").exists()


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    ("past", "batches", "seconds"),
    [
        ([], [5], None),
        ([], [], 0.0),
        ([(10, 4.0)], [5], 4.0),  # one says nothing of smaller ones than that they do not take longer
        ([(10, 4.0)], [20], 8.0),
        ([(10, 4.0)], [5, 20], 12.0),
        ([(10, 4.0), (30, 8.0)], [20], 6.0),  # 2 s, and 0.2 s for each megabyte
        ([(10, 4.0), (30, 8.0)], [0], 2.0),
        ([(10, 4.0), (30, 8.0)], [20, 100], 6.0 + 22.0),
        (
            [(10, 4.0), (30, 2.0)],
            [100],
            3.0,
        ),  # larger ones were faster, which says nothing of larger ones still
        ([(10, 1.0), (20, 4.0)], [30], 5.0),  # the line would begin below zero
    ],
)
def test_time_is_judged_by_the_batches_of_the_past(
    past: list[tuple[int, float]], batches: list[int], seconds: float | None
) -> None:
    remembered = [PastBatch("run", took, size * MEGABYTE) for size, took in past]
    found = seconds_of(remembered, [size * MEGABYTE for size in batches])
    assert found == (None if seconds is None else pytest.approx(seconds))


def test_the_time_comes_from_the_ledger_and_says_from_how_many_loads(loader: Loader) -> None:
    for _ in range(3):
        load_all(loader, reload=True)
    with Admin(loader.warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "update ledger.batches set stage_seconds = 3, publish_seconds = 4, run_id = left(batch_id, 3)"
        )
        cursor.execute("update ledger.batches set run_id = 'one' where dataset = 'songs'")
        cursor.execute("select count(distinct run_id) from ledger.batches")
        ((loads,),) = cursor.fetchall()
    found = foreseen(loader, full=True)
    assert found.batches == 2
    assert (found.seconds, found.from_loads) == (14.0, loads)
    assert foreseen(loader, days="2018-11-01", full=True).seconds == 7.0


def test_the_statements_are_those_of_the_transcript_of_a_load(loader: Loader) -> None:
    for dataset, key in (("songs", "AA"), ("events", "2018-11-01")):
        batch = {Partition(dataset, key): [SourceObject("key", "token", 10)]}  # type: ignore[arg-type]
        number = statements_of(dataset, batch, loader.settings)  # type: ignore[arg-type]
        assert f"a batch of {dataset}: 2 commits, 1 COPYs, {number} statements" in TRANSCRIPT.read_text()
    assert len(DATASETS) == 2


def plan_on_page(loader: Loader, **config: object) -> dg.ExecuteInProcessResult:
    return (
        build_defs(loader.settings, loader=loader)
        .resolve_job_def("plan_load")
        .execute_in_process(
            instance=dg.DagsterInstance.ephemeral(),
            run_config={"ops": {"plan_next_load": {"config": config}}},
            raise_on_error=False,
        )
    )


def test_the_page_has_it_as_a_job(loader: Loader) -> None:
    expected = foreseen(loader, days="2018-11-02")
    done = plan_on_page(loader, days="2018-11-02")
    (event,) = [e for e in done.all_events if e.event_type_value == "STEP_OUTPUT"]
    shown = event.step_output_data.metadata
    assert {name: shown[name].value for name in ("files", "bytes", "days", "records", "records_known")} == {
        name: getattr(expected, name) for name in ("files", "bytes", "days", "records", "records_known")
    }
    (row,) = shown["partitions"].records
    assert (row.data["partition"], row.data["because"]) == ("2018-11-02", "new")
    refused = plan_on_page(loader, days="2018-11-31")
    assert not refused.success
    assert "takes 2018-11-01..2018-11-30" in str(refused.get_step_failure_events())
