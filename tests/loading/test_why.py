"""Of a play that one file delivers twice, provenance and answers show the record that the play was made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sparkify_assets.analytics import QUESTIONS, answer
from sparkify_assets.loading import Loader
from sparkify_assets.resources.redshift import Warehouse
from sparkify_assets.why import why
from tests.conftest import load_all, loader_for

PLAY = {
    "artist": "Ana", "auth": "Logged In", "firstName": "Kim", "gender": "F", "itemInSession": 3, "lastName": "Ito",
    "length": 100.5, "level": "free", "location": "Leeds", "method": "PUT", "page": "NextSong",
    "registration": 1540919166796.0, "sessionId": 7, "song": "Sun", "status": 200, "ts": 1541121934796,
    "userAgent": "curl", "userId": "9",
}  # fmt: skip
SONG = {
    "num_songs": 1, "artist_id": "AR1", "artist_latitude": None, "artist_longitude": None, "artist_location": "",
    "artist_name": "Ana", "song_id": "SO1", "title": "Sun", "duration": 100.5, "year": 0,
}  # fmt: skip


def written(folder: Path, *plays: dict[str, object]) -> Path:
    """A source with one song and one day of plays."""
    for key, records in {
        "song_data/A/A/A/TRAAAAA.json": [SONG],
        "log_data/2018/11/2018-11-02-events.json": plays,
    }.items():
        path = folder / key
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(map(json.dumps, records)), "utf-8")
    return folder


@pytest.fixture
def loaded(request: pytest.FixtureRequest, warehouse: Warehouse, tmp_path: Path) -> Loader:
    loader = loader_for(warehouse, written(tmp_path / "source", *request.param), tmp_path / "home")
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
        (row,) = answer(transaction, questions["top_songs"])
    assert (row["artist"], row["song"], row["plays"], row["known"]) == (
        *chosen[:2],
        1,
        int(song_id is not None),
    )
