"""Invariant 13: one bad part never stops the rest. What can be loaded is loaded in the same command; what could not be,
and what was not tried, is named with its cause, and that is the command's last line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from sparkify_assets.errors import TRACE_FILE
from sparkify_assets.load import results, stage
from sparkify_assets.load.loader import BatchesFailed, Loader
from sparkify_assets.load.publish import SourceChanged
from sparkify_assets.load.results import Batch, BatchResult
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.errors import WarehouseError
from tests.command_line import Run, one_line
from tests.conftest import loader_for
from tests.invariants import world
from tests.invariants.test_corrections import DAY
from tests.invariants.world import START, Files, day_key, lines, play, song, song_key

ONE, TWO, THREE = world.DAYS[:3]
FILES: Files = {
    day_key(ONE): lines([play(START, userId="1")]),
    day_key(TWO): lines([play(START + DAY, userId="2")]),
    day_key(THREE): lines([play(START + 2 * DAY, userId="3")]),
    song_key("AA"): lines([song()]),
    song_key("AB"): lines([song(song_id="SO2", artist_id="AR2", title="Rain")]),
    song_key("BA"): lines([song(song_id="SO3", artist_id="AR3", title="Moon")]),
}


@contextmanager
def refusing(warehouse: Warehouse, table: str, condition: str) -> Iterator[None]:
    """The warehouse fails when rows like this are written: an error that only their batch meets."""
    name = table.replace(".", "_")
    with psycopg2.connect(warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            f"create function refuse_{name}() returns trigger language plpgsql as $$ begin if {condition} then"
            " raise numeric_value_out_of_range using message = 'value out of range: overflow'; end if;"
            " return new; end $$;"
            f"create trigger refuse before insert on {table} for each row execute function refuse_{name}()"
        )
    yield
    with connection, connection.cursor() as cursor:
        cursor.execute(f"drop function refuse_{name} cascade")
    connection.close()


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every partition is a batch of its own."""
    monkeypatch.setattr(results, "MAX_BATCH_BYTES", 1)


@pytest.fixture
def filled(loader: Loader, source: Path) -> Loader:
    world.write(source, FILES)
    loader.warehouse.ensure_tables()
    return loader


def without(*partitions: str) -> Files:
    return {key: content for key, content in FILES.items() if world.partition(key) not in partitions}


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize(
    ("dataset", "table", "condition", "bad"),
    [
        ("events", "sparkify.users", "new.user_id = 2", TWO),
        ("songs", "sparkify.songs", "new.song_id = 'SO2'", "AB"),
    ],
)
def test_the_error_of_a_batch_leaves_the_others(
    filled: Loader, dataset: str, table: str, condition: str, bad: str
) -> None:
    with refusing(filled.warehouse, table, condition):
        with pytest.raises(BatchesFailed) as failed:
            world.load_all(filled)
        assert str(failed.value) == (
            f"{'songs ' * (dataset == 'songs')}{bad}: NumericValueOutOfRange: value out of range: overflow"
            " CONTEXT: PL/pgSQL function refuse_" + table.replace(".", "_") + "() line 1 at RAISE"
        )
        with pytest.raises(BatchesFailed):  # the good are not loaded once more
            assert world.load(filled, dataset) == []
        if dataset == "songs":
            world.load(filled, "events")
    world.assert_holds(filled.warehouse, without(bad))
    world.assert_reconciled(filled.warehouse)
    world.load_all(filled)
    world.assert_holds(filled.warehouse, FILES)


@pytest.mark.usefixtures("apart")
def test_a_batch_whose_source_never_rests_leaves_the_others(
    filled: Loader, source: Path, tmp_path: Path
) -> None:
    def move(statement: str) -> None:
        """Day two is written anew each time that a day's users are merged, so that its own listing differs."""
        if statement.startswith("merge/users"):
            (source / day_key(TWO)).write_bytes(FILES[day_key(TWO)])

    moving = Warehouse(url=filled.warehouse.url, folder=tmp_path, before_statement=move)
    loader = loader_for(moving, source, tmp_path / "home")
    with pytest.raises(BatchesFailed, match=r"^2018-11-02: .*came, went or was overwritten") as failed:
        world.load(loader, "events")
    assert [type(error) for _, error in failed.value.failures] == [SourceChanged]
    world.assert_holds(moving, {k: v for k, v in without(TWO).items() if k.startswith("log")})


@pytest.mark.usefixtures("apart")
def test_what_concerns_every_batch_ends_the_load(filled: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = failing_batches(monkeypatch, WarehouseError("warehouse: it is away"), ONE)
    with pytest.raises(WarehouseError, match="it is away"):
        world.load(filled, "events")
    assert tried == [[ONE]]


def failing_batches(
    monkeypatch: pytest.MonkeyPatch, error: Exception, *partitions: str
) -> Sequence[list[str]]:
    """Have the batches with these partitions fail; the batches that are tried are noted."""
    whole = Loader._stage_and_publish
    tried = []

    def stage(self: Loader, course: Any, batch: Batch, *rest: Any) -> BatchResult:
        tried.append([partition.key for partition in batch.objects])
        if {partition.key for partition in batch.objects} & set(partitions):
            raise error
        return whole(self, course, batch, *rest)

    monkeypatch.setattr(Loader, "_stage_and_publish", stage)
    return tried


# ------------------------------------------------------------------ the command line


def spoil_songs(folder: Path) -> None:
    """A prefix of fifteen songs of which twelve have no song_id."""
    songs = [song(song_id="" if n < 12 else f"SO{n}") for n in range(15)]
    world.write(
        folder / "source", {song_key("ZZ", str(n)): lines([record]) for n, record in enumerate(songs)}
    )


def loaded(sparkify: Run) -> dict[str, str]:
    found = json.loads(sparkify("status", "--format", "json").out)["partitions"]
    return {item["partition"]: item["state"] for item in found}


def test_blocked_songs_leave_the_days(sparkify: Run, tmp_path: Path) -> None:
    spoil_songs(tmp_path)
    result = sparkify("load")
    assert result.code == 1
    assert (
        "blocked songs ZZ by songs_reject_share; song_data/Z/Z/0/TRZZ0.json, line 1: song without"
        in result.out
    )
    states = loaded(sparkify)
    assert states.pop("ZZ") == "blocked"
    assert set(states.values()) == {"loaded"}
    assert "2018-11-05" in states


def test_a_blocked_day_leaves_the_songs_and_the_other_days(sparkify: Run, tmp_path: Path) -> None:
    spoil_songs(tmp_path)
    world.write(tmp_path / "source", {day_key("2018-11-02"): b"junk"})
    report = sparkify("load", "--format", "json")
    assert report.code == 1
    told = json.loads(report.out)
    assert told["blocked"] == ["2018-11-02", "songs ZZ"]
    assert told["blocked_by"]["2018-11-02"].startswith(
        f"by events_objects; {day_key('2018-11-02')}, line 1: "
    )
    assert (told["errors"], told["failed"], told["not_tried"]) == ([], [], [])
    states = loaded(sparkify)
    assert {key for key, state in states.items() if state != "loaded"} == {"2018-11-02", "ZZ"}


def test_the_message_names_the_file_and_both_counts(sparkify: Run, tmp_path: Path) -> None:
    sparkify("load")
    file = tmp_path / "source" / day_key("2018-11-02")
    rows = len(file.read_bytes().splitlines())
    file.write_bytes(b"")
    key = day_key("2018-11-02")
    assert (
        f"blocked 2018-11-02 by events_row_drop; {key}: 0 rows would replace {rows}" in sparkify("load").out
    )
    again = sparkify("load")
    assert again.code == 1
    assert f"{key}: 0 rows would replace {rows}" in again.out, (
        "also where it has waited since another command"
    )
    assert f"{key}: 0 rows would replace {rows}" in sparkify("status").out
    sample = f"object_key {key}, rows_published {rows}, rows_arriving 0"
    assert sample in sparkify("status", "--verbose").out


@pytest.mark.usefixtures("apart")
def test_the_error_of_a_batch_is_told_after_the_rest_is_loaded(
    sparkify: Run, tmp_path: Path, warehouse: Warehouse
) -> None:
    """Both a prefix's and a day's; the last line is the cause of the first."""
    world.write(tmp_path / "source", {song_key("ZZ"): lines([song(song_id="SO0")])})
    world.write(tmp_path / "source", {day_key("2018-11-03", "-2"): lines([play(userId="77")])})
    sparkify("tables", "create")
    with (
        refusing(warehouse, "sparkify.songs", "new.song_id = 'SO0'"),
        refusing(warehouse, "sparkify.users", "new.user_id = 77"),
    ):
        result = sparkify("load")
    assert one_line(result).startswith(
        "error: songs ZZ: NumericValueOutOfRange: value out of range: overflow"
    )
    assert result.err.splitlines()[-1] == one_line(result)
    assert "failed 2018-11-03: NumericValueOutOfRange: value out of range" in result.out
    assert result.out.startswith("Not all: loaded 34 files ")
    assert "not tried" not in result.out
    states = loaded(sparkify)
    assert {key for key, state in states.items() if state != "loaded"} == {"2018-11-03", "ZZ"}
    assert sparkify("load").out.startswith("Loaded 3 files ")


@pytest.mark.usefixtures("apart")
def test_what_ends_a_run_is_told_with_what_was_not_tried(
    sparkify: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        failing_batches(patch, WarehouseError("warehouse redshift://here: it is away"), "2018-11-02")
        result = sparkify("load")
    assert one_line(result) == "error: warehouse redshift://here: it is away"
    assert result.out.startswith("Not all: loaded ")
    assert "not tried, for the error below 2018-11-02 to 2018-11-05 (4)" in result.out
    failing_batches(monkeypatch, WarehouseError("warehouse redshift://here: it is away"), "2018-11-02")
    again = sparkify("load")
    assert again.out.startswith("Nothing was loaded")
    assert "Nothing new" not in again.out


def test_what_ends_the_songs_is_told_with_the_days_that_were_not_tried(
    sparkify: Run, small_sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    songs = {f"{f.parts[-4]}{f.parts[-3]}" for f in small_sample.glob("song_data/*/*/*/*.json")}
    failing_batches(monkeypatch, WarehouseError("warehouse redshift://here: it is away"), *songs)
    told = json.loads(sparkify("load", "--format", "json").out)
    assert told["not_tried"] == [f"songs {key}" for key in sorted(songs)] + [
        f"2018-11-0{n}" for n in range(1, 6)
    ]
    assert told["errors"] == ["warehouse redshift://here: it is away"]


def broken(*_: Any, **__: Any) -> Any:
    return {}["a key that is not there"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("position"), "KeyError: 'position'"),
        (
            AttributeError("'list' object has no attribute 'items'"),
            "AttributeError: 'list' object has no attribute",
        ),
        (ValueError(), "ValueError"),
        (RuntimeError("two\nlines"), "RuntimeError: two lines"),
    ],
)
def test_an_error_of_our_own_is_one_line_and_its_trace_is_kept(
    sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    """Wherever in the step it comes from: here from what looks for a record's text."""
    file = tmp_path / "source" / day_key("2018-11-02")
    file.write_bytes(file.read_bytes() + b"\njunk")

    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(stage, "with_raw", fail)
    result = sparkify("load")
    trace = tmp_path / "home" / TRACE_FILE
    line = one_line(result)
    assert line.startswith(f"error: 2018-11-01 to 2018-11-05 (5): {words}")
    assert line.endswith(f" (a fault of the program: its trace is in {trace})")
    assert "in fail\n" in trace.read_text()
    assert "songs" in result.out
    assert "Nothing new" not in result.out


def test_an_error_after_the_load_is_told_as_well(sparkify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from sparkify_assets.defs import load_assets

    monkeypatch.setattr(load_assets, "_check_result", broken)
    assert "error: KeyError: 'a key that is not there' (a fault of" in one_line(sparkify("load"))


def test_an_error_before_the_run_is_told_as_well(
    sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Loader, "plan", broken)
    trace = tmp_path / "home" / TRACE_FILE
    assert one_line(sparkify("load")) == (
        f"error: KeyError: 'a key that is not there' (a fault of the program: its trace is in {trace})"
    )
    assert "in broken\n" in trace.read_text()
