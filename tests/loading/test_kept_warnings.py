"""What becomes of warnings: they stay true whatever happens to the partition, and are told alike wherever people look,
in the summary of a load, in the status, in the report, and in Dagster's web UI.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.definitions import build_defs
from sparkify_assets.inspection.status import status
from sparkify_assets.load import ledger
from sparkify_assets.load.loader import Loader
from sparkify_assets.model import queries
from sparkify_assets.model.checks import ALL_CHECKS
from sparkify_assets.model.datasets import Partition
from sparkify_assets.report.page import report_page
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for
from tests.invariants import world
from tests.invariants.world import day_key, lines, song, song_key
from tests.loading.test_warnings import ONE, THREE, TWO, named, plays, told

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

    with loader.warehouse.reading() as transaction:
        page = report_page(transaction, loader.settings).html
    assert "3 warnings" in page
    assert "All checks passed" not in page
    assert "What <code>events_fields</code> found" in page
    world.write(source, {day_key(day): lines(plays(20, n)) for n, day in enumerate((ONE, TWO))})
    load_all(loader)
    assert status(loader).warnings == []
    with loader.warehouse.reading() as transaction:
        page = report_page(transaction, loader.settings).html
    assert "3 warnings" not in page
    assert "All checks passed" not in page, "its days have fewer rows than before"
    load_all(loader, reload=True)
    with loader.warehouse.reading() as transaction:
        assert "All checks passed" in report_page(transaction, loader.settings).html
