"""Records that could not be staged: their place, their text, the reason, and of how many records they are."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from pathlib import Path

import pytest

from redshift_local import read_records
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.quarantine import Reject, with_raw
from sparkify_assets.load.results import Batch, StagedPartition
from sparkify_assets.load.stage import Stager
from sparkify_assets.model.datasets import Dataset, Partition
from sparkify_assets.source.store import SourceObject
from sparkify_assets.source.urls import open_store
from tests.invariants import world
from tests.invariants.world import day_key, song_key

DAY = world.DAYS[0]
PLAY = {field: values[0] for field, values in world.EVENTS.items()}
SONG = {field: values[0] for field, values in world.SONGS.items()}


def staged(loader: Loader, dataset: Dataset) -> dict[str, StagedPartition]:
    """What a load brings of every partition of a data set, without publishing it."""
    objects = {p: o for p, o in loader.plan().difference.listed.items() if p.dataset == dataset}
    batch = Batch(dataset, objects, {}, id="staged")
    with loader.warehouse.transaction(lock=False) as transaction:
        found = Stager(loader.settings, loader.source, loader.work, loader.progress).stage(transaction, batch)
    return {item.partition.key: item for item in found}


def lines(*records: object) -> bytes:
    return b"\n".join(r if isinstance(r, bytes) else json.dumps(r).encode() for r in records)


@pytest.mark.parametrize("packed", [False, True])
def test_events_with_rejects_say_how_many_records_their_object_holds(
    loader: Loader, source: Path, packed: bool
) -> None:
    refused_by_copy, refused_by_a_rule = PLAY | {"status": "x"}, PLAY | {"userId": ""}
    files = {
        "-1": lines(PLAY, PLAY, PLAY),
        "-2": lines(PLAY, refused_by_copy, PLAY, b"junk"),
        "-3": lines(refused_by_a_rule, PLAY),
        "-4": lines(PLAY, refused_by_copy, refused_by_a_rule, refused_by_a_rule, refused_by_copy),
        "-5": lines(refused_by_copy),
    }
    for part, content in files.items():
        key = day_key(DAY, part) + ".gz" * packed
        world.write(source, {key: gzip.compress(content) if packed else content})
    found = staged(loader, "events")[DAY]
    by_part = {key.partition("events")[2][:2]: number for key, number in found.records_of.items()}
    assert by_part == {"-2": 4, "-3": 2, "-4": 5, "-5": 1}
    assert {reject.object_key for reject in found.rejects} == found.records_of.keys()


def test_songs_with_rejects_say_how_many_records_their_object_holds(loader: Loader, source: Path) -> None:
    files = {
        song_key("AA", "A"): lines(SONG),
        song_key("AA", "B"): lines(SONG, b"junk", SONG),
        song_key("AA", "C"): lines(SONG | {"year": "x"}, SONG),
        song_key("AB", "A"): lines(SONG | {"song_id": ""}),
        song_key("AB", "B") + ".gz": b"no gzip",
    }
    world.write(source, files)
    found = staged(loader, "songs")
    assert found["AA"].records_of == {song_key("AA", "B"): 3, song_key("AA", "C"): 2}
    assert found["AB"].records_of == {song_key("AB", "A"): 1, song_key("AB", "B") + ".gz": 1}
    unreadable = [reject.object_key for reject in found["AB"].rejects if reject.is_whole_object]
    assert unreadable == [song_key("AB", "B") + ".gz"]


def test_objects_of_equal_content_in_one_partition_are_named(loader: Loader, source: Path) -> None:
    """A browser's second download, a day delivered once more under another name; not two that hold nothing."""
    again = day_key(DAY, " (1)")
    files = {
        day_key(DAY): lines(PLAY),
        again: lines(PLAY),
        day_key(DAY, "-2"): lines(PLAY, PLAY),
        day_key(DAY, "-3"): b"",
        day_key(DAY, "-4"): b"",
        day_key(world.DAYS[1]): lines(PLAY),
        song_key("AA", "A"): lines(SONG),
        song_key("AA", "B"): lines(SONG),
        song_key("AA", "C"): lines(SONG),
        song_key("AB", "A"): lines(SONG),
    }
    world.write(source, files)
    days = staged(loader, "events")
    assert days[DAY].equal_objects() == [(again, day_key(DAY))]
    assert days[world.DAYS[1]].equal_objects() == []
    songs = staged(loader, "songs")
    assert songs["AA"].equal_objects() == [tuple(song_key("AA", name) for name in "ABC")]
    assert songs["AB"].equal_objects() == []


def test_an_object_that_cannot_be_read_is_one_record(loader: Loader) -> None:
    key = day_key(DAY) + ".gz"
    batch = Batch("events", {Partition("events", DAY): []}, {key: "unreadable object: it is cut"})
    assert batch.unreadable_of(Partition("events", DAY)).records_of == {}
    batch.objects[Partition("events", DAY)].append(SourceObject(key, "1", 1))
    found = batch.unreadable_of(Partition("events", DAY))
    assert found.records_of == {key: 1}
    assert [reject.is_whole_object for reject in found.rejects] == [True]


def test_of_two_faults_on_a_line_each_keeps_its_text_in_whatever_order_they_are_named(source: Path) -> None:
    """The load-error tables name the line of a record, and have no order among those of one line."""
    key = day_key(DAY)
    world.write(source, {key: b'{"song":["x"]]}\n'})
    reasons = {record.raw: str(record.value) for record in read_records(BytesIO((source / key).read_bytes()))}
    assert len(reasons) == 2
    for order in (list(reasons), list(reasons)[::-1]):
        rejects = [Reject(key, 1, None, reasons[raw], None) for raw in order]
        found = with_raw(open_store(f"file://{source}"), rejects)
        assert [(reject.raw or "").encode() for reject in found.rejects] == order
