"""One odd line never ends a run: whatever JSON stands where a record should be, or where a field's value should be, it
is loaded or refused by itself, with its place and what it is, wherever the shape of a record is looked at.
"""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparkify_assets.defs.metadata import preview_rows
from sparkify_assets.inspection.checksum import digest
from sparkify_assets.inspection.profile import Profile, profile
from sparkify_assets.inspection.reconcile import reconcile
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.quarantine import Reject, shown
from sparkify_assets.model.datasets import Dataset
from sparkify_assets.source.sampling import unexpected
from sparkify_assets.source.urls import open_store
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import fresh_database, loader_for
from tests.invariants import world
from tests.invariants.world import day_key, song_key
from tests.loading.test_quarantine import staged

DAY = world.DAYS[0]
PLAY = {field: values[0] for field, values in world.EVENTS.items()}
SONG = {field: values[0] for field, values in world.SONGS.items()}
DEEP = {"nested": json.loads("[" * 300 + "]" * 300)}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["{}", '{"a": 1}', "[1]", "NextSong", "", " "])
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
no_objects = json_values.filter(lambda value: not isinstance(value, dict))


def changed(record: dict[str, Any], *others: str) -> st.SearchStrategy[dict[str, Any]]:
    """The record with anything in some of its fields, and in others; or a record of only these."""
    values = json_values | st.just(DEEP)
    some = st.dictionaries(st.sampled_from([*record, *others]), values, max_size=3)
    return some | some.map(record.__or__)


changed_plays, changed_songs = changed(PLAY, "extra", "USERID"), changed(SONG, "extra", "TITLE")

#: How a reason calls what is no object.
CALLED: dict[type, str] = {
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


@pytest.fixture(scope="module")
def tables(server: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with fresh_database(server) as dsn:
        warehouse = Warehouse(url=dsn, folder=tmp_path_factory.mktemp("odd"))
        warehouse.ensure_tables()
        yield warehouse


def written(records: list[object]) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)


def brought(tables: Warehouse, folder: Path, dataset: Dataset, records: list[object]) -> Any:
    """What becomes of the records of one object, and everything that looks at them as it is."""
    key, partition = (day_key(DAY), DAY) if dataset == "events" else (song_key("AA"), "AA")
    source = folder / "source"
    world.remake(source, {key: written(records)}) if source.exists() else world.write(
        source, {key: written(records)}
    )
    loader = loader_for(tables, source, folder / "home")
    found = staged(loader, dataset)[partition]
    if found.rejects:
        preview_rows(shown(reject) for reject in found.rejects)
    json.dumps([shown(reject) for reject in found.rejects], ensure_ascii=False).encode()
    json.dumps(unexpected(dataset, loader.source, [key]), ensure_ascii=False).encode()
    assert found.records_read == len(records)
    assert found.records_read == found.rows_staged + len(found.rejects)
    if found.rejects:
        assert found.records_of == {key: len(records)}
    return found


def taken(found: Any) -> dict[int, Reject]:
    """The rejects by position; each has one of its own, and its text."""
    by_position = {reject.position: reject for reject in found.rejects}
    assert len(by_position) == len(found.rejects)
    assert None not in by_position
    assert all(reject.raw for reject in found.rejects)
    return by_position


@settings(max_examples=40)
@given(st.lists(no_objects | st.just(PLAY), min_size=1, max_size=6))
def test_what_is_no_object_among_events(
    tables: Warehouse, tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    found = brought(tables, tmp_path_factory.mktemp("odd"), "events", records)
    odd = {line: value for line, value in enumerate(records, 1) if value is not PLAY}
    rejects = taken(found)
    assert rejects.keys() == odd.keys()
    for line, value in odd.items():
        assert CALLED[type(value)] in rejects[line].reason
        assert rejects[line].reason.endswith("; expected one object after another")
        assert rejects[line].raw == json.dumps(value)
    assert found.rows_staged == len(records) - len(odd)


@settings(max_examples=40)
@given(st.lists(no_objects | st.just(SONG), min_size=1, max_size=6))
def test_what_is_no_object_among_songs(
    tables: Warehouse, tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    found = brought(tables, tmp_path_factory.mktemp("odd"), "songs", records)
    odd = {line: value for line, value in enumerate(records, 1) if value is not SONG}
    rejects = taken(found)
    assert rejects.keys() == odd.keys()
    for line, value in odd.items():
        assert CALLED[type(value)] in rejects[line].reason
        assert rejects[line].raw == json.dumps(value)


@settings(max_examples=80)
@given(st.lists(changed_plays, min_size=1, max_size=6))
def test_events_of_which_fields_hold_anything(
    tables: Warehouse, tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    taken(brought(tables, tmp_path_factory.mktemp("odd"), "events", records))


@settings(max_examples=80)
@given(st.lists(changed_songs, min_size=1, max_size=6))
def test_songs_of_which_fields_hold_anything(
    tables: Warehouse, tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    taken(brought(tables, tmp_path_factory.mktemp("odd"), "songs", records))


@settings(max_examples=40)
@given(
    st.lists(no_objects | changed_plays, min_size=1, max_size=6),
    st.lists(no_objects | changed_songs, min_size=1, max_size=6),
)
def test_a_profile_of_anything(
    tmp_path_factory: pytest.TempPathFactory, events: list[object], songs: list[object]
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    world.write(folder, {day_key(DAY): written(events), song_key("AA"): written(songs)})
    datasets: list[tuple[Dataset, list[object]]] = [("events", events), ("songs", songs)]
    for dataset, records in datasets:
        found: Profile = profile(dataset, open_store(folder.as_uri()))
        objects = [record for record in records if isinstance(record, dict)]
        assert (found.records, found.faults) == (len(objects), len(records) - len(objects))
        counted = {field.name: field.present for field in found.fields}
        for name in PLAY if dataset == "events" else SONG:
            assert counted[name] == sum(name in record for record in objects)
        json.dumps(dataclasses.asdict(found)).encode()


def test_a_profile_of_keys_that_are_there_twice(tmp_path: Path) -> None:
    twice = json.dumps(PLAY)[:-1] + ', "level": "paid"}'
    world.write(tmp_path, {day_key(DAY): (twice + "\n" + json.dumps(PLAY)).encode()})
    found = profile("events", open_store(tmp_path.as_uri()))
    (level,) = (field for field in found.fields if field.name == "level")
    assert (found.records, found.faults) == (2, 0)
    assert (level.distinct, level.least, level.greatest) == (2, "free", "paid")


def test_an_array_for_a_file_and_every_odd_line_leave_the_rest_loaded(loader: Loader, source: Path) -> None:
    """Cases 12, 12b and 13 of public reports: pandas' to_json(orient="records"), and lines that are no object."""
    odd: list[object] = [None, 42, [1, 2], "a comment", True, 1.5, [], math.pi]
    world.write(
        source,
        {
            day_key(world.DAYS[0]): written([PLAY] * 20 + odd[:4]),
            day_key(world.DAYS[1], "-2"): written([PLAY | {"ts": world.START + 86_400_000}]),
            day_key(world.DAYS[1]): json.dumps([PLAY, PLAY], indent=1).encode(),
            song_key("AA", "A"): json.dumps([SONG]).encode(),
            song_key("AA", "B"): written([SONG, *odd]),
        },
    )
    world.load_all(loader)
    with loader.warehouse.reading() as transaction:
        found = transaction.records("ledger/quarantined", partition_key=None, object_key=None)
    reasons = {(row["object_key"], row["position"]): row["reason"].partition(";")[0] for row in found}
    array = len(json.dumps([PLAY, PLAY], indent=1).splitlines())
    assert reasons == {
        (day_key(world.DAYS[0]), 21): "null",
        (day_key(world.DAYS[0]), 22): "a number",
        (day_key(world.DAYS[0]), 23): "a JSON array",
        (day_key(world.DAYS[0]), 24): "a JSON string",
        (day_key(world.DAYS[1]), array): "a JSON array",
        (song_key("AA", "A"), 1): "a JSON array",
        **{
            (song_key("AA", "B"), line): what
            for line, what in enumerate(
                [
                    "null",
                    "a number",
                    "a JSON array",
                    "a JSON string",
                    "a boolean",
                    "a number",
                    "a JSON array",
                    "a number",
                ],
                2,
            )
        },
    }
    blocked = ("events", world.DAYS[1])
    assert world.release_all(loader) == [blocked], "an object of which nothing can be staged"
    before = digest(loader.warehouse)
    assert {finding.kind for finding in reconcile(loader, deep=True)} <= {"blocked"}
    assert digest(loader.warehouse) == before
