"""Of a play that one file delivers twice, provenance and answers show the record that the play was made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparkify_assets.inspection.provenance import why
from sparkify_assets.load.loader import Loader
from sparkify_assets.report.questions import QUESTIONS, answer
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for
from tests.invariants import world
from tests.invariants.world import day_key, lines, play, song, song_key

PLAY = play(sessionId=7, itemInSession=3)


@pytest.fixture
def loaded(request: pytest.FixtureRequest, warehouse: Warehouse, tmp_path: Path) -> Loader:
    source = tmp_path / "source"
    world.write(source, {song_key("AA"): lines([song()]), day_key(world.DAYS[0]): lines(request.param)})
    loader = loader_for(warehouse, source, tmp_path / "home")
    load_all(loader)
    return loader


@pytest.mark.parametrize(
    ("loaded", "chosen", "song_id"),
    [
        ([PLAY], ("Ana", "Sun", 100.5), "SO1"),
        ([PLAY, PLAY | {"artist": "Bo"}], ("Bo", "Sun", 100.5), None),  # the greater artist
        ([PLAY, PLAY | {"song": "Rain", "gender": "M"}], ("Ana", "Rain", 100.5), None),  # the greater gender
        ([PLAY, PLAY | {"song": "Zoo", "length": 50.0}], ("Ana", "Sun", 100.5), "SO1"),  # the greater length
        ([PLAY, PLAY | {"artist": None, "song": "Zoo"}], ("Ana", "Sun", 100.5), "SO1"),  # nulls last
    ],
    indirect=["loaded"],
)
def test_the_record_that_won_is_shown(
    loaded: Loader, chosen: tuple[str, str, float], song_id: str | None
) -> None:
    found = why(loaded.warehouse, "7-3")
    play = found["play"]
    assert (play["artist"], play["song"], play["length"]) == chosen
    assert play["song_id"] == song_id
    assert ("no song" in found["match"]) == (song_id is None)
    with loaded.warehouse.transaction(lock=False) as transaction:
        questions = {question.name: question for question in QUESTIONS}
        (row,) = answer(transaction, questions["top_songs"], loaded.settings)
    assert (row["artist"], row["song"], row["plays"], row["known"]) == (
        *chosen[:2],
        1,
        int(song_id is not None),
    )


@pytest.mark.parametrize(
    ("length", "durations", "said"),
    [
        (None, (200.5, 90.0), "the play's length is not known, so the smallest song_id wins"),
        (100.5, (None, None), "no duration of theirs is known, so the smallest song_id wins"),
        (100.5, (100.0, 300.0), "the nearest duration (100.0 s to 100.5 s) wins, then the smallest song_id"),
    ],
)
def test_the_rule_that_decided_between_namesakes_is_told(
    warehouse: Warehouse,
    tmp_path: Path,
    length: float | None,
    durations: tuple[float | None, float | None],
    said: str,
) -> None:
    songs = [song(song_id=f"SO{n}", duration=duration) for n, duration in enumerate(durations, 1)]
    source = tmp_path / "source"
    files = {song_key("AA"): lines(songs), day_key(world.DAYS[0]): lines([PLAY | {"length": length}])}
    world.write(source, files)
    loader = loader_for(warehouse, source, tmp_path / "home")
    load_all(loader)
    found = why(loader.warehouse, "7-3")
    assert found["play"]["song_id"] == "SO1"
    assert found["match"] == f"2 songs share this title and artist name; {said}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"artist": "Bo"}, "the library has 1 song by others with the title, such as by Ana"),
        ({"song": "Rain"}, "the library has 1 other song by the artist, such as Sun"),
        ({"song": "Rain", "artist": "Bo"}, "the library has neither"),
        (
            {"song": "Moon"},
            "the library has 2 songs by others with the title, such as by Cy and"
            " 1 other song by the artist, such as Sun",
        ),
        ({"artist": "aNa "}, "one differs only in upper and lower case"),
    ],
)
def test_what_comes_near_to_a_play_without_a_song_is_told(
    warehouse: Warehouse, tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    others = [song(song_id=f"SO{n}", title="Moon", artist_id=f"AR{n}", artist_name="Cy") for n in (8, 9)]
    files = {song_key("AA"): lines([song(), *others]), day_key(world.DAYS[0]): lines([PLAY | changes])}
    world.write(tmp_path / "source", files)
    loader = loader_for(warehouse, tmp_path / "source", tmp_path / "home")
    load_all(loader)
    assert (
        why(loader.warehouse, "7-3")["match"] == f"no song has this title by an artist of this name; {said}"
    )


def test_every_file_that_delivered_the_play_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    source = tmp_path / "source"
    keys = [day_key(day) for day in world.DAYS[:2]]
    world.write(source, {song_key("AA"): lines([song()]), **{key: lines([PLAY]) for key in keys}})
    loader = loader_for(warehouse, source, tmp_path / "home")
    load_all(loader)
    found = why(loader.warehouse, "7-3")
    assert found["play"]["deliveries"] == 2
    assert sorted(load["object_key"] for load in found["events"]) == sorted(keys)
