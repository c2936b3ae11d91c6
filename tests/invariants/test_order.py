"""Invariants 1 and 2: order and repetition do not matter. Days in any order, songs before, between or after their
plays, anything again: the same rows and the same D."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from string import ascii_uppercase
from typing import Any

import pytest

from sparkify_assets.inspection.checksum import digest
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import loader_for
from tests.invariants import world
from tests.invariants.world import START, Record, day_key, lines, load_in_order, song_key, steps_of


@pytest.mark.parametrize(
    "orders",
    [
        pytest.param(80, marks=pytest.mark.timeout(900)),
        pytest.param(500, marks=[pytest.mark.soak, pytest.mark.timeout(7200)]),
    ],
)
def test_seven_days_in_random_orders(small: Warehouse, tmp_path: Path, orders: int) -> None:
    random = Random(7)
    source = tmp_path / "source"
    files = world.random_files(random)
    world.write(source, files)
    expected = world.fresh_digest(small, files, tmp_path)
    world.assert_holds(small, files)
    for number in range(1, orders + 1):
        world.clean(small)
        loader = loader_for(small, source, tmp_path / "home")
        load_in_order(loader, random.sample(world.DAYS, len(world.DAYS)), world.PREFIXES, random)
        assert digest(small).value == expected, f"order {number}"
        world.told(number, orders, "orders of seven days")


@pytest.mark.soak
@pytest.mark.timeout(10_000)
def test_seven_days_in_every_order(small: Warehouse, tmp_path: Path) -> None:
    """All 5,040 orders, 42 at a time: so many worlds with days, prefixes and keys of their own in one source, each in
    an order of its own; what comes first in each is one load, then what comes next."""
    random = Random(5040)
    together = 42
    days = [[str(date(2018, 11, 1) + timedelta(7 * n + day)) for day in range(7)] for n in range(together)]
    folders = ["".join(pair) for pair in itertools.product(ascii_uppercase, "01234567")]
    prefixes = [folders[4 * n : 4 * n + 4] for n in range(together)]
    files: world.Files = {}
    for number in range(together):
        files |= world.random_files(random, days[number], prefixes[number], [number])
    source = tmp_path / "source"
    world.write(source, files)
    expected = world.fresh_digest(small, files, tmp_path)
    world.assert_holds(small, files)
    orders = list(itertools.permutations(range(7)))
    random.shuffle(orders)
    for first in range(0, len(orders), together):
        world.clean(small)
        loader = loader_for(small, source, tmp_path / "home")
        plans = [
            steps_of([days[n][place] for place in orders[first + n]], prefixes[n], random)
            for n in range(together)
        ]
        for steps in itertools.zip_longest(*plans, fillvalue=("", ())):
            for dataset in random.sample(["songs", "events"], 2):
                keys = [key for kind, own in steps if kind == dataset for key in own]
                if keys:
                    world.load(loader, dataset, keys, reload=random.random() < 0.2)
        assert digest(small).value == expected, f"orders {first} to {first + together}"
        world.told(first + together, len(orders), "orders of seven days")


@pytest.mark.parametrize(
    "worlds", [20, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)
def test_other_worlds_in_other_orders(small: Warehouse, tmp_path: Path, worlds: int) -> None:
    for seed in range(worlds):
        random = Random(f"world {seed}")
        source = tmp_path / "source"
        files = world.random_files(random)
        world.clean(small)
        world.remake(source, files)
        loader = loader_for(small, source, tmp_path / "home")
        load_in_order(loader, random.sample(world.DAYS, len(world.DAYS)), world.PREFIXES, random)
        world.assert_holds(small, files)
        world.assert_reconciled(small)
        world.told(seed + 1, worlds, "worlds in random order")


@pytest.mark.parametrize(
    "orders", [1, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)
def test_thirty_real_days_in_random_orders(
    standing_warehouse: Warehouse, reference: Path, tmp_path: Path, orders: int
) -> None:
    files = {key: content for key, content in world.files_of(reference).items() if "_data/" in key}
    days = sorted(world.partition(key) for key in files if key.startswith("log_data"))
    prefixes = sorted({world.partition(key) for key in files if key.startswith("song_data")})
    assert len(days) == 30
    expected = world.fresh_digest(standing_warehouse, files, tmp_path)
    world.assert_holds(standing_warehouse, files)
    for seed in range(orders):
        random = Random(f"real {seed}")
        world.clean(standing_warehouse)
        loader = loader_for(standing_warehouse, reference, tmp_path / "home")
        load_in_order(loader, random.sample(days, len(days)), prefixes, random)
        assert digest(standing_warehouse).value == expected, f"seed {seed}"
        world.told(seed + 1, orders, "orders of the real days")


def deciding(columns: Sequence[tuple[str, Any, Any, bool]]) -> Iterator[tuple[Record, Record]]:
    """For each column of an order (name, a better and a worse value, whether null is worse still) pairs that it
    decides: winner and loser agree in the columns before it, and in those behind it the loser is the better one."""
    for number, (column, better, worse, nullable) in enumerate(columns):
        same = {name: value for name, value, _, _ in columns[:number]}
        later = columns[number + 1 :]
        for won, lost in [(better, worse), (worse, None)] if nullable else [(better, worse)]:
            winner = same | {column: won} | {name: value for name, _, value, _ in later}
            loser = same | {column: lost} | {name: value for name, value, _, _ in later}
            yield winner, loser


ONE, TWO = world.DAYS[:2]
PLAYS = [
    ("day", TWO, ONE, False), ("artist", "Bo", "Ana", True),
    ("firstName", "Lee", "Kim", True), ("gender", "M", "F", True), ("lastName", "Orr", "Ito", True),
    ("length", 2.5, 1.5, True), ("level", "paid", "free", False), ("location", "Oslo", "Leeds", True),
    ("method", "PUT", "GET", True), ("registration", 2.0, 1.0, True), ("song", "Sun", "Rain", True),
    ("status", 307, 200, True), ("userAgent", "lynx", "curl", True),
]  # fmt: skip
USERS = [
    ("ts", START + 5, START + 1, True), ("sessionId", 9, 8, True), ("itemInSession", 3, 2, True),
    ("day", TWO, ONE, False), ("level", "paid", "free", False), ("firstName", "Lee", "Kim", True),
    ("lastName", "Orr", "Ito", True), ("gender", "M", "F", True),
]  # fmt: skip
TITLES = [
    ("title", "Rain", "Sun", True), ("artist_id", "AR1", "AR2", False), ("artist_name", "Ana", "Bo", True),
    ("year", 2004, 1999, True), ("duration", 1.5, 2.5, True),
]  # fmt: skip
#: Name, location, latitude, longitude and song_id of two records of one artist: the winner, the loser.
ARTISTS = [
    (("B", None, None, None, "SO9"), ("AA", "A", 1.5, 1.5, "SO1")),
    (("Bob", None, None, None, "SO9"), (None, "A", 1.5, 1.5, "SO1")),
    (("Bob", None, None, None, "SO9"), ("", "A", 1.5, 1.5, "SO1")),
    (("B", "B", None, None, "SO9"), ("A", None, 1.5, 1.5, "SO1")),
    (("B", "B", None, None, "SO9"), ("A", "", 1.5, 1.5, "SO1")),
    (("B", "B", 2.5, None, "SO9"), ("A", "A", None, 1.5, "SO1")),
    (("B", "B", 2.5, 2.5, "SO9"), ("A", "A", 1.5, None, "SO1")),
    (("B", "B", 2.5, 2.5, "SO1"), ("A", "A", 1.5, 1.5, "SO9")),
    (("A", "B", 2.5, 2.5, "SO1"), ("B", "A", 1.5, 1.5, "SO1")),
    (("A", "A", 2.5, 2.5, "SO1"), ("A", "B", 1.5, 1.5, "SO1")),
    (("A", "A", 1.5, 2.5, "SO1"), ("A", "A", 2.5, 1.5, "SO1")),
    (("A", "A", 1.5, 1.5, "SO1"), ("A", "A", 1.5, 2.5, "SO1")),
]


def pairs() -> Iterator[tuple[str, Record, Record]]:
    """Data set, winner and loser of every decision that the written orders can take."""
    for number, (winner, loser) in enumerate(deciding(PLAYS)):
        key = {"userId": 1, "sessionId": 1000 + number, "itemInSession": 0, "ts": START + 5}
        own = {"page": "NextSong", "auth": "Logged In", **key}
        yield "events", winner | own, loser | own
    for number, (winner, loser) in enumerate(deciding(USERS)):
        own = {"page": "Home", "auth": "Logged In", "userId": 1000 + number}
        yield "events", winner | own, loser | own
    for number, (winner, loser) in enumerate(deciding(TITLES)):
        yield "songs", winner | {"song_id": f"ST{number}"}, loser | {"song_id": f"ST{number}"}
    fields = ("artist_name", "artist_location", "artist_latitude", "artist_longitude", "song_id")
    for number, described in enumerate(ARTISTS):
        winner, loser = (
            dict(zip(fields, values, strict=True)) | {"artist_id": f"AA{number}", "title": "Sun"}
            for values in described
        )
        own_song = {"song_id": f"{winner['song_id']}-{number}"}
        yield "songs", winner | own_song, loser | {"song_id": f"{loser['song_id']}-{number}"}


def of_records(records: Sequence[tuple[str, Record]]) -> world.Files:
    """One object of songs, one for each day of events."""
    found: dict[str, list[Record]] = {day_key(ONE): [], day_key(TWO): [], song_key("AA"): []}
    for dataset, record in records:
        key = day_key(record.get("day", ONE)) if dataset == "events" else song_key("AA")
        found[key].append({name: value for name, value in record.items() if name != "day"})
    return {key: lines(own) for key, own in found.items()}


def test_each_column_of_an_order_decides(small: Warehouse, tmp_path: Path) -> None:
    """Whichever comes first; and where the winner goes, the loser stands."""
    found = list(pairs())
    winners = [(dataset, winner) for dataset, winner, _ in found]
    losers = [(dataset, loser) for dataset, _, loser in found]
    source = tmp_path / "source"
    source.mkdir()
    loader = loader_for(small, source, tmp_path / "home", **world.PATIENT)
    decided = []
    for records in (winners, losers + winners, losers, winners + losers):
        files = of_records(records)
        world.remake(source, files)
        world.load_all(loader)
        world.assert_holds(small, files)
        rows = itertools.chain(*world.held(small).values())
        decided.append({row for row in rows if str(row[0]).startswith(("10", "ST", "AA"))})
    assert decided[0] == decided[1] == decided[3]
    assert len(decided[0] - decided[2]) == len(found)


def test_repetition_changes_nothing(small: Warehouse, tmp_path: Path) -> None:
    files = world.random_files(Random(3))
    source = tmp_path / "source"
    world.write(source, files)
    loader = loader_for(small, source, tmp_path / "home")
    world.load_all(loader)
    before = digest(small)
    assert world.load_all(loader) == [], "nothing is new, so nothing is loaded"
    assert digest(small) == before
    for _ in range(2):
        loaded = world.load_all(loader, reload=True)
        assert sum(len(result.partitions) for result in loaded) == len(files)
        assert digest(small) == before
    world.assert_holds(small, files)
