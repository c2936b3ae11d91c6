"""Invariant 12: what is published does not vanish through a bad file. A file that cannot be read, or of which nothing
can be staged, and rows that would go though their files are there, leave the old rows until somebody accepts the new.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import psycopg2
import pytest

from sparkify_assets.inspection.checksum import digest
from sparkify_assets.inspection.reconcile import reconcile
from sparkify_assets.inspection.status import status, why_blocked
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import Partition
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import loader_for
from tests.invariants import world
from tests.invariants.test_blocked import GOOD
from tests.invariants.test_corrections import DAY
from tests.invariants.world import START, Files, day_key, lines, play, song, song_key, states, tables

ONE, TWO = world.DAYS[:2]
NINE = [play(START + DAY + n, userId=str(n)) for n in range(9)]
NINE_SONGS = [song(song_id=f"SO{n}") for n in range(9)]
REFUSED = lines(NINE).replace(b'"userId": "', b'"userId": "7.0')
DAY_FILE, PACKED_DAY = day_key(TWO), day_key(TWO, "-2") + ".gz"
SONG_FILE, PACKED_SONG = song_key("AA"), song_key("AA", "B") + ".gz"

#: What is published, what takes its place, and the gates that keep that out; the rows published and those that arrive.
VANISHING: dict[str, tuple[Files, Files, set[str], tuple[int, int]]] = {
    "an archive that is cut": (
        {PACKED_DAY: gzip.compress(lines(NINE))},
        {PACKED_DAY: gzip.compress(lines(NINE))[:-20]},
        {"events_objects", "events_row_drop"},
        (9, 0),
    ),
    "an archive of two that is cut": (
        {DAY_FILE: lines(NINE[1:]), PACKED_DAY: gzip.compress(lines(NINE[:1]))},
        {DAY_FILE: lines(NINE[1:]), PACKED_DAY: gzip.compress(lines(NINE[:1]))[:-1]},
        {"events_objects"},
        (9, 8),
    ),
    "an archive that is emptied": (
        {PACKED_DAY: gzip.compress(lines(NINE))}, {PACKED_DAY: b""}, {"events_objects", "events_row_drop"}, (9, 0),
    ),
    "a file that is emptied": ({DAY_FILE: lines(NINE)}, {DAY_FILE: b""}, {"events_row_drop"}, (9, 0)),
    "a file of blank lines": ({DAY_FILE: lines(NINE)}, {DAY_FILE: b"\n \n"}, {"events_row_drop"}, (9, 0)),
    "a text in UTF-16": (
        {DAY_FILE: lines(NINE)},
        {DAY_FILE: lines(NINE).decode().encode("utf-16")},
        {"events_objects", "events_row_drop"},
        (9, 0),
    ),
    "every record refused": (
        {DAY_FILE: lines(NINE)}, {DAY_FILE: REFUSED}, {"events_objects", "events_row_drop"}, (9, 0),
    ),
    "every record of a new object refused": (
        {DAY_FILE: lines(NINE)}, {DAY_FILE: lines(NINE), day_key(TWO, "-3"): b"junk"}, {"events_objects"}, (9, 9),
    ),
    "most rows gone": ({DAY_FILE: lines(NINE)}, {DAY_FILE: lines(NINE[:4])}, {"events_row_drop"}, (9, 4)),
    "most rows gone, under another name": (
        {DAY_FILE: lines(NINE)}, {day_key(TWO, "-4"): lines(NINE[:4])}, {"events_row_drop"}, (9, 4),
    ),
    "the object with all the rows gone": (
        {DAY_FILE: lines(NINE), day_key(TWO, "-5"): b""}, {day_key(TWO, "-5"): b""}, {"events_row_drop"}, (9, 0),
    ),
    "a song archive that is cut": (
        {SONG_FILE: lines(NINE_SONGS[1:]), PACKED_SONG: gzip.compress(lines(NINE_SONGS[:1]))},
        {SONG_FILE: lines(NINE_SONGS[1:]), PACKED_SONG: gzip.compress(lines(NINE_SONGS[:1]))[:-9]},
        {"songs_objects"},
        (9, 8),
    ),
    "a song in UTF-16": (
        {SONG_FILE: lines(NINE_SONGS[1:]), song_key("AA", "C"): lines(NINE_SONGS[:1])},
        {SONG_FILE: lines(NINE_SONGS[1:]), song_key("AA", "C"): lines(NINE_SONGS[:1]).decode().encode("utf-16")},
        {"songs_objects"},
        (9, 8),
    ),
    "every song refused": (
        {SONG_FILE: lines(NINE_SONGS)},
        {SONG_FILE: lines(NINE_SONGS).replace(b"AR1", b"")},
        {"songs_objects", "songs_row_drop"},
        (9, 0),
    ),
    "songs that are emptied": ({SONG_FILE: lines(NINE_SONGS)}, {SONG_FILE: b""}, {"songs_row_drop"}, (9, 0)),
    "most songs gone": (
        {SONG_FILE: lines(NINE_SONGS)}, {SONG_FILE: lines(NINE_SONGS[:4])}, {"songs_row_drop"}, (9, 4),
    ),
}  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    world.write(folder, GOOD)
    return folder


@pytest.fixture
def loader(small: Warehouse, source: Path, home: Path) -> Loader:
    loader = loader_for(small, source, home)
    world.load_all(loader)
    return loader


def partition_of(files: Files) -> Partition:
    """The one partition that these files are of."""
    ((dataset, key),) = {
        ("songs" if key.startswith("song") else "events", world.partition(key)) for key in files
    }
    return Partition(dataset, key)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", VANISHING)
def test_what_is_published_does_not_vanish_through_a_bad_file(
    loader: Loader, small: Warehouse, source: Path, name: str
) -> None:
    """The old rows stay; the files and both counts are told; somebody may accept it."""
    good, bad, gates, (published, arriving) = VANISHING[name]
    partition = partition_of(good)
    others = {key: content for key, content in GOOD.items() if world.partition(key) != partition.key}
    world.remake(source, others | good)
    assert states(loader) == {partition.key: "published"}
    before, digest_before = tables(small), digest(small)

    world.remake(source, others | bad)
    assert states(loader) == {partition.key: "blocked"}
    assert tables(small) == before
    world.assert_holds(small, others | good)
    (found,) = [item for item in status(loader).partitions if item.state == "blocked"]
    assert {check["check"] for check in found.blocked_by} == gates
    for check in found.blocked_by:
        named = {row["object_key"] for row in check["sample"]} - {None}
        assert named <= bad.keys()
        assert named or bad.items() <= good.items(), "what has changed is named"
        assert {(int(r["rows_published"]), int(r["rows_arriving"])) for r in check["sample"]} == {
            (published, arriving)
        }
    told = why_blocked(small)[partition]
    assert f"{arriving} rows would replace {published}" in told
    assert states(loader) == {}, "it waits"

    loader.publisher.release(partition, "it is so")
    world.assert_holds(small, others | bad)
    world.assert_reconciled(small)
    released = digest(small)
    assert loader.publisher.republish()
    assert digest(small) == released
    assert {finding.kind for finding in reconcile(loader, deep=True)} <= {"unreadable"}
    assert states(loader) == {}

    world.remake(source, others | good)
    assert states(loader) == {partition.key: "published"}
    assert (tables(small), digest(small)) == (before, digest_before)


@pytest.mark.parametrize(
    ("good", "after"),
    [
        ({DAY_FILE: lines(NINE[:8])}, {DAY_FILE: lines(NINE[:4])}),
        (
            {DAY_FILE: lines(NINE), PACKED_DAY: gzip.compress(lines(NINE[:1]))},
            {PACKED_DAY: gzip.compress(lines(NINE[:1]))},
        ),
        ({DAY_FILE: lines(NINE)}, {DAY_FILE: lines(NINE[:8]) + b"\njunk"}),
        ({SONG_FILE: lines(NINE_SONGS)}, {SONG_FILE: lines(NINE_SONGS), song_key("AA", "B"): b"junk"}),
        ({SONG_FILE: lines(NINE_SONGS)}, {SONG_FILE: lines(NINE_SONGS[:5])}),
    ],
    ids=["half of the rows", "an object gone with its rows", "one record", "one song", "less than half of the songs"],
)  # fmt: skip
def test_what_may_go_is_let_go(
    loader: Loader, small: Warehouse, source: Path, good: Files, after: Files
) -> None:
    partition = partition_of(good)
    others = {key: content for key, content in GOOD.items() if world.partition(key) != partition.key}
    for files in (good, after):
        world.remake(source, others | files)
        assert states(loader) == {partition.key: "published"}
        world.assert_holds(small, others | files)


def test_the_share_that_may_go_is_a_setting(small: Warehouse, source: Path, home: Path) -> None:
    for share, left, state in (
        (0.0, 8, "blocked"),
        (0.2, 8, "published"),
        (1.0, 1, "published"),
        (1.0, 0, "blocked"),
    ):
        world.clean(small)
        loader = loader_for(small, source, home, max_drop=share)
        for rows, expected in ((9, "published"), (left, state)):
            world.remake(source, {DAY_FILE: lines(NINE[:rows])})
            assert states(loader) == {TWO: expected}, (share, left)


def test_a_day_that_cannot_be_read_is_blocked_also_where_nothing_was_published(
    small: Warehouse, source: Path, home: Path
) -> None:
    world.remake(source, {PACKED_DAY: gzip.compress(lines(NINE))[:-20], day_key(ONE): lines(NINE)})
    loader = loader_for(small, source, home)
    assert states(loader) == {TWO: "blocked", ONE: "published"}
    (rejected,) = rejects_of(small, TWO)
    assert (rejected["object_key"], rejected["position"], rejected["raw_record"]) == (PACKED_DAY, None, None)
    assert why_blocked(small) == {
        Partition("events", TWO): f"by events_objects; {PACKED_DAY}: {rejected['reason']}"
    }


def test_reconcile_goes_on_past_an_object_that_cannot_be_read(
    loader: Loader, small: Warehouse, source: Path
) -> None:
    """It is named, and so is what differs in the others."""
    world.write(source, {PACKED_DAY: b"no gzip", PACKED_SONG: b"no gzip"})
    assert states(loader) == {TWO: "blocked", "AA": "blocked"}
    world.release_all(loader)
    with psycopg2.connect(small.url) as connection, connection.cursor() as cursor:
        cursor.execute("delete from staging.events where event_date = %s", (ONE,))
    connection.close()
    found = reconcile(loader, deep=True)
    assert [f.where for f in found if f.kind == "unreadable"] == [PACKED_SONG, PACKED_DAY]
    assert [f.where for f in found if f.kind == "missing"] == ["staging_events"] * 2


def rejects_of(warehouse: Warehouse, partition: str) -> list[dict[str, object]]:
    """What is in quarantine of a day or prefix."""
    with warehouse.transaction(lock=False) as transaction:
        return transaction.records("ledger/quarantined", partition_key=partition, object_key=None)
