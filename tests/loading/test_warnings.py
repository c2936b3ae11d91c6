"""What a person should know of a partition is found by a check that warns, which says how much, where and what."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from sparkify_assets.load import ledger
from sparkify_assets.load.client_checks import spread
from sparkify_assets.load.loader import Loader
from sparkify_assets.model import queries
from sparkify_assets.model.checks import CHECKS, Violation
from sparkify_assets.model.datasets import Partition
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for
from tests.invariants import world
from tests.invariants.test_corrections import DAY
from tests.invariants.world import START, day_key, lines, play, song, song_key

ONE, TWO, THREE = world.DAYS[:3]
Records = list[dict[str, Any]]


def plays(count: int, day: int = 0, **fields: object) -> Records:
    """Plays of a session of their own, a second apart."""
    moments = (START + day * DAY + 1000 * n for n in range(count))
    return [play(ts, **{"itemInSession": n, "sessionId": day + 1, **fields}) for n, ts in enumerate(moments)]


def without(records: Records, *fields: str) -> Records:
    return [{name: value for name, value in record.items() if name not in fields} for record in records]


def told(loader: Loader) -> dict[tuple[str, str], Violation]:
    """What the ledger says of all current versions, by partition and check."""
    with loader.warehouse.transaction(lock=False) as transaction:
        found = ledger.current_warnings(transaction)
    return {(one.partition_key, one.check): one for one in found}


def named(loader: Loader) -> set[tuple[str, str]]:
    return set(told(loader))


#: A day's records, the check that warns of them, how much it counts, and the rows that it shows.
CASES: dict[str, tuple[Records, str, int, list[dict[str, str | None]]]] = {
    "a file of another day": (
        [*plays(3), *plays(20, ts=1763596800000)],  # 2025-11-20T00:00:00Z
        "events_of_other_days",
        20,
        [{"day_of_ts": "2025-11-20", "records": "20", "ts": "1763596800000", "looks_like": "milliseconds"}],
    ),
    "two other days": (
        plays(3, ts=START + DAY) + plays(2, ts=START - 1),
        "events_of_other_days",
        5,
        [
            {"day_of_ts": TWO, "records": "3", "ts": str(START + DAY), "looks_like": "milliseconds"},
            {"day_of_ts": "2018-10-31", "records": "2", "ts": str(START - 1), "looks_like": "milliseconds"},
        ],
    ),
    "times in seconds": (
        plays(4, ts=1541030400),
        "events_of_other_days",
        4,
        [{"day_of_ts": "1970-01-18", "records": "4", "ts": "1541030400", "looks_like": "seconds"}],
    ),
    "times that no calendar has": (
        plays(2, page="Home", ts=2**63 - 1) + plays(1, page="Home", ts=1541030400000000),
        "events_of_other_days",
        3,
        [{"day_of_ts": None, "records": "3", "ts": "1541030400000000", "looks_like": "microseconds"}],
    ),
    "no page": (
        without(plays(20), "page"),
        "events_without_plays",
        1,
        [{"events": "20", "plays": "0", "page": None}],
    ),
    "pages of another name": (
        plays(20, page="nextsong"),
        "events_without_plays",
        1,
        [{"events": "20", "plays": "0", "page": "nextsong"}],
    ),
    "an unknown level and gender": (
        [*plays(3, level="trial"), *plays(1, gender="X", userId="3")],
        "events_allowed_values",
        4,
        [
            {"level": "trial", "gender": "F", "records": "3", "user_id": "1"},
            {"level": "free", "gender": "X", "records": "1", "user_id": "3"},
        ],
    ),
    "no level": (
        plays(2, level=" "),
        "events_allowed_values",
        2,
        [{"level": "", "gender": "F", "records": "2", "user_id": "1"}],  # staged without trailing blanks
    ),
    "a gap in a session": (
        [record for record in plays(9) if record["itemInSession"] not in (3, 4)],
        "sessions_contiguous",
        1,
        [{"user_id": "1", "session_id": "1", "first_item": "0", "last_item": "8", "items": "7"}],
    ),
    "no play of a hundred matched": (
        plays(101),
        "songplays_match_rate",
        1,
        [{"plays": "101", "matched": "0"}],
    ),
    "unknown and missing fields": (
        without(plays(2), "length") + [{**record, "device": {"os": "x"}} for record in plays(1)],
        "events_fields",
        2,
        [
            {"field": "device", "is": "unknown", "records": "1", "object": day_key(ONE), "example": '{"os": "x"}'},
            {"field": "length", "is": "missing", "records": "2", "object": day_key(ONE), "example": ""},
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_warning_says_how_much_where_and_what(loader: Loader, source: Path, case: str) -> None:
    records, check, count, rows = CASES[case]
    world.write(source, {day_key(ONE): lines(records)})
    (result,) = world.load(loader, "events")
    assert [item.state for item in result.partitions] == ["published"]
    found = told(loader)[ONE, check]
    assert found in result.warnings
    assert (found.count, [{**row, "partition_key": ONE} for row in rows]) == (count, found.sample)


@pytest.mark.parametrize(
    "fields",
    [{"gender": ""}, {"gender": " "}, {"gender": None}, {"gender": "M ", "level": "paid "}],
    ids=str,
)
def test_what_is_not_given_and_trailing_blanks_are_no_unknown_values(
    loader: Loader, source: Path, fields: dict[str, object]
) -> None:
    world.write(source, {day_key(ONE): lines(plays(2, **fields))})
    load_all(loader)
    assert named(loader) == set()


def test_unknown_values_block_where_the_settings_say_so(
    warehouse: Warehouse, source: Path, tmp_path: Path
) -> None:
    strict = loader_for(warehouse, source, tmp_path / "home", allowed_values="block")
    world.write(source, {day_key(ONE): lines(plays(2, level="trial")), day_key(TWO): lines(plays(2, day=1))})
    (result,) = world.load(strict, "events")
    assert {item.partition.key: item.state for item in result.partitions} == {
        ONE: "blocked",
        TWO: "published",
    }
    assert [(v.check, v.count) for v in result.violations] == [("events_allowed_values", 2)]
    assert named(strict) == set()
    strict.publisher.release(Partition("events", ONE), "a trial, really")
    assert named(strict) == set(), "what blocks does not warn too"


def test_fields_of_songs_are_counted_in_every_record(loader: Loader, source: Path) -> None:
    files = {song_key("AA", f"N{n}"): lines([song(song_id=f"SO{n}")]) for n in range(120)}
    files[song_key("AA", "N119")] = lines([{**song(), "track_id": "TR1"}, song(song_id="SO1")])
    files[song_key("AA", "N60")] = gzip.compress(lines(without([song()], "year")))
    files[song_key("AA", "N60") + ".gz"] = files.pop(song_key("AA", "N60"))
    world.write(source, files)
    load_all(loader)
    assert [
        (row["field"], row["is"], row["records"]) for row in told(loader)["AA", "songs_fields"].sample
    ] == [
        ("track_id", "unknown", "1"),
        ("year", "missing", "1"),
    ]


def test_records_of_another_kind_have_no_fields_to_compare(loader: Loader, source: Path) -> None:
    world.write(source, {day_key(ONE): lines([{}, {"Records": [1]}, *plays(1)])})
    load_all(loader)
    assert (ONE, "events_fields") not in named(loader)


def test_a_field_name_of_any_length_and_any_number_of_them_fit_the_ledger(
    loader: Loader, source: Path
) -> None:
    strange = [{**record, f"{n}é{'x' * 300}": "\x00é" * 20} for n, record in enumerate(plays(140))]
    world.write(source, {day_key(ONE): lines(strange), song_key("AA"): lines([{**song(), "\x00": "\x00"}])})
    load_all(loader)
    found = told(loader)[ONE, "events_fields"]
    assert 0 < len(found.sample) <= 10
    assert len(json.dumps(found.sample).encode()) < 3 * 8192
    assert found.count == 100
    assert told(loader)["AA", "songs_fields"].count == 1


@pytest.mark.parametrize(("keys", "most", "chosen"), [(3, 5, "012"), (5, 5, "01234"), (9, 3, "048")])
def test_objects_are_looked_into_from_the_first_to_the_last(keys: int, most: int, chosen: str) -> None:
    assert spread([str(n) for n in range(keys)], most) == set(chosen)


def test_a_batch_of_many_objects_is_looked_into_here_and_there(loader: Loader, source: Path) -> None:
    days = [f"2018-{month:02}-{day:02}" for month in (1, 2, 3, 4) for day in range(1, 29)]
    world.write(source, {day_key(day): lines(without(plays(1), "length")) for day in days})
    load_all(loader)
    seen = sorted(day for day, check in named(loader) if check == "events_fields")
    assert len(seen) == 50
    assert (seen[0], seen[-1]) == (days[0], days[-1])
    assert all(b - a <= 3 for a, b in zip(map(days.index, seen), map(days.index, seen[1:]), strict=False))


def test_every_check_that_warns_is_tried() -> None:
    tried = {check for _, check, _, _ in CASES.values()}
    warning = {check.name for check in CHECKS if not queries.read(check.file).startswith("-- block: ")} | {
        "events_fields"
    }
    assert tried == warning


def test_objects_of_equal_content_in_a_day_are_named(loader: Loader, source: Path) -> None:
    """A copy under another name is loaded, and counts once as plays; somebody should know of it."""
    content = lines([play(world.START + 1), play(world.START + 2)])
    world.write(source, {day_key(ONE): content, day_key(ONE, " (1)"): content})
    load_all(loader)
    found = told(loader)[ONE, "events_equal_objects"]
    assert [row["objects"] for row in found.sample] == [f"{day_key(ONE, ' (1)')}, {day_key(ONE)}"]
