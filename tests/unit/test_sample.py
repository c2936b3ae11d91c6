"""The made sample has the form of the real files and the traits that a warehouse has to cope with."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sample_data import events as sample_events
from sample_data import generate
from sample_data.generate import SampleSummary, write_sample
from tests.measure import peak_memory

Record = dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleSummary]:
    out = tmp_path_factory.mktemp("made") / "sample"
    return out, write_sample(out, events=60_000, songs=1_200, days=14, seed=5)


@pytest.fixture(scope="module")
def events(made: tuple[Path, SampleSummary]) -> list[Record]:
    return [json.loads(line) for path in event_files(made[0]) for line in lines_of(path)]


@pytest.fixture(scope="module")
def songs(made: tuple[Path, SampleSummary]) -> list[Record]:
    return [json.loads(path.read_bytes()) for path in song_files(made[0])]


def event_files(root: Path) -> list[Path]:
    return sorted((root / "log_data").rglob("*.json"))


def song_files(root: Path) -> list[Path]:
    return sorted((root / "song_data").rglob("*.json"))


def lines_of(path: Path) -> list[str]:
    return path.read_text("ascii").split("\n")


def digest(root: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(root.rglob("*.json")):
        total.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return total.hexdigest()


def test_the_same_arguments_give_the_same_bytes_on_every_python(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        write_sample(tmp_path / name, events=3_000, songs=80, days=3, seed=seed, first_day=date(2020, 2, 28))
    assert digest(tmp_path / "one") == digest(tmp_path / "again")
    assert digest(tmp_path / "one") != digest(tmp_path / "other")
    # What Python 3.11, 3.12 and 3.13 wrote alike; to be changed only with what the sample holds.
    assert digest(tmp_path / "one") == "455f5b6219788ebb178554d5017b4352ffe60c5e0462d8bccf265d77da11136d"


def test_events_are_written_as_the_real_ones(made: tuple[Path, SampleSummary], reference: Path) -> None:
    def forms(root: Path) -> tuple[set[Any], set[Any], set[Any]]:
        fields, types, pages = set(), set(), set()
        for path in event_files(root):
            for line in lines_of(path):  # no empty line, none after the last
                record = json.loads(line)
                assert line == json.dumps(record, separators=(",", ":")).replace("/", "\\/")
                fields.add(tuple(record))
                types |= {(record["auth"], name, type(value)) for name, value in record.items()}
                pages.add((record["auth"], record["page"], record["method"], record["status"]))
        return fields, types, pages

    assert forms(made[0]) == forms(reference)


def test_songs_are_written_as_the_real_ones(made: tuple[Path, SampleSummary], reference: Path) -> None:
    def forms(root: Path) -> tuple[set[Any], set[Any]]:
        fields, types = set(), set()
        for path in song_files(root):
            record = json.loads(text := path.read_text("ascii"))
            assert text == json.dumps(record)
            fields.add(tuple(record))
            types |= {(name, type(value)) for name, value in record.items()}
            place = str(path.relative_to(root))
            assert re.fullmatch(r"song_data/(.)/(.)/(.)/TR\1\2\3[A-Z]{2}[0-9A-F]{11}\.json", place)
        return fields, types

    fields, types = forms(made[0])
    assert (fields, types - {("artist_location", type(None))}) == forms(reference)


def test_the_jsonpaths_file_is_the_real_one(made: tuple[Path, SampleSummary], reference: Path) -> None:
    assert (made[0] / "log_json_path.json").read_bytes() == (reference / "log_json_path.json").read_bytes()


def test_the_summary_tells_what_is_there(
    made: tuple[Path, SampleSummary], events: list[Record], songs: list[Record]
) -> None:
    out, summary = made
    files = event_files(out) + song_files(out)
    assert summary == SampleSummary(
        first_day=date(2018, 11, 1),
        last_day=date(2018, 11, 14),
        events=len(events),
        songs=len(songs),
        files=len(files),
        bytes=sum(path.stat().st_size for path in files),
    )
    assert (summary.events, summary.songs, len(event_files(out))) == (60_000, 1_200, 14)
    described = json.loads((out / "sample.json").read_bytes())
    assert (described["first_day"], described["last_day"]) == ("2018-11-01", "2018-11-14")


def test_a_file_holds_its_utc_day_in_order_of_time(made: tuple[Path, SampleSummary]) -> None:
    milliseconds = set()
    for path in event_files(made[0]):
        stamps = [json.loads(line)["ts"] for line in lines_of(path)]
        assert stamps == sorted(stamps)
        days = {datetime.fromtimestamp(ts / 1000, UTC).date() for ts in (stamps[0], stamps[-1])}
        assert [f"{day:%Y/%m/%Y-%m-%d}-events.json" for day in days] == ["/".join(path.parts[-3:])]
        milliseconds |= {ts % 1000 for ts in stamps}
    assert len(milliseconds) == 1000


def test_sessions_run_on_through_midnight(events: list[Record]) -> None:
    sessions = defaultdict(list)
    for event in events:
        sessions[event["sessionId"]].append(event)
    over_midnight = 0
    for session in sessions.values():
        assert [event["itemInSession"] for event in session] == list(range(len(session)))
        assert len({event["userId"] for event in session} - {""}) <= 1
        over_midnight += session[0]["ts"] // 86_400_000 != session[-1]["ts"] // 86_400_000
    assert over_midnight > 20


def test_a_level_changes_where_it_was_submitted_and_nowhere_else(events: list[Record]) -> None:
    becomes = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}
    listeners = defaultdict(list)
    for event in events:
        if event["userId"]:
            listeners[event["userId"]].append(event)
    changes = Counter[str]()
    for listener in listeners.values():
        for event, later in pairwise(listener):
            assert later["level"] == becomes.get(event["page"], event["level"])
            changes[later["level"]] += event["level"] != later["level"]
    assert changes["paid"] > 5
    assert changes["free"] > 5


def test_a_sizeable_share_of_plays_is_in_the_library(events: list[Record], songs: list[Record]) -> None:
    library = Counter((song["title"], song["artist_name"]) for song in songs)
    plays = [
        (event["song"], event["artist"], event["length"]) for event in events if event["page"] == "NextSong"
    ]
    assert 0.5 < sum(play[:2] in library for play in plays) / len(plays) < 0.7
    lengths_of_twins = {play for play in plays if library[play[:2]] > 1}
    assert len(lengths_of_twins) > len({play[:2] for play in lengths_of_twins})


def test_texts_hold_what_breaks_careless_loaders(events: list[Record], songs: list[Record]) -> None:
    texts = ["".join(filter(None, (event["artist"], event["song"], event["firstName"]))) for event in events]
    texts += [song["title"] + song["artist_name"] for song in songs]
    for awkward in ('"', "\\", "/", "'", "é", "の", "🎵"):
        assert any(awkward in text for text in texts), awkward
    agents = {event["userAgent"] for event in events if event["userAgent"]}
    assert {agent.startswith('"') and agent.endswith('"') for agent in agents} == {True, False}
    assert {event["userId"] == "" for event in events if event["auth"] == "Logged Out"} == {True}
    assert 0.01 < sum(event["auth"] == "Logged Out" for event in events) / len(events) < 0.1


def test_songs_disagree_about_their_artists(songs: list[Record]) -> None:
    names, places = defaultdict(set), defaultdict(set)
    for song in songs:
        names[song["artist_id"]].add(song["artist_name"])
        places[song["artist_id"]].add(song["artist_location"])
    assert sum(len(spellings) > 1 for spellings in names.values()) > 20
    assert sum(len(locations) > 1 for locations in places.values()) > 20
    assert {None, ""} <= {song["artist_location"] for song in songs}
    assert 0.4 < sum(song["year"] == 0 for song in songs) / len(songs) < 0.7
    assert len({song["song_id"] for song in songs}) == len(songs)


def test_days_and_weeks_have_a_rhythm(events: list[Record]) -> None:
    times = [datetime.fromtimestamp(event["ts"] / 1000, UTC) for event in events]
    hours = Counter(time.hour for time in times)
    weekdays = Counter(time.weekday() for time in times)
    assert hours[16] > 2 * hours[3]
    assert weekdays[2] > 2 * weekdays[6]


def test_a_few_hundred_songs_fill_all_second_letters(tmp_path: Path) -> None:
    write_sample(tmp_path, events=0, songs=300, days=1, seed=1)
    assert len({path.parts[-4:-2] for path in song_files(tmp_path)}) >= 26


def test_tiny_and_empty_samples_are_written_as_asked(tmp_path: Path) -> None:
    for count in (0, 1, 7):
        summary = write_sample(tmp_path / f"{count}", events=count, songs=count, days=2, seed=3)
        lines = [line for path in event_files(tmp_path / f"{count}") for line in lines_of(path)]
        assert (summary.events, summary.songs) == (len(lines), len(song_files(tmp_path / f"{count}")))
        assert len(lines) == count


def test_an_interrupted_sample_leaves_nothing_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "sample"
    monkeypatch.setattr(sample_events, "_append", cut)
    with pytest.raises(KeyboardInterrupt):
        write_sample(out, events=100, songs=9, days=1, seed=1)
    monkeypatch.undo()
    assert not out.exists()
    write_sample(out, events=100, songs=3, days=1, seed=1)
    assert len(song_files(out)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(FileExistsError, match="not empty"):
        write_sample(tmp_path, events=1, songs=1, days=1, seed=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("counts", [(-1, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_counts_that_make_no_sense_are_refused(tmp_path: Path, counts: tuple[int, int, int]) -> None:
    events, songs, days = counts
    with pytest.raises(ValueError, match="a sample takes"):
        write_sample(tmp_path / "sample", events=events, songs=songs, days=days, seed=1)
    assert not (tmp_path / "sample").exists()


def test_memory_does_not_grow_with_the_events(tmp_path: Path) -> None:
    peak = peak_memory(write_many, tmp_path)
    written = sum(path.stat().st_size for path in tmp_path.rglob("*.json"))
    assert written > 40_000_000
    assert peak < written / 10


def write_many(folder: Path) -> None:
    write_sample(folder, events=100_000, songs=10, days=90, seed=1)


def test_what_is_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "write_events", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_sample(tmp_path / "out", events=10, songs=3, days=1, seed=1)
    assert list(tmp_path.iterdir()) == []
