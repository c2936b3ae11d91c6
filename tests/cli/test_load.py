"""What `sparkify load` chooses, prints and returns, and `sparkify release`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command_line import Run, events, one_line


def test_load_then_nothing_new(sparkify: Run) -> None:
    first = sparkify("load", "--format", "json")
    report = json.loads(first.out)
    assert first.code == 0
    assert report["files"] == 35
    assert report["records_read"] == report["rows_staged"] == 430
    assert report["tables"]["songs"] == {"inserted": 30, "updated": 0, "deleted": 0, "unchanged": 0}
    assert len(report["runs"]) == 1
    assert set(report["seconds"]) == {"list", "stage", "publish", "dagster", "total"}
    again = sparkify("load")
    assert again.code == 0
    assert "Nothing new" in again.out


def test_days_and_songs_choose(sparkify: Run) -> None:
    report = json.loads(sparkify("load", "--days", "2018-11-02..2018-11-03", "--format", "json").out)
    assert report["partitions"] == 2
    assert "songs" not in report["tables"]
    states = json.loads(sparkify("status", "--format", "json").out)["partitions"]
    loaded = {item["partition"] for item in states if item["state"] == "loaded"}
    assert loaded == {"2018-11-02", "2018-11-03"}
    prefix = next(item["partition"] for item in states if item["dataset"] == "songs")
    report = json.loads(sparkify("load", "--songs", prefix, "--format", "json").out)
    assert report["partitions"] == 1


def test_days_outside_the_settings_are_named_not_loaded(sparkify: Run) -> None:
    result = sparkify("load", "--format", "json", FIRST_DAY="2018-11-02", LAST_DAY="2018-11-04")
    report = json.loads(result.out)
    assert list(report["outside"]) == ["2018-11-01", "2018-11-05"]
    assert (
        sparkify(
            "query", "select count(distinct event_date) from staging.events", "--format", "csv"
        ).out.split()[1]
        == "3"
    )
    bounds = {"FIRST_DAY": "2018-11-02", "LAST_DAY": "2018-11-04"}
    after = "2018-11-05: after 2018-11-04, the last day that is loaded (SPARKIFY_LAST_DAY)"
    said = sparkify("load", **bounds).out.splitlines()
    assert "outside 2018-11-01: before 2018-11-02, the first day that is loaded (SPARKIFY_FIRST_DAY)" in said
    assert f"outside {after}" in said
    assert "(SPARKIFY_LAST_DAY)" in sparkify("status", **bounds).out
    assert after in one_line(sparkify("load", "--days", "2018-11-05", **bounds))


def test_a_warning_is_the_same_in_load_and_status(sparkify: Run, tmp_path: Path) -> None:
    """A line for each check, with how much and where, and examples below it; as data all of it."""
    days = [path.name[:10] for path in sorted((tmp_path / "source" / "log_data").rglob("*.json"))]
    for number, day in enumerate(days):
        path = events(tmp_path, day)
        records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for record in records[:2] if number == 1 else []:
            record["level"] = "[red]trial"
        path.write_text("".join(json.dumps({**record, "device": 1}) + "\n" for record in records), "utf-8")
    loaded = sparkify("load")
    assert loaded.code == 0
    told = [line for line in loaded.out.splitlines() if line.startswith("warning ")]
    assert told == [line for line in sparkify("status").out.splitlines() if line.startswith("warning ")]
    values, fields = told
    assert values.startswith(f"warning events_allowed_values: 2 in {days[1]}; the rule: ")
    assert fields.startswith(
        f"warning events_fields: 5 in {days[0]}, {days[1]}, {days[2]} and 2 more; the rule: "
    )
    for said in (loaded.out, sparkify("status").out):
        assert "\n  level: [red]trial, gender: " in said
        assert f"\n  {days[0]}: field: device, is: unknown, records: " in said
    shown = json.loads(sparkify("status", "--format", "json").out)["warnings"]
    assert [(one["check"], one["violations"], one["partitions"]) for one in shown] == [
        ("events_allowed_values", 2, [days[1]]),
        ("events_fields", 5, days),
    ]
    assert {row["partition_key"] for row in shown[1]["sample"]} == set(days)
    assert all(one["rule"] for one in shown)
    assert json.loads(sparkify("load", "--full", "--format", "json").out)["warnings"] == shown
    assert json.loads(sparkify("load", "--format", "json").out)["warnings"] == []
    assert "warning" not in sparkify("load").out


def test_a_setting_has_unknown_values_block(sparkify: Run, tmp_path: Path) -> None:
    path = events(tmp_path, "2018-11-02")
    path.write_text(path.read_text("utf-8").replace('"level":"paid"', '"level":"gold"'), "utf-8")
    assert "it takes warn or block" in one_line(sparkify("load", ALLOWED_VALUES="no"))
    loaded = sparkify("load", ALLOWED_VALUES="block")
    assert loaded.code == 1
    assert "blocked 2018-11-02" in loaded.out
    assert "warning" not in loaded.out


def test_a_blocked_day_is_named_and_released(sparkify: Run, tmp_path: Path) -> None:
    day = events(tmp_path, "2018-11-02")
    good = day.read_bytes()
    day.write_bytes(good + b"\n" + b"not a record\n" * 200)
    blocked = sparkify("load", "--format", "json")
    assert blocked.code == 1
    assert json.loads(blocked.out)["blocked"] == ["2018-11-02"]
    state = {i["partition"]: i for i in json.loads(sparkify("status", "--format", "json").out)["partitions"]}
    assert state["2018-11-02"]["state"] == "blocked"
    assert state["2018-11-02"]["blocked_by"][0]["check"] == "events_reject_share"
    assert state["2018-11-03"]["state"] == "loaded"
    assert sparkify("load").code == 1, "a blocked day stays a failure until it is put right"
    day.write_bytes(good + b"\n" + b"no record\n" * 300)
    other = events(tmp_path, "2018-11-03")
    whole = other.read_bytes()
    other.write_bytes(whole + b"\nno record\n")
    again = sparkify("load").out.splitlines()
    records = len(other.read_text().splitlines())
    assert again[0].startswith("Loaded 1 file "), "the blocked one is not counted as loaded"
    assert again[0].endswith(f" {records} records read, {records - 1} staged, 1 rejected.")
    (place,) = (n for n, line in enumerate(again) if line.startswith("blocked 2018-11-02 "))
    assert again[place + 1] == (
        "  correct the source, and a load tries it again; or publish it as it is:"
        ' `sparkify release 2018-11-02 --reason "…"`'
    )
    day.write_bytes(good + b"\n" + b"no record\n" * 301)
    again = sparkify("load").out.splitlines()
    assert again[0].startswith("Nothing was loaded (")
    assert again[1].startswith("blocked 2018-11-02 ")
    day.write_bytes(good + b"\n" + b"not a record\n" * 200)
    sparkify("load")
    for reason in (" ", "…", "..."):  # the second is what is printed
        assert "reason" in one_line(sparkify("release", "2018-11-02", "--reason", reason))
    released = sparkify("release", "2018-11-02", "--reason", "known garbage at the end")
    assert released.code == 0
    state = {i["partition"]: i for i in json.loads(sparkify("status", "--format", "json").out)["partitions"]}
    assert state["2018-11-02"]["released"] == "known garbage at the end"
    assert "\nreleased day 2018-11-02 as it came: known garbage at the end\n" in sparkify("status").out
    rejects = json.loads(sparkify("rejects", "--day", "2018-11-02", "--format", "json").out)
    assert len(rejects) == 200
    assert {r["raw_record"] for r in rejects} == {"not a record"}
    day.write_bytes(good)
    other.write_bytes(whole)
    assert sparkify("load").code == 0
    assert json.loads(sparkify("rejects", "--format", "json").out) == []


def test_objects_in_no_known_place_are_named(sparkify: Run, tmp_path: Path) -> None:
    (tmp_path / "source" / "log_data" / "2018" / "notes.txt").write_text("x")
    (tmp_path / "source" / "song_data" / "stray.json").write_text("{}")
    result = sparkify("load")
    assert result.code == 0
    assert "log_data/2018/notes.txt" in result.out
    assert "song_data/stray.json" in result.out


def test_hidden_and_unrecognised_files_take_few_lines(sparkify: Run, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "__MACOSX").mkdir()
    for name in [f"__MACOSX/{n}.json" for n in range(300)] + [f"notes{n:02}.txt" for n in range(30)]:
        (source / name).write_bytes(b"")
    for command in ("load", "status"):
        said = sparkify(command)
        assert said.code == 0
        assert "300 hidden files ignored" in said.out.splitlines()
        named = [line for line in said.out.splitlines() if line.startswith("unrecognised")]
        assert named[0] == "unrecognised notes00.txt: no .json or .json.gz"
        assert named[10:] == ["unrecognised and 20 more (all of them with --format json)"]
        found = json.loads(sparkify(command, "--format", "json").out)
        assert (len(found["unrecognised"]), found["hidden"], found["layout"]) == (30, 300, [])


def test_a_source_of_nothing_is_an_error_that_says_what_is_expected(sparkify: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other/log-data").mkdir(parents=True)
    (tmp_path / "other/log-data/2018-11-05-events.json").write_text("{}")
    for folder, told in (
        ("empty", "found nothing at all"),
        ("other", "events are looked for in log_data/, found log-data/ (1 file)"),
        ("source/log_data", f"set SPARKIFY_SOURCE={(tmp_path / 'source').as_uri()} ("),
        ("", f"set SPARKIFY_SOURCE={(tmp_path / 'source').as_uri()} ("),
    ):
        url = (tmp_path / folder).as_uri()
        line = one_line(sparkify("load", SOURCE=url))
        assert told in line
        assert "expected log_data/2018/11/2018-11-12-events.json" in line
        for command in ("status", "reconcile"):
            assert one_line(sparkify(command, SOURCE=url)) == line


def test_a_data_set_that_lies_elsewhere_is_told_beside_the_other(sparkify: Run, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "log_data").rename(source / "log-data")
    for command in ("load", "status"):
        said = sparkify(command)
        assert said.code == 0
        assert "layout events are looked for in log_data/, found log-data/ (5 files)" in said.out


def test_a_blocked_day_stays_one_after_its_file_has_changed_and_was_not_asked_for(
    sparkify: Run, tmp_path: Path
) -> None:
    sparkify("load")
    day = events(tmp_path, "2018-11-02")
    for lines in (300, 301):
        day.write_bytes(b"no record\n" * lines)
        result = sparkify("load", "--format", "json", *(("--days", "2018-11-01") if lines == 301 else ()))
        found = json.loads(result.out)
        assert (result.code, found["blocked"], [*found["blocked_by"]]) == (1, ["2018-11-02"], ["2018-11-02"])
    assert found["waiting"] == ["2018-11-02"]
    said = sparkify("status").out
    assert "\nblocked day 2018-11-02 by " in said
    assert "line 1: " in said
    assert said.count("before its files changed") == 1
    told = sparkify("load", "--days", "2018-11-01").out
    assert told.startswith("Nothing was loaded (")
    assert "not asked for 2018-11-02: " in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("2018-11-31", "--reason", "x"), "2018-11-31 is neither one day"),
        (("2018-11-01..2018-11-03", "--reason", "x"), "is neither one day"),
        (("20181101", "--reason", "x"), "is neither one day"),
        (("songs ab", "--reason", "x"), "songs AB is not blocked"),
        (("2018-11-01", "--reason", "two\nlines"), "one line"),
        (("2018-11-01", "--reason", "x" * 4097), "4,096 bytes"),
    ],
)
def test_what_cannot_be_released_is_said(sparkify: Run, arguments: tuple[str, ...], said: str) -> None:
    sparkify("load")
    assert said in one_line(sparkify("release", *arguments))


def test_a_rebuild_takes_no_choice(sparkify: Run) -> None:
    for command in ("load", "plan"):
        for choice in (("--days", "2018-11-01"), ("--full",)):
            assert "--republish rebuilds everything" in one_line(sparkify(command, "--republish", *choice))


def test_a_day_that_is_left_out_is_named_alone(sparkify: Run) -> None:
    sparkify("load")
    said = one_line(sparkify("load", "--days", "2018-11-03", LAST_DAY="2018-11-02"))
    assert "--days 2018-11-03: nothing was loaded; 2018-11-03: after 2018-11-02" in said
