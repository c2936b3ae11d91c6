"""Compaction changes nothing but the number of COPYs: the same files staged from the source itself are the oracle."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparkify_assets.inspection.checksum import digest
from sparkify_assets.load import compact, stage
from sparkify_assets.load.compact import Origin, Parts
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.results import Batch, StagedPartition
from sparkify_assets.load.stage import Stager
from sparkify_assets.source.store import SourceObject
from sparkify_assets.source.urls import open_store
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import fresh_database, load_all, loader_for
from tests.invariants import world
from tests.invariants.world import day_key

PLAY = {field: values[0] for field, values in world.EVENTS.items()}


def text(**fields: object) -> bytes:
    return json.dumps(PLAY | fields).encode()


#: Records that stand alone on their line: sound ones, those that COPY rejects by a column, those that a rule rejects.
ALONE = [
    text(),
    text(song='Sör \u2028 💿 \\ " } {'),
    text(song='"event_date":"2018-11-09"}'),
    text(page="Home", userId=""),
    text(itemInSession="1", ts="1541030400000", status=""),
    text(status="x"),
    text(song="z" * 2000),
    text(ts=2**70),
    text(ts=1.5),
    text(song="nul \0"),
    text(artist={"name": [1, {}]}),
    text(userId=""),
    text(auth="Logged Out"),
    b'{"level":"free","level":"paid","page":"Home"}',
    b'{ "USERID" : 1 }',
    b'{"other": {}}',
]

#: What is no record, or is more or less than a line, or cannot take another key.
ODD = [
    b"{}",
    b"{ }",
    b'{"page":"Home","event_date":"2018-11-09"}',
    b'{"page":"Home","event\\u005fdate":"2018-11-09"}',
    text() + text(),
    text() + b" " + text(status="x"),
    text() + b"," + text(),
    text() + b" junk",
    b"junk",
    b"null",
    b"42",
    b'"a comment"',
    b"[1]",
    b"[" + text() + b"]",
    text()[:-1],
    b'{"page":{}',
    b'{"page":"}',
    b'{"page":"Home",}',
    b'{"page":\n"Home"}',
    b'{"page":"Home",\r"status":200}',
    b'{"page":"Home"\n,"status":{}\n}',
    b'{"page":"two\nlines"}',
    b'{"page":"two\rlines"}',
    b'{"page":"\xff"}',
    b'{"page":"\\ud800"}',
    b'{"page":NaN}',
    b"\xef\xbb\xbf" + text(),
    b"\0",
    b'{"nested":' + b"[" * 2000 + b"]" * 2000 + b"}",
]
BLANK = [b"", b" ", b"\t \r"]

lines_alone = st.tuples(
    st.sampled_from([b"", b" ", b"\t"]), st.sampled_from(ALONE), st.sampled_from([b"", b" ", b"\t ", b"\r"])
).map(b"".join)


def written(lines: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """An object of such lines, whatever ends a line and the object."""
    ends = st.tuples(st.sampled_from([b"\n", b"\r\n"]), st.sampled_from([b"", b"\n", b"\n\n", b"\r\n "]))
    return st.tuples(st.lists(lines, max_size=5), ends).map(
        lambda drawn: drawn[1][0].join(drawn[0]) + drawn[1][1]
    )


sound = written(lines_alone | st.sampled_from(BLANK))
odd = written(lines_alone | st.sampled_from(BLANK + ODD))
wholes = [
    b"",
    gzip.compress(text() + b"\n" + text(status="x")),
    gzip.compress(text())[:-9],
    b"\xef\xbb\xbf" + text(),
    json.dumps(PLAY).encode("utf-16"),
]


def sources(objects: st.SearchStrategy[bytes]) -> st.SearchStrategy[world.Files]:
    """Sources of up to four days with up to three such objects."""
    days = st.lists(st.lists(objects, min_size=1, max_size=3), min_size=1, max_size=4)
    return days.map(
        lambda drawn: {
            day_key(day, f"-{number}"): content
            for day, contents in zip(world.DAYS, drawn, strict=False)
            for number, content in enumerate(contents)
        }
    )


class Staged(NamedTuple):
    """What staging makes of a source: the rows, what it says of each day, and the files of its COPYs."""

    rows: Counter[tuple[Any, ...]]
    days: Mapping[str, tuple[Any, ...]]
    copies: list[str]


@pytest.fixture(scope="module")
def tables(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    with fresh_database(server) as dsn:
        warehouse = Warehouse(url=dsn, folder=tmp_path_factory.mktemp("warehouse"))
        warehouse.ensure_tables()
        yield warehouse


def staged(loader: Loader) -> Staged:
    """Stage every day of a source in one batch, again without what turns out to be unreadable."""
    listed = loader.plan().difference.listed
    batch = Batch("events", {partition: list(items) for partition, items in listed.items()}, {}, id="staged")
    names: list[str] = []

    def stage_once() -> Staged:
        with loader.warehouse.transaction(lock=False) as transaction:
            transaction._before = lambda statement: names.append(statement.partition(":")[0])
            stager = Stager(loader.settings, loader.source, loader.work, loader.progress)
            found = stager.stage(transaction, batch)
            transaction.cursor.execute("select * from incoming_events")
            rows = Counter(transaction.cursor.fetchall())
        days = {item.partition.key: _outcome(item) for item in found}
        return Staged(rows, days, [name for name in names if name.startswith("copy/events")])

    result = loader.without_unreadable(batch, stage_once)
    loader.work.delete(batch.written)
    assert not [*Path(urlsplit(loader.work.url).path).rglob("*.json")]
    return result


def _outcome(item: StagedPartition) -> tuple[Any, ...]:
    return (
        item.records_read,
        item.rows_staged,
        list(item.rejects),
        item.records_of,
        item.content_hashes,
        item.unexpected_fields,
        item.findings,
        list(item.faulty_objects()),
    )


def both_ways(tables: Warehouse, folder: Path, files: world.Files) -> tuple[Staged, Staged]:
    """A source staged as it is, and with a COPY from the source for every day."""
    world.write(folder / "source", files)
    loader = loader_for(tables, folder / "source", folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        as_it_is = staged(loader)
        patch.setattr(stage, "SMALL_DAY_BYTES", -1)
        return as_it_is, staged(loader)


def assert_same(compacted: Staged, direct: Staged) -> None:
    assert compacted.rows == direct.rows
    assert compacted.days == direct.days


@settings(max_examples=100)
@given(sources(sound | odd | st.sampled_from(wholes)))
def test_any_source_is_staged_as_by_a_copy_for_each_day(
    tables: Warehouse, tmp_path_factory: pytest.TempPathFactory, files: world.Files
) -> None:
    assert_same(*both_ways(tables, tmp_path_factory.mktemp("any"), files))


@settings(max_examples=40)
@given(sources(sound))
def test_days_of_which_each_line_is_a_record_take_one_copy(
    tables: Warehouse, tmp_path_factory: pytest.TempPathFactory, files: world.Files
) -> None:
    compacted, direct = both_ways(tables, tmp_path_factory.mktemp("sound"), files)
    assert_same(compacted, direct)
    assert compacted.copies == ["copy/events_compacted"] * any(content.strip() for content in files.values())
    assert direct.copies == ["copy/events"] * len(direct.days)


@pytest.mark.parametrize("line", ODD)
def test_a_day_with_an_odd_line_takes_a_copy_of_its_own(
    tables: Warehouse, tmp_path: Path, line: bytes
) -> None:
    around = b"\n".join([text(), line, text(userId="2")])
    files = {
        day_key(world.DAYS[0]): text(),
        day_key(world.DAYS[1]): around,
        day_key(world.DAYS[1], "-2"): text(),
    }
    compacted, direct = both_ways(tables, tmp_path, files)
    assert_same(compacted, direct)
    assert compacted.copies == ["copy/events_compacted", "copy/events"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("-2.json", content) for content in wholes[1:]),
        ("-2.json.gz", text()),
        ("-2.json.gz", b""),
        ("-2.json.gz", gzip.compress(text())),
    ],
)
def test_a_day_with_an_odd_object_takes_copies_of_its_own(
    tables: Warehouse, tmp_path: Path, name: str, content: bytes
) -> None:
    odd_day = day_key(world.DAYS[1])
    files = {
        day_key(world.DAYS[0]): text(),
        odd_day: text(status="x"),
        odd_day.replace(".json", name): content,
    }
    compacted, direct = both_ways(tables, tmp_path, files)
    assert_same(compacted, direct)
    assert compacted.copies[0] == "copy/events_compacted"
    assert "copy/events" in compacted.copies[1:]


def test_rejects_are_found_in_their_objects_across_parts(
    tables: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "PART_BYTES", 1500)  # some three events
    bad = [text(status="x"), text(song="z" * 2000), text(userId="")]
    files = {
        day_key(day, f"-{number}"): b"\n".join([*[text()] * number, b"", bad[number], text()])
        for day in world.DAYS
        for number in range(3)
    }
    compacted, direct = both_ways(tables, tmp_path, files)
    assert_same(compacted, direct)
    rejects = [reject for *_, rejects, _, _, _, _, _ in compacted.days.values() for reject in rejects]
    assert Counter((r.object_key, r.position) for r in rejects) == Counter(
        (key, 2 + int(key[-6])) for key in files
    )


def test_only_days_below_the_bound_are_compacted(
    tables: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = text(), text() + b"\n"
    world.write(tmp_path / "source", {day_key(world.DAYS[0]): small, day_key(world.DAYS[1]): large})
    loader = loader_for(tables, tmp_path / "source", tmp_path / "home")
    monkeypatch.setattr(stage, "SMALL_DAY_BYTES", len(small))
    assert staged(loader).copies == ["copy/events_compacted", "copy/events"]


def test_a_small_day_never_exceeds_what_copy_takes_as_one_object() -> None:
    """The day is added to a record of at most this size: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html"""
    assert compact.SMALL_DAY_BYTES + len(b',"event_date":"2018-11-01"') < 4_000_000


def test_whole_loads_are_the_same(server: str, tmp_path: Path) -> None:
    """Not only what is staged: the tables, the quarantine and the ledger."""
    files = {
        day_key(world.DAYS[0]): b"\n".join([text(ts=world.START + number) for number in range(50)]),
        day_key(world.DAYS[1]): b"\r\n".join(ALONE),
        day_key(world.DAYS[2]): b"\n".join(ALONE + ODD),
        day_key(world.DAYS[3]): b"",
        day_key(world.DAYS[4]): gzip.compress(b"\n".join(ALONE)),
    }
    world.write(tmp_path / "source", files)
    found = []
    for bound in (compact.SMALL_DAY_BYTES, -1):
        with fresh_database(server) as dsn, pytest.MonkeyPatch.context() as patch:
            patch.setattr(stage, "SMALL_DAY_BYTES", bound)
            warehouse = Warehouse(url=dsn, folder=tmp_path / "warehouse")
            load_all(loader_for(warehouse, tmp_path / "source", tmp_path / "home", **world.PATIENT))
            found.append((digest(warehouse), _ledger(warehouse)))
    assert found[0] == found[1]


def _ledger(warehouse: Warehouse) -> dict[str, Counter[tuple[Any, ...]]]:
    """What the ledger says, without what differs from load to load."""
    columns = {
        "loads": "partition_key, state, objects, records_read, rows_staged, rows_quarantined, verdict",
        "objects": "partition_key, object_key, version_token, size_bytes, content_hash",
        "faulty_objects": "partition_key, object_key, fault, records, reason",
        "quarantine": "partition_key, object_key, position, column_name, reason, raw_record",
        "warnings": "partition_key, check_name, violations, sample",
    }
    with warehouse.transaction(lock=False) as transaction:
        ledger = {}
        for table, names in columns.items():
            transaction.cursor.execute(f"select {names} from ledger.{table}")
            ledger[table] = Counter(transaction.cursor.fetchall())
    return ledger


@pytest.mark.parametrize("stray", [b"\x0b", b"\x0c", b"\x85", b"\xc2\xa0"])
def test_what_is_blank_only_to_python_is_left_to_copy(tmp_path: Path, stray: bytes) -> None:
    days = {}
    for day, content in zip(world.DAYS, [text() + stray, stray + text(), stray, text()], strict=False):
        world.write(tmp_path / "source", {day_key(day): content})
        days[day] = [SourceObject(day_key(day), "", len(content))]
    parts = Parts(open_store((tmp_path / "work").as_uri()), "batch/events", [])
    source = open_store((tmp_path / "source").as_uri())
    assert list(compact.compact_days(source, parts, days)) == [(world.DAYS[3], 1)]


def test_a_line_of_a_part_is_traced_to_its_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact, "PART_BYTES", 8)
    written_keys: list[str] = []
    parts = Parts(open_store(tmp_path.as_uri()), "batch/events", written_keys)
    parts.add(b"a1\na2\n", Origin("A", "a", 1))
    parts.add(b"", Origin("B", "empty", 1))
    parts.add(b"c3\n", Origin("C", "c", 3))
    parts.add(b"d1\n", Origin("D", "d", 1))
    parts.close()
    assert [part.key for part in parts.objects] == written_keys
    assert [(tmp_path / key).read_bytes() for key in written_keys] == [b"a1\na2\nc3\n", b"d1\n"]
    first, second = written_keys
    assert [parts.origin(first, line) for line in (1, 2, 3)] == [("A", "a", 1), ("A", "a", 2), ("C", "c", 3)]
    assert parts.origin(second, 1) == ("D", "d", 1)
