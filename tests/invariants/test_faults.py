"""Invariant 6: nothing is lost in silence. Every kind of fault that a file can have: each record is staged, or in
quarantine with file, position, reason and text; counts reconcile; other files are as if the fault were not there; and
invariant 12: what holds a file of which nothing can be staged is blocked.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from string import ascii_uppercase
from typing import Any

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from redshift_local import read_records
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import loader_for
from tests.invariants import oracle, world
from tests.invariants.faults import EVENTS, PACKED, SONGS, SONGS_PACKED, A, Fault, text
from tests.invariants.world import JUNK, START, Files, day_key, lines, play, song, song_key

GOOD = {
    day_key(world.DAYS[0]): lines([play(START + 10)]),
    day_key(world.DAYS[1]): lines([play(START + 86_400_000, userId="2")]),
    song_key("AA"): lines([song()]),
}


@dataclass(frozen=True)
class Case:
    """A fault in a partition of its own."""

    dataset: str
    partition: str
    key: str
    fault: Fault


def cases() -> Iterator[tuple[str, Case]]:
    """Each kind of fault in an object of its own day, which has a good object too, or of its own prefix."""
    for number, (name, fault) in enumerate((EVENTS | PACKED).items()):
        day = str(date(2018, 1, 1) + timedelta(number))
        yield f"events: {name}", Case("events", day, day_key(day, "-fault") + ".gz" * (name in PACKED), fault)
    for number, (name, fault) in enumerate(
        {**SONGS, **{f"packed {n}": f for n, f in SONGS_PACKED.items()}}.items()
    ):
        prefix = "CDEFGH"[number // 26] + ascii_uppercase[number % 26]
        yield (
            f"songs: {name}",
            Case("songs", prefix, song_key(prefix) + ".gz" * name.startswith("packed"), fault),
        )


CASES = dict(cases())


def good_time(case: Case) -> int:
    """The time of the one record in the good file beside a case."""
    return START + 10_000 + date.fromisoformat(case.partition).toordinal()


def good_file(case: Case) -> Files:
    return {day_key(case.partition): lines([play(good_time(case))])} if case.dataset == "events" else {}


@dataclass
class Found:
    """What a load made of the cases: the partitions that it blocked and that were then released, by partition what the
    ledger says and the rows staged, by object the rejects."""

    blocked: set[tuple[str, str]]
    loads: dict[tuple[str, str], tuple[Any, ...]]
    rows: dict[tuple[str, str], list[dict[str, Any]]]
    rejects: dict[str, list[tuple[Any, ...]]]


def load(warehouse: Warehouse, folder: Path, chosen: Iterable[Case]) -> Found:
    """Load the cases beside good files, then again without them."""
    source = folder / "source"
    chosen = list(chosen)
    good = GOOD | {key: content for case in chosen for key, content in good_file(case).items()}
    world.write(source, good | {case.key: case.fault.content for case in chosen})
    loader = loader_for(warehouse, source, folder / "home")
    world.load_all(loader)
    world.assert_reconciled(warehouse)
    blocked = set(world.release_all(loader))
    world.assert_reconciled(warehouse)
    found = Found(blocked, {}, defaultdict(list), defaultdict(list))
    with (
        psycopg2.connect(warehouse.url) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        cursor.execute(
            "select dataset, partition_key, state, records_read, rows_staged, rows_quarantined from ledger.loads"
        )
        for dataset, key, *rest in map(dict.values, cursor.fetchall()):
            found.loads[dataset, key] = tuple(rest)
        cursor.execute(
            "select object_key, position, reason, raw_record from ledger.quarantine order by position"
        )
        for key, *rest in map(dict.values, cursor.fetchall()):
            found.rejects[key].append(tuple(rest))
        for dataset, column in (("events", "event_date"), ("songs", "song_prefix")):
            cursor.execute(f"select * from staging.{dataset}")
            for row in map(dict, cursor.fetchall()):
                found.rows[dataset, str(row[column])].append(row)
    connection.close()
    world.remake(source, good)
    world.load_all(loader, accept_deletions=True)
    world.assert_holds(warehouse, good)
    return found


def check(case: Case, found: Found) -> None:
    """Everything in the case's file is staged or named, and its day's other file is staged whole."""
    state, read, staged, quarantined = found.loads[case.dataset, case.partition]
    rejects, rows = found.rejects[case.key], found.rows[case.dataset, case.partition]
    beside = len(good_file(case))
    assert state == "published"
    nothing = None in case.fault.rejects or (bool(case.fault.rejects) and not case.fault.staged)
    assert ((case.dataset, case.partition) in found.blocked) == nothing
    assert [reject[0] for reject in rejects] == list(case.fault.rejects), rejects
    for position, reason, raw_record in rejects:
        assert re.search(case.fault.rejects[position], reason), reason
        if position is not None and not case.fault.content.startswith(b"\x1f\x8b"):
            written = case.fault.content.decode("utf-8", "backslashreplace")
            assert raw_record
            assert raw_record.replace("\0", r"\u0000")[:2000] in written.replace("\0", r"\u0000")
    assert len(rows) == staged == case.fault.staged + beside
    assert (read, quarantined) == (staged + len(rejects), len(rejects))
    if case.fault.values:
        (row,) = (row for row in rows if not beside or row["ts"] != good_time(case))
        assert case.fault.values.items() <= row.items()


@pytest.fixture(scope="module")
def found(standing_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Found:
    world.clean(standing_warehouse)
    return load(standing_warehouse, tmp_path_factory.mktemp("faults"), CASES.values())


@pytest.mark.parametrize("name", CASES)
def test_every_record_is_staged_or_named(found: Found, name: str) -> None:
    check(CASES[name], found)


@pytest.mark.soak
@pytest.mark.parametrize("name", CASES)
def test_every_fault_by_itself(small: Warehouse, tmp_path: Path, name: str) -> None:
    check(CASES[name], load(small, tmp_path, [CASES[name]]))


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("-with space & 100%25+#?;=~@$'\"[x]{y}|\\n", id="signs"),
        pytest.param("-Zoë-歌-🎵", id="letters"),
        pytest.param("-" + "x" * 200, id="long"),
    ],
)
def test_odd_names(small: Warehouse, tmp_path: Path, part: str) -> None:
    """Objects are named as they are, also in the quarantine."""
    content = text(A, "junk", json.dumps(play(START, userId="")))
    key = day_key(world.DAYS[0], part).replace("11/", "11/" + "folder/" * (part.count("x") // 10))
    packed = day_key(world.DAYS[1], part) + ".gz"
    files = {key: content, packed: gzip.compress(content)[:-5], song_key("AA", part): b"junk"}
    world.write(tmp_path / "source", files)
    loader = loader_for(small, tmp_path / "source", tmp_path / "home")
    world.load_all(loader)
    assert [key for _, key in world.release_all(loader)] == ["2018-11-02", "AA"]
    world.assert_holds(small, files)
    assert world.load_all(loader) == []


def test_broken_text_is_read_as_the_oracle_reads_it() -> None:
    """Where records and faults end, in texts that were cut off, continued and cut again."""
    random = Random(5)
    for _ in range(3000):
        content = b""
        for _ in range(random.randint(1, 4)):
            match random.randint(0, 3):
                case 0:
                    content = lines(world.drawn(world.EVENTS, random) for _ in range(random.randint(0, 3)))
                case 1:
                    content = lines(world.drawn(world.SONGS, random) for _ in range(random.randint(0, 3)))
                case 2:
                    content += random.choice(JUNK)
                case _:
                    content = content[:-9]
        found = [record.line for record in read_records(io.BytesIO(content))]
        assert found == [line for line, _ in oracle.records(day_key(world.DAYS[0]), content)], content


def test_there_are_enough_kinds() -> None:
    assert len(CASES) >= 40
