"""The benchmark itself: it sees who does less, what has become dearer, and its contenders make the star."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import duckdb_star
from benchmarks.__main__ import LIMITS, exceeded
from benchmarks.contenders import Done
from benchmarks.histories import check_alike
from benchmarks.measuring import Measured, spread
from sample_data.generate import write_sample

MEASURED = Measured(wall=1.0, cpu=1.0, peak_mb=1.0, report={})
STAR = {"songplays": 4, "users": 2, "songs": 3, "artists": 3, "time": 4}


def done(rows: dict[str, int]) -> Done:
    return Done(1.0, 0.0, MEASURED, rows)


def test_a_contender_that_does_less_is_seen() -> None:
    check_alike("full load", {"floor": done(STAR), "sparkify": done(STAR), "dlt": done({"events staged": 9})})
    with pytest.raises(RuntimeError, match="full load: not the same rows"):
        check_alike("full load", {"floor": done(STAR), "sparkify": done(STAR | {"users": 1})})


def test_a_ratio_above_its_limit_fails_the_run() -> None:
    name, limit = next(iter(LIMITS.items()))
    assert exceeded({name: limit}) == []
    assert exceeded({name: limit + 1}) == [f"{name} is {limit + 1:.2f}, above its limit of {limit:g}"]


def test_figures_have_their_median_and_their_spread() -> None:
    assert spread([3.0, 1.0, 1200.5]) == "3.00 (1.00–1,200.50)"
    assert spread([2.5], digits=1) == "2.5"


def test_the_duckdb_script_makes_the_star_and_loads_only_what_is_new(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_sample(source, events=2000, songs=40, days=3, seed=1)
    (tmp_path / "database").mkdir()
    *others, last = sorted((source / "log_data").rglob("*.json"))
    last.rename(tmp_path / "aside")
    assert duckdb_star.load(tmp_path / "database", source)["rows"] == counted(source)
    (tmp_path / "aside").rename(last)
    others[0].write_bytes(others[0].read_bytes())  # the same again is loaded, and changes nothing
    assert duckdb_star.load(tmp_path / "database", source)["rows"] == counted(source)


def counted(source: Path) -> dict[str, int]:
    """The rows of the star, counted in the files."""
    lines = [line for file in (source / "log_data").rglob("*.json") for line in file.read_text().splitlines()]
    events = [json.loads(line) for line in lines]
    plays = [event for event in events if event["page"] == "NextSong"]
    songs = [json.loads(file.read_text()) for file in (source / "song_data").rglob("*.json")]
    return {
        "songplays": len({(e["userId"], e["sessionId"], e["itemInSession"], e["ts"]) for e in plays}),
        "users": len({event["userId"] for event in events if event["auth"] == "Logged In"}),
        "songs": len({song["song_id"] for song in songs}),
        "artists": len({song["artist_id"] for song in songs}),
        "time": len({event["ts"] for event in plays}),
    }
