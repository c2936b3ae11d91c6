"""Invariant 5: what does not pass its gates is not published. Readers see the old state, byte for byte; the batch waits
until its source or the rules change, or until somebody releases it, and that is recorded."""

from __future__ import annotations

from pathlib import Path

import psycopg2
import pytest

from sparkify_assets.inspection.checksum import digest
from sparkify_assets.inspection.status import PartitionStatus, status
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.publish import NotBlocked, RulesRefused
from sparkify_assets.model import queries
from sparkify_assets.model.datasets import Partition
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import loader_for
from tests.invariants import world
from tests.invariants.test_corrections import DAY
from tests.invariants.world import START, Files, day_key, lines, play, song, song_key, states, tables

ONE, TWO, THREE = world.DAYS[:3]
BLOCKED = Partition("events", TWO)
GOOD: Files = {
    day_key(ONE): lines([play(START), play(START + 1, userId="2")]),
    day_key(TWO): lines([play(START + DAY)]),
    song_key("AA"): lines([song()]),
}
#: A day that fails each kind of gate that its records alone can fail.
BAD: dict[str, tuple[str, bytes]] = {
    "a level that there is not": (
        "events_allowed_values",
        lines([play(START + DAY, level="gold"), play(START + DAY + 1, userId="9")]),
    ),
    "a gender that there is not": ("events_allowed_values", lines([play(START + DAY, gender="X")])),
    "too many rejects": (
        "events_reject_share",
        lines([play(START + DAY + n, userId="") for n in range(11)] + [play(START + DAY)] * 30),
    ),
}

#: Fingerprints that no rules have.
OTHER_RULES = queries.Rules("other", "rules")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    world.write(folder, GOOD)
    return folder


@pytest.fixture
def loader(small: Warehouse, source: Path, home: Path) -> Loader:
    loader = loader_for(small, source, home, allowed_values="block")
    world.load_all(loader)
    return loader


def state(loader: Loader) -> PartitionStatus:
    (found,) = [item for item in status(loader).partitions if item.partition == TWO]
    return found


def waiting(warehouse: Warehouse) -> int:
    """The rows that wait in incoming."""
    with psycopg2.connect(warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from incoming.events")
        ((count,),) = cursor.fetchall()
    connection.close()
    return int(count)


@pytest.mark.parametrize("name", BAD)
def test_a_blocked_correction_leaves_the_old_version(
    loader: Loader, small: Warehouse, source: Path, name: str
) -> None:
    gate, content = BAD[name]
    before = tables(small)
    world.write(source, {day_key(TWO): content})
    assert states(loader) == {TWO: "blocked"}
    assert tables(small) == before
    found = state(loader)
    assert found.state == "blocked"
    assert [check["check"] for check in found.blocked_by] == [gate]
    assert found.blocked_by[0]["violations"] >= 1
    assert found.blocked_by[0]["sample"][0]["partition_key"] == TWO
    assert digest(small).blocked == [BLOCKED]
    assert waiting(small) == content.count(b"\n") + 1


@pytest.mark.parametrize("name", BAD)
def test_the_other_days_of_the_batch_are_published(
    loader: Loader, small: Warehouse, source: Path, name: str
) -> None:
    _, content = BAD[name]
    others = {
        day_key(ONE): lines([play(START, level="paid"), play(START + 5, userId="5")]),
        day_key(THREE): lines([play(START + 2 * DAY)]),
    }
    world.write(source, {day_key(TWO): content, **others})
    assert states(loader) == {ONE: "published", TWO: "blocked", THREE: "published"}
    world.assert_holds(small, GOOD | others)
    world.assert_reconciled(small)


def test_it_is_tried_again_when_its_source_changes(loader: Loader, small: Warehouse, source: Path) -> None:
    world.write(source, {day_key(TWO): BAD["a level that there is not"][1]})
    assert states(loader) == {TWO: "blocked"}
    before = tables(small)
    assert states(loader) == {}, "nothing has changed, so there is nothing to try"
    world.write(source, {day_key(ONE): lines([play(START)])})
    assert states(loader) == {ONE: "published"}, "another day is no reason to try this one"
    world.write(source, {day_key(ONE): GOOD[day_key(ONE)]})
    assert states(loader) == {ONE: "published"}
    assert tables(small) == before
    world.write(source, {day_key(TWO): BAD["a gender that there is not"][1]})
    assert states(loader) == {TWO: "blocked"}
    assert waiting(small) == 1, "what waited before has given way"
    mended = lines([play(START + DAY, level="paid"), play(START + DAY + 3)])
    world.write(source, {day_key(TWO): mended})
    assert states(loader) == {TWO: "published"}
    assert state(loader).state == "loaded"
    assert waiting(small) == 0
    world.assert_holds(small, world.files_of(source))


def test_it_is_tried_again_when_the_rules_change(
    loader: Loader, small: Warehouse, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(source, {day_key(TWO): BAD["a level that there is not"][1]})
    assert states(loader) == {TWO: "blocked"}
    before = tables(small)
    monkeypatch.setattr(queries, "rules", lambda: OTHER_RULES)
    assert states(loader) == {TWO: "blocked"}, "other rules, but they block it as well"
    assert states(loader) == {}, "and once is enough"
    assert tables(small) == before


def test_rebuilding_the_star_tries_nothing_that_is_blocked(
    loader: Loader, small: Warehouse, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits was refused by the old rules and still has to be tried by the new."""
    world.write(source, {day_key(TWO): BAD["a level that there is not"][1]})
    assert states(loader) == {TWO: "blocked"}
    before = digest(small)
    monkeypatch.setattr(queries, "rules", lambda: OTHER_RULES)
    loader.publisher.republish()
    assert digest(small) == before
    assert {p.partition: p.other_rules for p in status(loader).partitions} == {
        "AA": ["staging"], ONE: ["staging"], TWO: ["staging", "star"],
    }  # fmt: skip
    assert states(loader) == {TWO: "blocked"}


def test_what_is_deleted_is_blocked_no_more(loader: Loader, small: Warehouse, source: Path) -> None:
    world.write(source, {day_key(TWO): BAD["a level that there is not"][1]})
    assert states(loader) == {TWO: "blocked"}
    (source / day_key(TWO)).unlink()
    assert states(loader) == {TWO: "withdrawn"}
    world.assert_reconciled(small)
    world.assert_holds(small, world.files_of(source))


def test_a_release_publishes_and_is_recorded(loader: Loader, small: Warehouse, source: Path) -> None:
    """The reason stays in the ledger, with what the gates had said."""
    world.write(source, {day_key(TWO): BAD["a level that there is not"][1]})
    assert states(loader) == {TWO: "blocked"}
    (released,) = loader.publisher.release(BLOCKED, "the new level is real").partitions
    assert released.state == "published"
    assert waiting(small) == 0
    world.assert_holds(small, world.files_of(source))
    world.assert_reconciled(small)
    found = state(loader)
    assert (found.state, found.released) == ("loaded", "the new level is real")
    with psycopg2.connect(small.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select release_reason, verdict from ledger.loads where partition_key = %s and state = 'published'",
            (TWO,),
        )
        ((reason, verdict),) = cursor.fetchall()
    connection.close()
    assert reason == "the new level is real"
    assert "events_allowed_values" in verdict
    assert states(loader) == {}
    with pytest.raises(NotBlocked, match=f"{TWO} is not blocked"):
        loader.publisher.release(BLOCKED, "again")


def test_a_released_day_stays_when_the_star_is_rebuilt(
    loader: Loader, small: Warehouse, source: Path
) -> None:
    """It is the only one whose gates are not asked again."""
    world.write(source, {day_key(TWO): BAD["a level that there is not"][1]})
    assert states(loader) == {TWO: "blocked"}
    loader.publisher.release(BLOCKED, "the new level is real")
    before = digest(small)
    loader.publisher.republish()
    assert digest(small) == before
    world.assert_holds(small, world.files_of(source))
    with psycopg2.connect(small.url) as connection, connection.cursor() as cursor:
        cursor.execute("update staging.events set level = 'gold' where event_date = %s", (ONE,))
    connection.close()
    with pytest.raises(RulesRefused, match=f"events_allowed_values.*{ONE}"):
        loader.publisher.republish()


def test_a_released_day_that_is_corrected_has_to_pass_again(
    loader: Loader, small: Warehouse, source: Path
) -> None:
    world.write(source, {day_key(TWO): BAD["a level that there is not"][1]})
    states(loader)
    loader.publisher.release(BLOCKED, "the new level is real")
    before = tables(small)
    world.write(source, {day_key(TWO): BAD["a gender that there is not"][1]})
    assert states(loader) == {TWO: "blocked"}
    assert tables(small) == before


def test_the_quarantine_of_what_is_blocked_is_visible(loader: Loader, small: Warehouse, source: Path) -> None:
    content = BAD["too many rejects"][1]
    world.write(source, {day_key(TWO): content})
    assert states(loader) == {TWO: "blocked"}
    with small.transaction(lock=False) as transaction:
        rejects = transaction.records("ledger/quarantined", partition_key=TWO, object_key=None)
    assert [(r["object_key"], r["position"]) for r in rejects] == [
        (day_key(TWO), line) for line in range(1, 12)
    ]
    assert [r["raw_record"] for r in rejects] == content.decode().splitlines()[:11]
    assert {r["reason"] for r in rejects} == {"play without user"}
    world.assert_reconciled(small)
    world.write(source, {day_key(TWO): GOOD[day_key(TWO)]})
    assert states(loader) == {TWO: "published"}
    world.assert_reconciled(small)


def test_what_is_blocked_gives_way_alone(loader: Loader, small: Warehouse, source: Path) -> None:
    """A batch has published one day and blocked another: the rejects of the first stay until it is replaced."""
    bad = BAD["a level that there is not"][1]
    world.write(source, {day_key(ONE): GOOD[day_key(ONE)] + b"\njunk", day_key(TWO): bad})
    assert states(loader) == {ONE: "published", TWO: "blocked"}
    rejects = world.held(small)["quarantine"]
    assert rejects == {(day_key(ONE), 3): 1}
    world.write(source, {day_key(ONE): bad, day_key(TWO): bad + b"\n"})
    assert states(loader) == {ONE: "blocked", TWO: "blocked"}
    assert world.held(small)["quarantine"] == rejects
    world.assert_reconciled(small)


def test_songs_are_blocked_too(loader: Loader, small: Warehouse, source: Path) -> None:
    before = tables(small)
    nameless = [song(song_id="") for _ in range(11)]
    world.write(source, {song_key("AA"): lines([song(title="Moon"), *nameless])})
    assert states(loader) == {"AA": "blocked"}
    assert tables(small) == before
    released = loader.publisher.release(Partition("songs", "AA"), "we know")
    assert [p.state for p in released.partitions] == ["published"]
    world.assert_holds(small, world.files_of(source))
    world.assert_reconciled(small)
