"""Invariant 3: a correction equals a fresh load of what is in the source now; with the two guards of deletions."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from sparkify_assets.inspection.checksum import digest
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import DeletionsRefused
from sparkify_assets.load.results import BatchResult
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import loader_for
from tests.invariants import world
from tests.invariants.world import START, Files, day_key, lines, play, song, song_key

DAY = 86_400_000
ONE, TWO, THREE = world.DAYS[:3]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def loader(small: Warehouse, source: Path, home: Path) -> Loader:
    source.mkdir()
    return loader_for(small, source, home, max_drop=1.0)


def load(loader: Loader, source: Path, files: Files, **choice: bool) -> bool:
    """Load these files; whether anything had to be accepted because all of its rows go."""
    world.remake(source, files)
    world.load_all(loader, **choice)
    return bool(world.release_all(loader))


BASE: Files = {
    day_key(ONE): lines([play(START), play(START + 1, userId="2"), play(START + 2, page="Home", song=None)]),
    day_key(TWO): lines([play(START + DAY, level="paid"), play(START + DAY + 9, song="Rain", level="paid")]),
    day_key(THREE): lines([play(START + 2 * DAY, userId="3")]),
    song_key("AA"): lines([song()]),
    song_key("AB"): lines([song(song_id="SO2", artist_id="AR2", title="Rain", artist_name="Ana")]),
    song_key("BA"): lines([song(song_id="SO3", duration=150.0, artist_name="Ana ")]),
}

#: What happens to the source after it was loaded: key -> new content, None where the object goes.
CORRECTIONS: dict[str, dict[str, bytes | None]] = {
    "rows changed": {day_key(ONE): lines([play(START, level="paid", userAgent="other"), play(START + 1, userId="1")])},
    "rows added": {day_key(ONE): BASE[day_key(ONE)] + b"\n" + lines([play(START + 5, userId="77")])},
    "rows withdrawn": {day_key(ONE): lines([play(START)])},
    "a user's only row withdrawn": {day_key(THREE): lines([play(START + 2 * DAY, userId="1")])},
    "a user falls back to an older event": {day_key(TWO): lines([play(START + DAY + 9, userId="2", song="Rain")])},
    "a user's events gone but those logged out": {
        day_key(THREE): lines([play(START + 2 * DAY, userId="3", page="Home", auth="Logged Out")])
    },
    "time of a play moved": {day_key(ONE): lines([play(START, ts=START + 7), play(START + 1, userId="2")])},
    "plays became other pages": {day_key(ONE): lines([play(START, page="Home"), play(START + 1, page="Help")])},
    "day emptied": {day_key(ONE): b""},
    "day deleted": {day_key(TWO): None},
    "all days deleted": {day_key(day): None for day in (ONE, TWO, THREE)},
    "day moved to another": {day_key(ONE): None, day_key("2018-11-20"): BASE[day_key(ONE)]},
    "day now compressed": {day_key(ONE): None, day_key(ONE) + ".gz": gzip.compress(BASE[day_key(ONE)])},
    "a second object for a day": {day_key(ONE, "-late"): lines([play(START + 4, userId="9"), play(START)])},
    "rows became faulty": {day_key(ONE): BASE[day_key(ONE)].replace(b'"userId": "2"', b'"userId": ""')},
    "title changed": {song_key("AA"): lines([song(title="Moon")])},
    "title changed to one that plays name": {song_key("AB"): lines([song(song_id="SO2", title="Sun", duration=100.5)])},
    "artist name changed": {song_key("AA"): lines([song(artist_name="Anna")])},
    "duration changed, so that another song is nearer": {song_key("BA"): lines([song(song_id="SO3", duration=100.5)])},
    "artist of a song changed": {song_key("AA"): lines([song(artist_id="AR9")])},
    "song withdrawn": {song_key("AA"): b""},
    "song deleted": {song_key("AA"): None},
    "all songs deleted": {song_key(prefix): None for prefix in ("AA", "AB", "BA")},
    "song moved to another prefix": {song_key("AA"): None, song_key("ZZ"): BASE[song_key("AA")]},
    "song delivered twice, with other values": {song_key("ZZ"): lines([song(title="Rain", year=1999)])},
    "artist described otherwise": {song_key("ZZ"): lines([song(song_id="SO9", artist_name="An", artist_location="X")])},
    "songs and plays at once": {
        song_key("AA"): lines([song(title="Moon")]), day_key(ONE): lines([play(START, song="Moon")]),
        song_key("BA"): None, day_key(THREE): None,
    },
}  # fmt: skip


#: Those after which a file is there, and nothing of it.
EMPTIED = {"day emptied", "song withdrawn"}


def corrected(files: Files, correction: dict[str, bytes | None]) -> Files:
    return {key: content for key, content in (files | correction).items() if content is not None}


@pytest.mark.parametrize("name", CORRECTIONS)
def test_correction_equals_fresh_load(
    loader: Loader, small: Warehouse, source: Path, tmp_path: Path, name: str
) -> None:
    """There and back again: the correction, then the first state again."""
    after = corrected(BASE, CORRECTIONS[name])
    load(loader, source, BASE)
    world.assert_holds(small, BASE)
    fresh = digest(small).value
    assert load(loader, source, after) == (name in EMPTIED)
    world.assert_holds(small, after)
    world.assert_reconciled(small)
    once = digest(small).value
    assert not load(loader, source, BASE)
    world.assert_holds(small, BASE)
    world.assert_reconciled(small)
    assert digest(small).value == fresh
    assert once == world.fresh_digest(small, after, tmp_path)
    assert once != fresh


def test_play_delivered_twice_falls_back(loader: Loader, small: Warehouse, source: Path) -> None:
    """One play in three files: the winner is withdrawn again and again, and the next best takes its place."""
    best = play(START, ts=START + 9, level="paid", song="Rain")
    files = {
        day_key(ONE): lines([play(START, ts=START + 9, level="free"), play(START, userAgent="lowest")]),
        day_key(TWO): lines([best, best]),
        day_key(THREE): lines([play(START, ts=START + 8)]),
        song_key("AA"): lines([song(), song(song_id="SO2", title="Rain")]),
    }
    for change in (
        {},
        {day_key(TWO): lines([best])},
        {day_key(TWO): None},
        {day_key(ONE): b""},
        {day_key(THREE): b""},
    ):
        files = corrected(files, change)
        load(loader, source, files)
        world.assert_holds(small, files)
    assert not world.held(small)["sparkify.songplays"]


def test_reprocessing_an_old_day_keeps_the_newer_level(
    loader: Loader, small: Warehouse, source: Path
) -> None:
    load(loader, source, BASE)
    world.load(loader, "events", [ONE], reload=True)
    ((level,),) = {row[4:5] for row in world.held(small)["sparkify.users"] if row[0] == 1}
    assert level == "paid"
    world.assert_holds(small, BASE)


def assert_counted(results: list[BatchResult], before: world.Held, after: world.Held) -> None:
    """A load tells how many rows each table gained and lost, and how many have other values. The first column of a
    table is its key.
    """
    for table, changes in (
        (table, changes) for result in results for table, changes in result.changes.items()
    ):
        was, now = ({row[0] for row in held[f"sparkify.{table}"]} for held in (before, after))
        assert (changes.inserted, changes.deleted) == (len(now - was), len(was - now)), table
        as_before = {row[0] for row in before[f"sparkify.{table}"] & after[f"sparkify.{table}"]}
        assert changes.updated == len((now & was) - as_before), table
        assert 0 <= changes.unchanged <= len(as_before), table


@pytest.mark.parametrize(
    ("worlds", "copies"),
    [(4, 8), pytest.param(1000, 1, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])],
)
def test_random_corrections(
    small: Warehouse, tmp_path: Path, source: Path, home: Path, worlds: int, copies: int
) -> None:
    """From one random source to another and another, each time only what changed is loaded."""
    for seed in range(worlds):
        random = Random(f"corrections {seed}")
        world.clean(small)
        source.mkdir(exist_ok=True)
        loader = loader_for(small, source, home, **world.PATIENT)
        for _ in range(3):
            days, prefixes = random.sample(world.DAYS, 4), random.sample(world.PREFIXES, 2)
            files = world.random_files(random, days, prefixes, range(copies))
            world.remake(source, files)
            for dataset in random.sample(["songs", "events"], 2):
                held = world.held(small)
                results = world.load(loader, dataset, accept_deletions=True)
                assert_counted(results, held, world.held(small))
            world.assert_holds(small, files)
        before = digest(small).value
        assert before == world.fresh_digest(small, files, tmp_path), f"seed {seed}"
        world.told(seed + 1, worlds, "worlds corrected")


# ------------------------------------------------------------------ the guards


def many(count: int) -> Files:
    return {day_key(ONE, f"-{n:02}"): lines([play(START + n)]) for n in range(count)}


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (3, 0, True),  # empty
        (1, 0, True),
        (40, 31, False),  # nine of forty
        (40, 30, True),  # ten of forty
        (60, 48, False),  # a fifth, not more
        (60, 47, True),
    ],
)
def test_a_listing_that_lacks_much_changes_nothing(
    loader: Loader, small: Warehouse, source: Path, before: int, after: int, refused: bool
) -> None:
    load(loader, source, many(before))
    held = world.held(small)
    world.remake(source, many(after))
    if refused:
        for dataset in ("songs", "events"):
            with pytest.raises(DeletionsRefused, match="nothing was changed"):
                world.load(loader, dataset)
        assert world.held(small) == held
        world.load_all(loader, accept_deletions=True)
    else:
        world.load_all(loader)
    world.assert_holds(small, many(after))


def test_a_source_that_is_gone_is_not_empty(loader: Loader, small: Warehouse, source: Path) -> None:
    load(loader, source, BASE)
    source.rename(source.with_name("elsewhere"))
    with pytest.raises(Exception, match="does not exist"):
        world.load(loader, "events", accept_deletions=True)
    world.assert_holds(small, BASE)


#: The same with records that are rejected, which have to be kept as well.
TORN = BASE | {day_key(day): BASE[day_key(day)] + b"\nno JSON" for day in (ONE, TWO)}

KEPT: dict[str, tuple[dict[str, bytes | None], Callable[[Files], Files]]] = {
    "a day deleted": ({day_key(TWO): None}, lambda new: new | {day_key(TWO): TORN[day_key(TWO)]}),
    "everything old deleted": (
        {**dict.fromkeys(TORN), day_key("2018-11-09"): lines([play(START + 8 * DAY)])},
        lambda new: TORN | new,
    ),
    "the old songs of a prefix deleted when new ones come": (
        {song_key("AA"): None, song_key("AA", "B"): lines([song(song_id="SO7", title="Rain")])},
        lambda new: new | {song_key("AA"): TORN[song_key("AA")]},
    ),
    "one object of a day deleted, another added, and another day": (
        {
            day_key(ONE): None,
            day_key(ONE, "-2"): lines([play(START + 6)]),
            day_key("2018-11-09"): lines([play(START + 8 * DAY)]),
        },
        lambda new: new | {day_key(ONE): TORN[day_key(ONE)]},
    ),
    "a day overwritten is no deletion": ({day_key(ONE): lines([play(START)])}, lambda new: new),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_source_of_increments_loses_nothing(small: Warehouse, source: Path, home: Path, name: str) -> None:
    """SPARKIFY_DELETED=keep: what is gone from the source stays in the warehouse; what comes is added."""
    correction, expected = KEPT[name]
    source.mkdir()
    loader = loader_for(small, source, home, deleted="keep", max_drop=1.0)
    load(loader, source, TORN)
    after = corrected(TORN, correction)
    load(loader, source, after)
    world.assert_holds(small, expected(after))
    world.assert_reconciled(small)
    assert world.load_all(loader) == []


def test_a_source_of_increments_may_lack_nearly_everything(
    small: Warehouse, source: Path, home: Path
) -> None:
    """With keep no deletion is ever carried out, so a listing that lacks much is no reason to stop."""
    source.mkdir()
    loader = loader_for(small, source, home, deleted="keep", max_drop=1.0)
    load(loader, source, many(40))
    later = {day_key(TWO): lines([play(START + DAY)])}
    load(loader, source, later)
    world.assert_holds(small, many(40) | later)
