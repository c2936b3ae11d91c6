"""A source that is none is recognised without listing all of it, and the right one is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.defs.listing_cache import ListingCache
from sparkify_assets.defs.sensors import tick
from sparkify_assets.load.loader import Loader
from sparkify_assets.source import wrong
from sparkify_assets.source.files import FileStore
from sparkify_assets.source.s3 import S3Store
from sparkify_assets.source.store import ObjectStore, SourceObject
from sparkify_assets.source.wrong import WrongSource, require_data

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
