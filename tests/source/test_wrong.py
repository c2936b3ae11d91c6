"""A source that is none is recognised without listing all of it, and the right one is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.defs.listing_cache import ListingCache
from sparkify_assets.defs.sensors import tick
from sparkify_assets.inspection.next_load import next_load
from sparkify_assets.inspection.status import status
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import DeletionsRefused
from sparkify_assets.load.selection import Selection
from sparkify_assets.model.datasets import DATASETS
from sparkify_assets.source import wrong
from sparkify_assets.source.files import FileStore
from sparkify_assets.source.s3 import S3Store
from sparkify_assets.source.store import ObjectStore, SourceObject
from sparkify_assets.source.wrong import WrongSource, require_data
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import loader_for
from tests.invariants import world
from tests.invariants.world import START, lines, play, song

DAY, SONG = "log_data/2018/11/2018-11-05-events.json", "song_data/A/B/C/TRABC.json"


class Bucket(S3Store):
    """A bucket with these keys, in S3's order, that counts what it lists."""

    def __init__(self, url: str, keys: list[str]) -> None:
        super().__init__(url)
        self.keys, self.listed = sorted(keys, key=str.encode), 0

    def list(self, prefix: str = "", after: str = "") -> Iterator[SourceObject]:
        for key in self.keys:
            if key.startswith(prefix) and key.encode() > after.encode():
                self.listed += 1
                yield SourceObject(key, "1", 1)


def folder(root: Path, keys: list[str]) -> FileStore:
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_text("{}")
    return FileStore(root.as_uri())


def told(source: ObjectStore) -> str:
    with pytest.raises(WrongSource) as raised:
        require_data(source)
    assert "\n" not in str(raised.value)
    return str(raised.value)


#: A folder that is too high: much that comes before the data, hidden and not, and the data of a checkout behind it.
CLONE = [
    *(f".git/objects/{n}" for n in range(900)),
    *(f"node_modules/{n}/x.js" for n in range(900)),
    "README.md",
]


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_the_data_is_found_behind_whatever_lies_before_it(kind: str, tmp_path: Path) -> None:
    keys = [*CLONE, f"t/data/{DAY}", f"t/data/{SONG}"]
    source = folder(tmp_path, keys) if kind == "folder" else Bucket("s3://bucket", keys)
    assert f"the data is in t/data/: set SPARKIFY_SOURCE={source.url}/t/data (2+ files)" in told(source)


def test_a_large_bucket_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong, "MAX_KEYS", 500)
    other = Bucket("s3://bucket/logs", [f"{top}/{n:05}.gz" for top in "abcdefgh" for n in range(5000)])
    assert "found a/00000.gz, a/00001.gz, a/00002.gz, a/00003.gz, a/00004.gz and 495+ more" in told(other)
    assert other.listed < 600
    deep = Bucket(
        "s3://bucket/log_data/2018", [f"11/2018-11-{n % 30 + 1:02}-events-{n}.json" for n in range(5000)]
    )
    assert "the source is log_data/2018/ itself: set SPARKIFY_SOURCE=s3://bucket (200+ files)" in told(deep)
    assert deep.listed < 600


def test_a_clone_of_this_project_has_its_sample(tmp_path: Path) -> None:
    source = folder(tmp_path, [*CLONE[:3], "pyproject.toml", f".sparkify/sample/{DAY}"])
    assert told(source).endswith(
        f".sparkify/sample/: unset SPARKIFY_SOURCE, or set SPARKIFY_SOURCE={source.url}/.sparkify/sample"
    )


def test_what_has_data_is_a_source_and_is_asked_little() -> None:
    songs = Bucket("s3://bucket", [f"song_data/A/B/C/TR{n}.json" for n in range(3000)])
    require_data(songs)
    assert songs.listed == 1
    odd = Bucket("s3://bucket", [f"log_data/{n}" for n in range(3000)])
    require_data(odd)  # there may be data behind so much else: only the whole listing says


def test_a_load_and_a_sensor_say_it(loader: Loader, source: Path) -> None:
    """Dagster's run ends with the error of the load that it is."""
    folder(source, [f"data/{DAY}", "data/reference.json"])
    with pytest.raises(WrongSource, match=r"set SPARKIFY_SOURCE=file://.*/source/data \(1 file\)"):
        list(loader.load("events"))
    with dg.DagsterInstance.ephemeral() as instance:
        skipped = tick(ListingCache("events"), loader, instance)
    assert isinstance(skipped, dg.SkipReason)
    assert "set SPARKIFY_SOURCE=" in str(skipped.skip_message)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("log_data", "the source is log_data/ itself: set SPARKIFY_SOURCE={source} (1 file)"),
        ("log_data/2018/11", "the source is log_data/2018/11/ itself: set SPARKIFY_SOURCE={source} (1 file)"),
        ("..", "the data is in source/: set SPARKIFY_SOURCE={source} ("),
    ],
)
def test_a_wrong_source_is_one_whatever_is_loaded(loader: Loader, source: Path, at: str, told: str) -> None:
    """Not even somebody who accepts deletions means to take everything out by it."""
    files = {"log_data/2018/11/2018-11-01-events.json": lines([play(START)])}
    world.remake(source, files)
    world.load_all(loader)
    elsewhere = replace(loader, source=FileStore((source / at).resolve().as_uri()))
    expected = re.escape(told.format(source=source.as_uri()))
    for dataset in DATASETS:
        with pytest.raises(WrongSource, match=expected):
            list(elsewhere.load(dataset, accept_deletions=True, reload=True))
    with pytest.raises(WrongSource, match=expected):
        status(elsewhere)
    with pytest.raises(WrongSource, match=expected):
        next_load(elsewhere, Selection(), lambda _unit, _amount: None)
    world.assert_holds(loader.warehouse, files)


def test_a_source_that_was_emptied_is_still_one(loader: Loader, source: Path) -> None:
    """Somebody accepts that all is gone, unless the data is seen to lie elsewhere."""
    world.remake(source, {"log_data/2018-11-01-events.json": lines([play(START)])})
    world.load_all(loader)
    world.remake(source, {"notes.txt": b"what was here is gone"})
    with pytest.raises(
        DeletionsRefused, match="nothing that is listed is data, while the ledger knows 1 object;"
    ):
        list(loader.load("events"))
    world.load_all(loader, accept_deletions=True)
    world.assert_holds(loader.warehouse, {})


def test_a_data_set_that_lies_elsewhere_is_told_before_its_deletion_is_accepted(
    loader: Loader, source: Path
) -> None:
    """A folder with another name, beside songs that are where they are looked for."""
    day = {"2018-11-01-events.json": lines([play(START)])}
    songs = {f"song_data/A/B/C/TR{n}.json": lines([song(song_id=f"SO{n}")]) for n in range(9)}
    world.remake(source, songs | {f"log_data/{name}": content for name, content in day.items()})
    world.load_all(loader)
    world.remake(source, songs | {f"log-data/{name}": content for name, content in day.items()})
    told = "known objects of events are gone .*; events are looked for in log_data/, found log-data/ .1 file"
    with pytest.raises(DeletionsRefused, match=told):
        list(loader.load("events"))
    world.load_all(loader, accept_deletions=True)
    world.assert_holds(loader.warehouse, songs)


def test_an_inbox_that_is_archived_beside_itself_is_none_where_what_is_gone_is_kept(
    warehouse: Warehouse, source: Path, tmp_path: Path
) -> None:
    """A source that only holds what is new, which SPARKIFY_DELETED=keep is for."""
    files = {"log_data/2018-11-01-events.json": lines([play(START)])}
    keeping = loader_for(warehouse, source, tmp_path / "home", deleted="keep")
    world.remake(source, files)
    world.load_all(keeping)
    world.remake(source, {f"archive/{key}": content for key, content in files.items()})
    plan = keeping.plan()
    assert (plan.pending("events"), plan.suspicion) == ([], None)
    assert plan.layout == [f"the data is in archive/: set SPARKIFY_SOURCE={source.as_uri()}/archive (1 file)"]
    world.assert_holds(warehouse, files)
