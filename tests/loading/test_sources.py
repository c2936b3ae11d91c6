"""Sources as they lie about: hidden files, other layouts, odd names, links; and objects that nobody can read."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sparkify_assets.defs.listing_cache import ListingCache
from sparkify_assets.inspection.checksum import digest
from sparkify_assets.inspection.reconcile import reconcile
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import Partition
from sparkify_assets.source import files
from sparkify_assets.source.files import FileStore
from sparkify_assets.source.layout import why_unrecognised
from sparkify_assets.source.store import SourceError
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import loader_for
from tests.invariants import world
from tests.invariants.world import day_key, lines, song_key

PLAY = {field: values[0] for field, values in world.EVENTS.items()} | {"ts": world.START}
SONG = {field: values[0] for field, values in world.SONGS.items()}
FLAT = f"log_data/{world.DAYS[0]}-events.json"


@pytest.fixture
def loaded(loader: Loader, source: Path) -> Loader:
    """Two days and a song, as an earlier edition had them: with hidden files among the known objects."""
    world.write(source, {day_key(world.DAYS[0]): lines([PLAY]), song_key("AA"): lines([SONG])})
    world.load_all(loader)
    return loader


def test_hidden_files_change_nothing(loaded: Loader, source: Path) -> None:
    before = digest(loaded.warehouse)
    world.write(source, dict.fromkeys(world.HIDDEN, b"junk"))
    assert world.load_all(loaded) == []
    assert digest(loaded.warehouse) == before
    assert loaded.plan().difference.hidden == len(world.HIDDEN)
    assert reconcile(loaded, deep=True) == []


@pytest.mark.parametrize("deleted", ["withdraw", "keep"])
def test_hidden_files_that_were_loaded_are_taken_out(
    warehouse: Warehouse, source: Path, tmp_path: Path, deleted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warehouse that loaded them before: also where what is gone from the source is kept, for they were no data."""
    good = {day_key(world.DAYS[0]): lines([PLAY]), song_key("AA"): lines([SONG])}
    copies = {
        "log_data/2018/11/.copies/2018-11-01-events.json": lines([PLAY]),
        **{f"song_data/A/A/A/._TR{n}.json": b"junk" for n in range(8)},
    }
    loader = loader_for(warehouse, source, tmp_path / "home", deleted=deleted, **world.PATIENT)
    world.write(source, good | copies)
    with monkeypatch.context() as earlier:
        for module in ("model.datasets", "source.changes"):
            earlier.setattr(f"sparkify_assets.{module}.is_hidden", lambda _: False)
        world.load_all(loader)
    with pytest.raises(AssertionError, match="too many"):
        world.assert_holds(warehouse, good)
    world.load_all(loader)
    world.assert_holds(warehouse, good)
    assert world.load_all(loader) == []


def test_the_flat_layout_is_read(loader: Loader, source: Path) -> None:
    """A day may lie flat, in the folder of its month, or in both."""
    flat = {
        f"log_data/{day}-events.json": lines([PLAY | {"itemInSession": n}])
        for n, day in enumerate(world.DAYS)
    }
    files = flat | {day_key(world.DAYS[0]): lines([PLAY | {"sessionId": 9}])}
    world.write(source, files)
    world.load_all(loader)
    world.assert_holds(loader.warehouse, files)
    (source / FLAT).unlink()
    (source / f"log_data/{world.DAYS[1]}-events.json").write_bytes(lines([PLAY]))
    found = {
        p.key for result in world.load_all(loader) for p in (item.partition for item in result.partitions)
    }
    assert found == set(world.DAYS[:2])
    del files[FLAT]
    world.assert_holds(loader.warehouse, files | {f"log_data/{world.DAYS[1]}-events.json": lines([PLAY])})


def test_a_sensor_s_cache_knows_flat_days(source: Path) -> None:
    store = FileStore(source.as_uri())
    nested, flat = day_key(world.DAYS[1]), FLAT
    world.write(source, {nested: b"{}", flat: b"{}", **dict.fromkeys(world.HIDDEN, b"")})
    cache = ListingCache.starting_from("events", [Partition("events", world.DAYS[1])])
    cache.poll(store.list, now=0.0)
    days = {partition.key: prefixes for partition, prefixes in cache.to_compare().items()}
    assert days.keys() == set(world.DAYS[:2])
    for day, key in ((world.DAYS[0], flat), (world.DAYS[1], nested)):
        assert [item.key for prefix in days[day] for item in store.list(prefix)] == [key]
    cache.mark_in_sync([Partition("events", day) for day in days], store.list("log_data/"))
    cache.poll(store.list, now=1.0)
    assert cache.to_compare() == {}
    (source / flat).unlink()
    cache.poll(store.list, now=2.0)
    assert [partition.key for partition in cache.to_compare()] == [world.DAYS[0]]


def test_a_listing_by_prefix_looks_into_no_other_folder(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [FLAT, *(f"log_data/{year}/11/{year}-11-01-events.json" for year in range(2010, 2019))]
    world.write(source, dict.fromkeys(keys, b"{}"))
    seen: list[str] = []
    walk = files._walk
    monkeypatch.setattr(files, "_walk", lambda folder, *a: seen.append(folder) or walk(folder, *a))
    store = FileStore(source.as_uri())
    for prefix, expected in (
        ("log_data/2018-11-", [FLAT]),
        ("log_data/2018/", ["log_data/2018/11/2018-11-01-events.json"]),
        ("log_data/2018", ["log_data/2018/11/2018-11-01-events.json", FLAT]),
        ("log", sorted(keys, key=lambda key: key.split("/"))),
        ("", sorted(keys, key=lambda key: key.split("/"))),
        ("log_data/2018/11/2018-11-01-events.json", ["log_data/2018/11/2018-11-01-events.json"]),
        ("nothing", []),
    ):
        seen.clear()
        assert [item.key for item in store.list(prefix)] == expected
        assert prefix in ("log", "") or len(seen) <= 3


def test_a_link_that_leads_nowhere_is_an_object_that_cannot_be_read(loader: Loader, source: Path) -> None:
    world.write(source, {day_key(world.DAYS[0]): lines([PLAY]), song_key("AA"): lines([SONG])})
    for key, to in ((day_key(world.DAYS[1]), "gone.json"), (song_key("AA", "B"), "gone.json")):
        path = source / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(to)
    (source / "log_data/2018/11/around").symlink_to("around")
    (source / "log_data/2018/11/there.txt").symlink_to(Path(day_key(world.DAYS[0])).name)
    found = loader.plan().difference
    assert found.unrecognised == ["log_data/2018/11/around", "log_data/2018/11/there.txt"]
    assert Partition("events", world.DAYS[1]) in found.listed
    for dataset in ("events", "songs"):
        for result in world.load(loader, dataset):
            for item in result.partitions:
                for reject in item.rejects:
                    assert reject.is_whole_object
                    assert reject.reason.endswith("a link to a file that is not there")
    with pytest.raises(SourceError, match="a link to a file that is not there"):
        loader.source.read(day_key(world.DAYS[1]))


def test_a_name_that_is_no_utf8_is_named_with_the_reason(loader: Loader, source: Path) -> None:
    world.write(source, {day_key(world.DAYS[0]): lines([PLAY]), song_key("AA"): lines([SONG])})
    for key in (
        day_key("2018-11-02", " caf\udce9"),
        song_key("AA", "\udce9"),
    ):  # as Python has the byte E9 in a path
        world.write(source, {key: b"{}"})
    found = loader.plan().difference
    assert sorted(found.unrecognised) == [
        "log_data/2018/11/2018-11-02-events caf\ufffd.json",
        "song_data/A/A/\ufffd/TRAA\ufffd.json",
    ]
    assert {why_unrecognised(name) for name in found.unrecognised} == {"its name is no UTF-8"}
    assert found.listed_objects == 2


def test_a_deep_reconciliation_names_what_cannot_be_read_and_goes_on(loader: Loader, source: Path) -> None:
    """A file that was cut after its load, with its time and size put back so that the listing cannot tell."""
    many = gzip.compress(lines([PLAY | {"itemInSession": n} for n in range(50)]))
    days = {day_key(world.DAYS[0]) + ".gz": many, day_key(world.DAYS[1]): lines([PLAY | {"sessionId": 9}])}
    songs = {song_key("AA") + ".gz": gzip.compress(lines([SONG])), song_key("AB"): lines([SONG])}
    world.write(source, days | songs)
    world.load_all(loader)
    assert reconcile(loader, deep=True) == []
    with loader.warehouse.transaction() as transaction:
        transaction.cursor.execute("delete from staging.events where session_id = 9")
    plan = loader.plan

    def unchanged() -> object:
        """The listing as it was, whatever the files hold now."""
        return listed

    listed = plan()
    loader.plan = unchanged  # type: ignore[method-assign, assignment]
    (source / day_key(world.DAYS[0])).with_suffix(".json.gz").write_bytes(many[:-9] + bytes(9))
    (source / song_key("AA")).with_suffix(".json.gz").write_bytes(b"no gzip")
    found = reconcile(loader, deep=True)
    unreadable = {finding.where: finding.detail for finding in found if finding.kind == "unreadable"}
    assert unreadable.keys() == {day_key(world.DAYS[0]) + ".gz", song_key("AA") + ".gz"}
    assert "no gzip" in unreadable[song_key("AA") + ".gz"]
    missing = [
        finding for finding in found if finding.kind == "missing" and finding.where == "staging_events"
    ]
    assert len(missing) == 1, "the day behind it is compared all the same"
