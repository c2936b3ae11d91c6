"""`sparkify plan` as people type it: exit codes, words and JSON, held against what `sparkify load` then does."""

from __future__ import annotations

import json
from pathlib import Path

from tests.command_line import Run, events, one_line


def test_the_exit_code_says_whether_something_is_to_do_and_the_load_does_it(
    sparkify: Run, tmp_path: Path
) -> None:
    planned = sparkify("plan", "--format", "json")
    assert planned.code == 2
    assert not (tmp_path / "home").exists()
    loaded = json.loads(sparkify("load", "--format", "json").out)
    assert {name: json.loads(planned.out)[name] for name in ("files", "bytes")} == {
        name: loaded[name] for name in ("files", "bytes")
    }
    nothing = sparkify("plan")
    assert (nothing.code, nothing.out.splitlines()[1]) == (0, "Nothing to load.")
    again = sparkify("plan", "--full", "--days", "2018-11-01..2018-11-02")
    assert again.code == 2
    read = json.loads(sparkify("load", "--full", "--days", "2018-11-01..2018-11-02", "--format", "json").out)
    total = next(line for line in again.out.splitlines() if line.startswith("total"))
    assert total.split() == ["total", "2", "days", "2", f"{read['bytes']:,}", f"{read['records_read']:,}"]
    judged = (
        "of reading and publishing, judged by 1 load, besides the few seconds that a run of Dagster's takes\n"
    )
    assert judged in again.out
    assert again.out.splitlines()[-1].endswith("sparkify load --days 2018-11-01..2018-11-02 --full")


def test_one_of_a_thing_is_one(sparkify: Run) -> None:
    out = sparkify("plan", "--days", "2018-11-01").out
    assert "total        1 day " in out
    assert "time unknown: no load is recorded yet" in out
    assert "estimated" in out


def test_an_error_is_one_line_and_exit_code_1(sparkify: Run, tmp_path: Path) -> None:
    assert "--days 2018-11-99: takes" in one_line(sparkify("plan", "--days", "2018-11-99"))
    assert "no songs ZZ" in one_line(sparkify("plan", "--songs", "ZZ"))
    gone = (tmp_path / "nowhere").as_uri()
    assert "does not exist" in one_line(sparkify("plan", SOURCE=gone))


def test_what_the_load_would_leave_alone_is_said_with_the_reason(sparkify: Run, tmp_path: Path) -> None:
    sparkify("load")
    events(tmp_path, "2018-11-02").write_text("no JSON\n" * 30)
    sparkify("load")
    found = sparkify("plan")
    assert found.code == 0
    assert "blocked 2018-11-02 by events_objects, events_reject_share, events_row_drop" in found.out
    left_out = "outside 2018-11-01 to 2018-11-04 (4): before 2018-11-05, the first day that is loaded"
    assert left_out in sparkify("plan", FIRST_DAY="2018-11-05").out
