"""`sparkify status`: a few lines where all is well, and what to type next where it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sparkify_assets.settings import without_password
from tests.command_line import Run, events, one_line


def test_where_all_is_well_it_is_three_lines_with_right_numbers(sparkify: Run, tmp_path: Path) -> None:
    source, days = tmp_path / "source", sorted((tmp_path / "source/log_data").rglob("*.json"))
    songs = list((source / "song_data").rglob("*.json"))
    counted = sum(len(path.read_text().splitlines()) for path in days)
    prefixes = len({path.relative_to(source).parts[1:3] for path in songs})
    new = sparkify("status").out.splitlines()
    assert new[1].endswith(": nothing is loaded")
    assert new[2].startswith(
        f"new {len(days)} days (2018-11-01 to 2018-11-05) and {prefixes} prefixes of songs"
    )
    assert "`sparkify load`" in new[2]
    assert not (tmp_path / "home").exists(), "a look makes nothing"

    sparkify("load")
    said = [line for line in sparkify("status").out.splitlines() if not line.startswith("warning ")]
    size = sum(path.stat().st_size for path in [*days, *songs]) / 1e6
    assert said[0].endswith(f": {len(days) + len(songs)} files ({size:,.1f} MB)")
    listening = f"{len(days)} days, 2018-11-01 to 2018-11-05, {counted} events"
    assert said[1].endswith(f": {listening}; {prefixes} prefixes, {len(songs)} song records")
    assert said[2:] == ["Everything is loaded, and nothing is blocked (--verbose lists every day)."]
    found = json.loads(sparkify("status", "--format", "json").out)
    assert found["loaded"] == {
        "days": len(days), "first_day": "2018-11-01", "newest_day": "2018-11-05", "events": counted,
        "prefixes": prefixes, "songs": len(songs), "rows_quarantined": 0,
    }  # fmt: skip


def test_what_is_not_well_comes_with_what_to_type(sparkify: Run, tmp_path: Path) -> None:
    sparkify("load")
    blocked, shorter, gone, touched = (events(tmp_path, f"2018-11-0{number}") for number in (1, 2, 3, 4))
    before = shorter.read_text().splitlines()
    blocked.write_text("no JSON\n" * 30)
    shorter.write_text("\n".join(before[: len(before) * 2 // 3]))
    told = sparkify("load").out
    gone.unlink()
    touched.touch()
    said = sparkify("status").out
    assert "blocked day 2018-11-01 by events_objects, " in said
    assert "`sparkify rejects --day 2018-11-01`" in said
    assert '`sparkify release 2018-11-01 --reason "…"`' in said
    assert "\ngone day 2018-11-03: all files are gone from the source, and `sparkify load` withdraws" in said
    assert "\nchanged day 2018-11-04: `sparkify load`" in said
    now = len(before) * 2 // 3
    for text in (said, told):
        assert f"\nshrunk 2018-11-02 from {len(before)} to {now} rows: " in text
    assert "shrunk" not in sparkify("load").out, "what this load did not touch"
    assert "Everything is loaded" not in said
    sparkify("load", "--full", "--days", "2018-11-02")
    assert "shrunk" not in sparkify("status").out


def test_the_long_list_has_every_day_with_its_numbers_to_the_right(sparkify: Run, tmp_path: Path) -> None:
    busy, quiet = events(tmp_path, "2018-11-01"), events(tmp_path, "2018-11-02")
    line = quiet.read_text().splitlines()[0]
    busy.write_text(f"{line}\n" * 1234)
    quiet.write_text(f"{line}\n")
    sparkify("load")
    lines = sparkify("status", "--all").out.splitlines()
    rows = {text.split()[1]: text for text in lines if text.startswith(("events", "songs"))}
    assert rows["2018-11-01"].split()[3:7] == ["1", "1,234", "1,234", "0"]
    end = rows["2018-11-01"].index("1,234") + len("1,234")
    assert rows["2018-11-02"][:end].endswith("    1")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("embedded", "embedded"),
        ("postgresql://me:secret@host:5432/db", "postgresql://me:…@host:5432/db"),
        ("postgresql://me@host:5432/db", "postgresql://me@host:5432/db"),
        ("postgresql:///db?host=/a&password=secret&user=me", "postgresql:///db?host=/a&password=…&user=me"),
        ("redshift://cluster/db?region=us-west-2", "redshift://cluster/db?region=us-west-2"),
    ],
)
def test_a_password_in_a_url_is_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_deletions_that_a_load_refuses_are_said_to_be_refused(sparkify: Run, tmp_path: Path) -> None:
    sparkify("load")
    (tmp_path / "source/log_data").rename(tmp_path / "source/log-data")
    said = sparkify("status").out.splitlines()
    assert said[2].startswith("suspicious ")
    assert "; events are looked for in log_data/, found log-data/ (5 files)" in said[2]
    assert said[3] == (
        "gone 5 days (2018-11-01 to 2018-11-05): `sparkify load` refuses it, and with --accept-deletions does it"
    )
    refused = one_line(sparkify("load"))
    assert "events are looked for in log_data/, found log-data/" in refused
    assert sparkify("load", "--accept-deletions").code == 0


def test_what_is_expected_is_listed_with_everything_else_only(sparkify: Run, tmp_path: Path) -> None:
    day = events(tmp_path, "2018-11-02")
    day.write_text(day.read_text().replace('"free"', '"gratis"'))
    expecting = {"EXPECTED_WARNINGS": "events_allowed_values, songplays_match_rate"}
    assert "warning events_allowed_values: " in sparkify("load").out
    assert "warning events_allowed_values: " in sparkify("status").out
    assert "warning" not in sparkify("status", **expecting).out
    assert "warning events_allowed_values: " in sparkify("status", "--verbose", **expecting).out
    assert "warning" not in sparkify("load", "--full", **expecting).out
    (wrong,) = json.loads(sparkify("doctor", "--format", "json", EXPECTED_WARNINGS="allowed_values").out)[
        "findings"
    ][1:2]
    assert (wrong["state"], wrong["next"]) == ("mend", "events_allowed_values is one")
