"""Of the objects that a play may come from, `why` names the one that holds the song, and the line of the event."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sparkify_assets.inspection import sought
from sparkify_assets.inspection.provenance import why
from sparkify_assets.load.loader import Loader
from tests.conftest import load_all
from tests.invariants.world import DAYS, day_key, lines, play, song

#: The play's song is in the last but one of seven objects of its prefix, whose names say nothing of it.
SONGS = {f"song_data/A/A/A/TR{n}.json": song(song_id=f"SO{n}", title=f"T{n}") for n in range(7)}
HOLDER = "song_data/A/A/A/TR5.json"


@pytest.fixture
def loaded(loader: Loader, source: Path) -> Loader:
    for key, record in SONGS.items():
        (source / key).parent.mkdir(parents=True, exist_ok=True)
        (source / key).write_bytes(gzip.compress(lines([record])) if key == HOLDER else lines([record]))
    day = source / day_key(DAYS[0])
    day.parent.mkdir(parents=True)
    others = [play(sessionId=9, itemInSession=n, song="T1") for n in range(3)]
    day.write_bytes(b"no record\n" + lines([*others, play(sessionId=7, itemInSession=3, song="T5")]))
    (day.parent / day.name.replace("events", "events-0")).write_bytes(lines([play(sessionId=8)]))
    load_all(loader)
    return loader


def test_the_very_object_and_line_are_named(loaded: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    found = why(loaded.warehouse, "7-3", loaded.source)
    assert [(item["object_key"], item["line"]) for item in found["songs"]][:2] == [
        (HOLDER, 1),
        ("song_data/A/A/A/TR0.json", None),
    ]
    assert [(item["object_key"], item["line"]) for item in found["events"]] == [
        (day_key(DAYS[0]), 5),
        (day_key(DAYS[0]).replace("events", "events-0"), None),
    ]
    assert len(found["songs"]) == 7, "as data there are all of them"
    monkeypatch.setattr(sought, "MAX_BYTES", 10)
    found = why(loaded.warehouse, "7-3", loaded.source)
    assert {item["line"] for item in found["songs"]} == {None}


def test_a_source_that_is_gone_names_the_objects_all_the_same(loaded: Loader, source: Path) -> None:
    for path in source.rglob("*.json"):
        path.unlink()
    found = why(loaded.warehouse, "7-3", loaded.source)
    assert [item["line"] for item in found["songs"]] == [None] * 7
