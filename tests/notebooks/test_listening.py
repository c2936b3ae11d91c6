"""The notebook, run as a whole: what it shows, against plain Python over the raw files."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from sample_data.generate import write_sample
from sparkify_assets.cli.serve import served
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for, settings_for

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "listening.py"


@dataclass
class World:
    """The raw files, and what the notebook made of them: its variables, and its text."""

    events: list[dict[str, Any]]
    songs: list[dict[str, Any]]
    shown: dict[str, Any]
    text: str

    @property
    def plays(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["page"] == "NextSong"]


@pytest.fixture(scope="module")
def world(shared_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("listening")
    write_sample(folder / "source", events=1500, songs=60, days=17, seed=6)
    parts = psycopg2.extensions.parse_dsn(shared_warehouse.url)
    url = f"postgresql:///{parts['dbname']}?host={parts['host']}&user={parts['user']}&port={parts['port']}"
    load_all(loader_for(shared_warehouse, folder / "source", folder / "home"))
    settings = settings_for(folder / "source", folder / "home", warehouse=url)
    with pytest.MonkeyPatch.context() as patch, served(settings, 0):
        patch.setenv("SPARKIFY_HOME", str(folder / "home"))
        patch.setenv("SPARKIFY_WAREHOUSE", url)
        outputs, shown = _notebook().run()
    return World(
        [json.loads(line) for path in _files(folder, "log_data") for line in path.read_text().splitlines()],
        [json.loads(path.read_text()) for path in _files(folder, "song_data")],
        dict(shown),
        " ".join(" ".join(output.text.split()) for output in outputs if hasattr(output, "text")),
    )


def _files(folder: Path, dataset: str) -> list[Path]:
    return sorted((folder / "source" / dataset).rglob("*.json"))


def _notebook() -> Any:
    spec = importlib.util.spec_from_file_location("listening", NOTEBOOK)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.app


def moment(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["ts"] / 1000, UTC)


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def users_of(events: list[dict[str, Any]]) -> int:
    return len({event["userId"] for event in events if event["userId"] != ""})


def rows(found: list[dict[str, Any]], *names: str) -> list[tuple]:
    return [tuple(row[name] for name in names) for row in found]


def test_what_it_reaches(world: World) -> None:
    plays, reach = world.plays, world.shown["reach"]
    assert len(plays) > 900
    assert (reach["plays"], reach["users"], reach["reader"]) == (len(plays), users_of(plays), "analyst")
    assert datetime.fromisoformat(reach["first_play"]) == min(map(moment, plays)).replace(tzinfo=None)
    assert f"{len(plays):,} plays" in world.text


def test_the_log_and_what_is_missing_in_it(world: World) -> None:
    groups = defaultdict(list)
    for event in world.events:
        groups[event["page"], event["auth"]].append(event)
    expected = {(*key, len(found), users_of(found)) for key, found in groups.items()}
    assert set(rows(world.shown["pages"], "page", "auth", "events", "users")) == expected
    fields = {
        "user": "userId",
        "location": "location",
        "song": "song",
        "artist": "artist",
        "length": "length",
    }
    assert rows(world.shown["missing"], "field", "missing in events", "of these plays") == [
        (name, *(sum(event[field] in ("", None) for event in found) for found in (world.events, world.plays)))
        for name, field in fields.items()
    ]


def test_the_library(world: World) -> None:
    songs, library = world.songs, world.shown["library"]
    located = {song["artist_id"] for song in songs if song["artist_location"]}
    artists = {song["artist_id"] for song in songs}
    assert library["songs"] == len({song["song_id"] for song in songs})
    assert (library["artists"], library["without_location"]) == (len(artists), len(artists - located))
    assert library["without_year"] == sum(song["year"] == 0 for song in songs)
    assert library["average"] == pytest.approx(sum(song["duration"] for song in songs) / len(songs))
    for name, expected in (
        ("decades", Counter(song["year"] // 10 * 10 for song in songs if song["year"])),
        ("minutes", Counter(int(song["duration"] // 60) for song in songs)),
    ):
        assert rows(world.shown[name], name.replace("decades", "decade"), "songs") == sorted(expected.items())


def test_where_the_two_meet(world: World) -> None:
    titles = {song["title"].rstrip().lower() for song in world.songs}
    names = {song["artist_name"].rstrip().lower() for song in world.songs}
    both = {(song["title"].rstrip(), song["artist_name"].rstrip()) for song in world.songs}
    played = [(play["song"].rstrip(), play["artist"].rstrip()) for play in world.plays]
    assert world.shown["matches"] == {
        "plays": len(played),
        "matched": sum(play in both for play in played),
        "title_known": sum(song.lower() in titles for song, _ in played),
        "artist_known": sum(artist.lower() in names for _, artist in played),
    }
    near = Counter(play for play in played if play not in both and play[0].lower() in titles)
    expected = sorted(((*play, number) for play, number in near.items()), key=lambda row: -row[2])
    assert sorted(rows(world.shown["near_misses"], "song", "played_artist", "plays")) == sorted(expected)


def test_who_plays_what(world: World) -> None:
    plays = Counter(int(play["userId"]) for play in world.plays)
    sessions = {user: {p["sessionId"] for p in world.plays if int(p["userId"]) == user} for user in plays}
    latest = {int(e["userId"]): e for e in sorted(world.events, key=lambda e: e["ts"]) if e["userId"] != ""}
    top = sorted(plays.items(), key=lambda item: (-item[1], item[0]))[:10]
    assert rows(world.shown["top_users"], "user_id", "name", "level", "plays", "sessions") == [
        (
            user, f"{latest[user]['firstName']} {latest[user]['lastName']}", latest[user]["level"], number,
            len(sessions[user]),
        )
        for user, number in top
    ]  # fmt: skip
    titles = Counter((play["song"], play["artist"]) for play in world.plays)
    found = rows(world.shown["top_songs"], "song", "artist", "plays")
    assert [row[2] for row in found] == sorted(titles.values(), reverse=True)[:10]
    assert all(titles[song, artist] == number for song, artist, number in found)


def test_when_they_play(world: World) -> None:
    plays = Counter((f"{moment(play):%A}", moment(play).hour) for play in world.plays)
    first, last = (choose(moment(play).date() for play in world.plays) for choose in (min, max))
    days = Counter(f"{first + timedelta(days=number):%A}" for number in range((last - first).days + 1))
    hours = world.shown["hours"]
    assert len(hours) == 7 * 24
    for row in hours:
        number = plays[row["weekday"], row["hour"]]
        assert (row["plays"], row["days"]) == (number, days[row["weekday"]])
        assert row["plays_a_day"] == pytest.approx(number / days[row["weekday"]])


def test_where_they_play(world: World) -> None:
    places = defaultdict(list)
    for play in world.plays:
        places[play["location"]].append(play)
    expected = {(place, len(found), users_of(found)) for place, found in places.items() if place}
    found = rows(world.shown["places"], "place", "plays", "users")
    assert set(found) == expected
    assert [row[1] for row in found] == sorted((row[1] for row in expected), reverse=True)


def test_what_the_plans_contribute(world: World) -> None:
    plans = {level: [p for p in world.plays if p["level"] == level] for level in ("paid", "free")}
    assert set(rows(world.shown["plans"], "plan", "plays", "users")) == {
        (level, len(plays), users_of(plays)) for level, plays in plans.items()
    }
    by_day = Counter((str(moment(play).date()), play["level"]) for play in world.plays)
    found = {(row["day"], row["plan"]): row["plays"] for row in world.shown["plays_by_plan"]}
    assert {key: number for key, number in found.items() if number} == by_day
    assert len(found) == 2 * len(world.shown["days"])  # a day without a play is there, too
    both = {p["userId"] for p in plans["paid"]} & {p["userId"] for p in plans["free"]}
    assert f"{len(both)} user" in world.text


def test_whether_they_come_back(world: World) -> None:
    registered: dict[str, float] = {}
    for event in world.events:
        if event["userId"] != "" and event["registration"] is not None:
            user = event["userId"]
            registered[user] = min(event["registration"], registered.get(user, event["registration"]))
    cohorts = defaultdict(set)
    for user, at in registered.items():
        cohorts[monday(datetime.fromtimestamp(at // 1000, UTC).date())].add(user)
    active = defaultdict(set)
    for play in world.plays:
        active[monday(moment(play).date())].add(play["userId"])
    days = {moment(play).date() for play in world.plays}
    first, last = min(days), max(days)
    expected = [
        (
            str(cohort), str(week), len(users), len(users & active[week]),
            first <= week and week + timedelta(days=6) <= last,
        )
        for cohort, users in sorted(cohorts.items())
        for week in sorted({monday(first + timedelta(days=n)) for n in range((last - first).days + 1)})
        if cohort <= week
    ]  # fmt: skip
    assert len(expected) >= 6
    assert rows(world.shown["retention"], "registered", "week", "users", "came", "whole") == expected
