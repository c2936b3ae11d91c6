"""What a person should know is found, stays true whatever happens to the partition, and is told alike wherever people
look: in the summary of a load, in the status, in the report, and on Dagster's page.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sparkify_assets.definitions import build_defs
from sparkify_assets.inspection.status import status
from sparkify_assets.load import ledger
from sparkify_assets.load.client_checks import spread
from sparkify_assets.load.loader import Loader
from sparkify_assets.model import queries
from sparkify_assets.model.checks import ALL_CHECKS, CHECKS, Violation
from sparkify_assets.model.datasets import Partition
from sparkify_assets.report.page import report_page
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


# ------------------------------------------------------------------ what becomes of warnings

LATE = "events_of_other_days"


def test_a_warning_goes_with_the_version_that_it_is_about(loader: Loader, source: Path) -> None:
    bad = lines(plays(2, day=5))
    world.write(source, {day_key(ONE): bad, day_key(TWO): bad})
    load_all(loader)
    assert named(loader) == {(ONE, LATE), (TWO, LATE)}
    world.write(source, {day_key(ONE): lines(plays(2))})
    load_all(loader)
    assert named(loader) == {(TWO, LATE)}
    (source / day_key(TWO)).unlink()
    load_all(loader, accept_deletions=True)
    assert named(loader) == set()
    world.assert_reconciled(loader.warehouse)


def test_loading_again_says_the_same_again(loader: Loader, source: Path) -> None:
    world.write(source, {day_key(ONE): lines(plays(2, day=5, device="x"))})
    load_all(loader)
    before = told(loader)
    assert {check for _, check in before} == {LATE, "events_fields"}
    results = load_all(loader, reload=True)
    assert told(loader) == before
    assert results[-1].warnings != []
    load_all(loader)
    loader.publisher.republish()
    assert told(loader) == before
    world.assert_reconciled(loader.warehouse)


def test_rebuilding_the_star_asks_again_by_the_rules_of_today(
    loader: Loader, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(source, {day_key(ONE): lines(plays(2, day=5, device="x"))})
    load_all(loader)
    before, read = told(loader), queries.statements

    def statements(name: str) -> tuple[str, ...]:
        return tuple(text.replace("event_date <> day_of_ts", "event_date > day_of_ts") for text in read(name))

    monkeypatch.setattr(queries, "statements", statements)
    loader.publisher.republish()
    assert told(loader) == {key: found for key, found in before.items() if key[1] == "events_fields"}
    monkeypatch.undo()
    loader.publisher.republish()
    assert told(loader) == before


def test_what_is_blocked_has_what_was_seen_while_reading_and_on_release_the_rest(
    loader: Loader, source: Path
) -> None:
    """Readers keep the day as it was, with what is to be said of that."""
    world.write(source, {day_key(ONE): lines(plays(2, day=5))})
    load_all(loader)
    before = told(loader)
    bad = [*plays(11, userId="", user_id="7"), *plays(30, day=4)]
    world.write(source, {day_key(ONE): lines(bad), day_key(TWO): lines(plays(1, day=1))})
    (result,) = world.load(loader, "events")
    assert {item.partition.key: item.state for item in result.partitions} == {
        ONE: "blocked",
        TWO: "published",
    }
    now = told(loader)
    fields = now.pop((ONE, "events_fields"))
    assert [row["field"] for row in fields.sample] == ["user_id"]
    assert now == before
    loader.publisher.release(Partition("events", ONE), "we know")
    assert named(loader) == {(ONE, "events_fields"), (ONE, LATE)}
    assert told(loader)[ONE, LATE].count == 30
    world.write(source, {day_key(ONE): lines(bad + bad)})
    load_all(loader)
    world.write(source, {day_key(ONE): lines(plays(20))})
    load_all(loader)
    assert named(loader) == set()
    world.assert_reconciled(loader.warehouse)


@pytest.fixture
def keeper(warehouse: Warehouse, source: Path, tmp_path: Path) -> Loader:
    """A loader of increments: what is gone from the source stays."""
    return loader_for(warehouse, source, tmp_path / "home", deleted="keep")


def test_an_increment_keeps_what_was_said_and_asks_the_rest_anew(keeper: Loader, source: Path) -> None:
    first = [*plays(2, device="x"), *plays(2, day=5)]
    world.write(source, {day_key(ONE, "-1"): lines([*first, *plays(1, userId="")])})
    load_all(keeper)
    assert told(keeper)[ONE, LATE].count == 2
    (source / day_key(ONE, "-1")).unlink()
    world.write(source, {day_key(ONE, "-2"): lines(plays(3, day=4, userId="2"))})
    load_all(keeper)
    assert told(keeper)[ONE, LATE].count == 5
    assert [row["field"] for row in told(keeper)[ONE, "events_fields"].sample] == ["device"]
    world.write(source, {day_key(ONE, "-3"): lines(plays(1, phone="x"))})
    load_all(keeper)
    assert [row["field"] for row in told(keeper)[ONE, "events_fields"].sample] == ["phone"]
    world.assert_reconciled(keeper.warehouse)


def test_an_increment_that_is_blocked_takes_nothing_from_what_readers_see(
    keeper: Loader, source: Path
) -> None:
    """Neither warnings nor rejected records."""
    world.write(source, {day_key(ONE, "-1"): lines([*plays(2, day=5), *plays(1, userId="")])})
    load_all(keeper)
    (source / day_key(ONE, "-1")).unlink()
    world.write(source, {day_key(ONE, "-2"): lines(plays(20, userId=""))})
    (result,) = world.load(keeper, "events")
    assert [item.state for item in result.partitions] == ["blocked"]
    with keeper.warehouse.transaction(lock=False) as transaction:
        assert [found.check for found in ledger.current_warnings(transaction)] == [LATE]
    assert world.held(keeper.warehouse)["quarantine"] == {(day_key(ONE, "-1"), 3): 1}
    world.assert_reconciled(keeper.warehouse)


def test_songs_that_come_after_their_plays_take_the_warning_back(loader: Loader, source: Path) -> None:
    """And songs that go bring it again."""
    known = {"song": "Sun", "artist": "Ana"}
    days = {day_key(day): lines(plays(100, n, **known)) for n, day in enumerate((ONE, TWO))}
    world.write(source, {**days, day_key(THREE): lines(plays(100, 2, song="Rain"))})
    load_all(loader)
    unmatched = "songplays_match_rate"
    assert named(loader) == {(day, unmatched) for day in (ONE, TWO, THREE)}
    world.write(source, {song_key("AA"): lines([song()])})
    load_all(loader)
    assert named(loader) == {(THREE, unmatched)}
    (source / song_key("AA")).unlink()
    results = load_all(loader, accept_deletions=True)
    assert named(loader) == {(day, unmatched) for day in (ONE, TWO, THREE)}
    assert {v.partition_key for v in results[-1].warnings} == {ONE, TWO}


def test_warnings_cost_no_statement_more_for_each_partition(
    warehouse: Warehouse, source: Path, tmp_path: Path
) -> None:
    ran: list[str] = []
    counting = Warehouse(url=warehouse.url, folder=warehouse.folder, before_statement=ran.append)
    loader = loader_for(counting, source, tmp_path / "home")

    def statements(days: Iterable[str]) -> int:
        world.write(source, {day_key(day): lines(plays(100, 90, device="x")) for day in days})
        ran.clear()
        load_all(loader)
        return sum("warnings" in text or text.startswith("checks/") for text in ran)

    loader.warehouse.ensure_tables()
    assert statements(["2018-10-01"]) == statements(f"2018-11-{day:02}" for day in range(1, 29))


# ------------------------------------------------------------------ where it is told


def test_a_warning_is_told_alike_wherever_people_look(loader: Loader, source: Path) -> None:
    """On Dagster's page, in the status, and in the report."""
    records = [*plays(20, page="Home"), *plays(2, 5, page="Home", device="x")]
    files = {day_key(day): lines(records) for day in (ONE, TWO)}
    world.write(source, {**files, day_key(THREE): lines(plays(2, 2)), song_key("AA"): lines([song()])})
    job = build_defs(loader.settings, loader=loader).resolve_job_def("load")
    result = job.execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        tags={"dagster/asset_partition_range_start": ONE, "dagster/asset_partition_range_end": THREE},
    )
    assert result.success
    evaluations = result.get_asset_check_evaluations()
    assert sorted(e.check_name for e in evaluations) == sorted(check.name for check in ALL_CHECKS)
    expected = {"events_without_plays": 2, "events_of_other_days": 2 + 22, "events_fields": 2}
    warned = {e.check_name: e.metadata["violations"].value for e in evaluations if not e.passed}
    assert warned == expected
    assert all(e.severity is dg.AssetCheckSeverity.WARN for e in evaluations if not e.passed)
    (shown,) = (e.metadata["sample"].records for e in evaluations if e.check_name == "events_fields")
    assert [row.data["field"] for row in shown] == ["device", "device"]

    found = status(loader).warnings
    assert {one.check: one.violations for one in found} == expected
    assert all(one.partitions == [ONE, TWO] for one in found)

    page = report_page(loader.warehouse, loader.settings)
    assert "3 warnings" in page
    assert "All checks passed" not in page
    assert "What <code>events_fields</code> found" in page
    world.write(source, {day_key(day): lines(plays(20, n)) for n, day in enumerate((ONE, TWO))})
    load_all(loader)
    assert status(loader).warnings == []
    assert "All checks passed" in report_page(loader.warehouse, loader.settings)


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
