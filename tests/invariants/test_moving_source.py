"""Invariants 5 and 8: the source may change while it is read. What readers see is wholly an old or wholly a new
version, never a mix, and never older than what they saw before; the next load brings what is there by then."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from sparkify_assets.load.loader import Loader
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import loader_for
from tests.invariants import oracle, world
from tests.invariants.world import START, Files, day_key, lines, play, song, song_key

ONE, TWO = world.DAYS[:2]
OLD: Files = {
    day_key(ONE): lines([play(START), play(START + 1), play(START + 2, userId="2")]),
    day_key(TWO): lines([play(START + 86_400_000)]),
    song_key("AA"): lines([song()]),
    song_key("AB"): lines([song(song_id="SO2", title="Rain")]),
}
#: What happens to the source, as the files that are other ones then; None where one is deleted.
CHANGES: dict[str, dict[str, bytes | None]] = {
    "overwritten, other size": {
        day_key(ONE): lines([play(START + 1, level="paid"), play(START + 7)]),
        song_key("AA"): lines([song(title="Moon"), song(song_id="SO9")]),
    },
    "overwritten, same size": {
        key: OLD[key].replace(b"Ana", b"Eva").replace(b"free", b"paid") for key in (day_key(ONE), song_key("AA"))
    },
    "deleted": {day_key(ONE): None, song_key("AA"): None},
    "a second object added": {
        day_key(ONE, "-2"): lines([play(START + 8)]), song_key("AA", "B"): lines([song(song_id="SO8")]),
    },
}  # fmt: skip
#: The statement before which it happens, by the beginning of its name.
MOMENTS = [
    "ddl/incoming_batch",
    "copy/events",
    "copy/songs",
    "copy/copied",
    "ledger/lock",
    "merge/",
    "commit",
]


@dataclass
class Once:
    """Does something once, before the first statement whose name begins so."""

    moment: str
    action: Callable[[], None]
    done: bool = False

    def __call__(self, statement: str) -> None:
        if not self.done and statement.startswith(self.moment):
            self.done = True
            self.action()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    world.write(folder, OLD)
    return folder


def watched(small: Warehouse, source: Path, home: Path, once: Once) -> Loader:
    return loader_for(Warehouse(url=small.url, folder=small.folder, before_statement=once), source, home)


def changed(change: dict[str, bytes | None]) -> Files:
    return {key: content for key, content in (OLD | change).items() if content is not None}


@pytest.mark.parametrize(
    ("moment", "kept"),
    [(moment, "times go on") for moment in MOMENTS]
    + [("copy/", "times are put back")]
    + [pytest.param(moment, "times are put back", marks=pytest.mark.soak) for moment in MOMENTS],
)
@pytest.mark.parametrize("name", CHANGES)
def test_source_changes_during_a_load(
    small: Warehouse, source: Path, home: Path, name: str, moment: str, kept: str
) -> None:
    new = changed(CHANGES[name])

    def change() -> None:
        times = {key: (source / key).stat() for key in OLD}
        world.remake(source, new)
        if kept == "times are put back":
            for key in new.keys() & OLD.keys():
                os.utime(source / key, ns=(times[key].st_atime_ns, times[key].st_mtime_ns))

    once = Once(moment, change)
    loader = watched(small, source, home, once)
    for dataset in ("songs", "events"):
        before = world.files_of(source)
        world.load(loader, dataset)
        assert_each_old_or_new(small, before, world.files_of(source), dataset)
    assert once.done
    world.load_all(loader)
    world.assert_holds(small, new)
    assert world.load_all(loader) == []


def assert_each_old_or_new(small: Warehouse, old: Files, new: Files, dataset: str) -> None:
    """Each partition's staged rows are all of the old or all of the new version of it."""
    table = f"staging.{dataset}"
    held = world.held(small)[table]
    versions = [world.Counter(oracle.tables(files)[table]) for files in (old, new)]
    for place in {row[-1] for row in (*held, *versions[0], *versions[1])}:
        found, *allowed = (
            {row: n for row, n in rows.items() if row[-1] == place} for rows in (held, *versions)
        )
        assert found in allowed, place


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_slow_load_never_undoes_a_newer_one(
    small: Warehouse, source: Path, home: Path, name: str, moment: str
) -> None:
    """One load has listed the source; it changes, and another load publishes that; then the first goes on."""
    new = changed(CHANGES[name])
    quick = loader_for(small, source, home / "quick")

    def overtake() -> None:
        world.remake(source, new)
        world.load_all(quick)
        world.assert_holds(small, new)

    if moment in ("ledger/lock", "merge/", "commit"):
        moment = "ledger/lock"  # from here on the other load has to wait
    for dataset in ("songs", "events"):
        world.clean(small)
        world.remake(source, OLD)
        slow = watched(small, source, home, once := Once(moment, overtake))
        world.load(slow, dataset)
        if once.done:
            world.assert_holds(small, new)


@pytest.mark.parametrize("moment", ["ddl/incoming_batch", "ledger/lock"])
def test_a_slow_load_never_withdraws_what_came_back(
    small: Warehouse, source: Path, home: Path, moment: str
) -> None:
    """One load has listed the source without a day and a song; they come back and another load publishes them."""
    quick = loader_for(small, source, home / "quick")
    for dataset in ("songs", "events"):
        world.remake(source, OLD)
        world.load_all(quick)
        without = changed({day_key(ONE): None, song_key("AA"): None})
        world.remake(source, without)

        def restore() -> None:
            world.remake(source, OLD)
            world.load_all(quick)

        slow = watched(small, source, home, once := Once(moment, restore))
        world.load(slow, dataset)
        assert once.done
        world.assert_holds(small, OLD)


def test_a_source_that_never_rests_ends_in_a_clear_error(small: Warehouse, source: Path, home: Path) -> None:
    random = Random(1)

    def move(statement: str) -> None:
        if statement.startswith("merge/users"):
            world.write(
                source, {day_key(ONE): lines([play(START + random.randint(3, 9))] * random.randint(1, 9))}
            )

    loader = loader_for(Warehouse(url=small.url, folder=small.folder, before_statement=move), source, home)
    with pytest.raises(Exception, match=r"2018-11-01-events.json came, went or was overwritten"):
        world.load(loader, "events")
    assert not any(world.held(small).values())
    quiet = loader_for(small, source, home)
    world.load_all(quiet)
    world.assert_holds(small, world.files_of(source))
