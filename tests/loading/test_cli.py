"""The command line as people use it: what it prints, what it returns, and one clear line where it cannot go on."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from sample_data.generate import write_sample
from sparkify_assets import cli
from sparkify_assets.warehouse.connection import Warehouse


@dataclass
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample: five days, thirty songs."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, events=400, songs=30, days=5, seed=3)
    return folder


@pytest.fixture
def sparkify(
    warehouse: Warehouse,
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs the command line in this process, on a copy of the sample and a warehouse of the test's own."""
    source = tmp_path / "source"
    shutil.copytree(made, source)
    parts = psycopg2.extensions.parse_dsn(warehouse.url)
    url = f"postgresql:///{parts['dbname']}?host={parts['host']}&user={parts['user']}&port={parts['port']}"
    monkeypatch.chdir(tmp_path)
    for name, value in {"HOME": tmp_path / "home", "SOURCE": source.as_uri(), "WAREHOUSE": url}.items():
        monkeypatch.setenv(f"SPARKIFY_{name}", str(value))
    monkeypatch.setenv("DAGSTER_HOME", "")

    def run(*arguments: str, **environment: str) -> Result:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["sparkify", *arguments])
            for name, value in environment.items():
                patch.setenv(f"SPARKIFY_{name}", value)
            try:
                cli.main()
                code = 0
            except SystemExit as finished:
                code = finished.code if isinstance(finished.code, int) else 1 if finished.code else 0
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


def one_line(result: Result) -> str:
    """The one error line of a command that could not go on."""
    assert result.code == 1
    assert "Traceback" not in result.out + result.err
    lines = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, result.err
    return lines[0]


def events(folder: Path, day: str) -> Path:
    return folder / "source" / "log_data" / day[:4] / day[5:7] / f"{day}-events.json"


def test_load_then_nothing_new(sparkify: Run) -> None:
    first = sparkify("load", "--format", "json")
    report = json.loads(first.out)
    assert first.code == 0
    assert report["files"] == 35
    assert report["records_read"] == report["rows_staged"] == 430
    assert report["tables"]["songs"] == {"inserted": 30, "updated": 0, "deleted": 0}
    assert len(report["runs"]) == 1
    assert set(report["seconds"]) == {"list", "stage", "publish", "dagster", "total"}
    again = sparkify("load")
    assert again.code == 0
    assert "Nothing new" in again.out


def test_a_warning_is_one_line_and_the_same_in_load_and_status(sparkify: Run, tmp_path: Path) -> None:
    """A line for each check, with how much, where, and examples; as data all of it."""
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
    assert values.startswith(
        f"warning events_allowed_values: 2 in {days[1]}, such as level [red]trial, gender "
    )
    assert fields.startswith(
        f"warning events_fields: 5 in {days[0]}, {days[1]}, {days[2]} and 2 more, such as {days[0]}: field device, is"
        " unknown, records "
    )
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


def test_the_digest_does_not_know_the_way(sparkify: Run) -> None:
    sparkify("load", "--days", "2018-11-04")
    sparkify("load")
    piecemeal = sparkify("digest").out
    sparkify("tables", "reset", "--confirm", "reset")
    assert sparkify("digest").out != piecemeal
    sparkify("load")
    assert sparkify("digest").out == piecemeal
    sparkify("load", "--full")
    sparkify("load", "--republish")
    assert sparkify("digest").out == piecemeal


def test_query_prints_tables_csv_and_json(sparkify: Run) -> None:
    sparkify("load")
    text = "select song_id, year from sparkify.songs order by song_id limit 2"
    as_json = json.loads(sparkify("query", text, "--format", "json").out)
    as_csv = sparkify("query", text, "--format", "csv").out.splitlines()
    assert as_csv[0] == "song_id,year"
    assert [line.split(",")[0] for line in as_csv[1:]] == [row["song_id"] for row in as_json]
    assert as_json[0]["song_id"] in sparkify("query", text).out


def test_query_writes_only_when_told(sparkify: Run) -> None:
    sparkify("load")
    assert "read-only" in one_line(sparkify("query", "delete from sparkify.users"))
    assert sparkify("query", "--write", "delete from sparkify.users").code == 0
    assert sparkify("query", "select count(*) from sparkify.users", "--format", "csv").out.split() == [
        "count",
        "0",
    ]


def test_query_refuses_what_redshift_does_not_run(sparkify: Run) -> None:
    sparkify("load")
    line = one_line(sparkify("query", "select distinct on (level) level from sparkify.users"))
    assert "Redshift" in line


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
    again = sparkify("load").out
    assert again.startswith("Read 1 files "), "and is not said to be loaded"
    assert "inserted" not in again
    assert "blocked 2018-11-02 " in again
    day.write_bytes(good + b"\n" + b"not a record\n" * 200)
    sparkify("load")
    assert "reason" in one_line(sparkify("release", "2018-11-02", "--reason", " "))
    released = sparkify("release", "2018-11-02", "--reason", "known garbage at the end")
    assert released.code == 0
    state = {i["partition"]: i for i in json.loads(sparkify("status", "--format", "json").out)["partitions"]}
    assert state["2018-11-02"]["released"] == "known garbage at the end"
    rejects = json.loads(sparkify("rejects", "--day", "2018-11-02", "--format", "json").out)
    assert len(rejects) == 200
    assert {r["raw_record"] for r in rejects} == {"not a record"}
    day.write_bytes(good)
    assert sparkify("load").code == 0
    assert json.loads(sparkify("rejects", "--format", "json").out) == []


def test_odd_lines_leave_the_run_whole(sparkify: Run, tmp_path: Path) -> None:
    """A day that is one array, beside lines that are no object: each is a reject, and nothing else is lost."""
    array, odd = events(tmp_path, "2018-11-02"), events(tmp_path, "2018-11-03")
    records = [json.loads(line) for line in array.read_text().splitlines()]
    array.write_text(json.dumps(records))
    odd.write_bytes(odd.read_bytes() + b'\nnull\n42\n[1,2]\n"a comment"\n')
    song = next((tmp_path / "source/song_data").rglob("*.json"))
    song.write_text(f"[{song.read_text()}]")
    report = json.loads(sparkify("load", "--format", "json").out)
    assert report["records_read"] == 430 - len(records) + 1 + 4
    assert report["rows_quarantined"] == 1 + 4 + 1
    rejects = json.loads(sparkify("rejects", "--format", "json").out)
    assert [r["reason"].partition(";")[0] for r in rejects if r["dataset"] == "songs"] == ["a JSON array"]
    (cut,) = (r["raw_record"] for r in rejects if r["partition_key"] == "2018-11-02")
    assert (
        cut == f"{json.dumps(records)[:300]}… ({len(json.dumps(records)):,} characters; --full prints them)"
    )
    whole = json.loads(sparkify("rejects", "--day", "2018-11-02", "--full", "--format", "json").out)
    assert json.loads(whole[0]["raw_record"]) == records
    assert max(map(len, sparkify("rejects").out.splitlines())) < 1000


def test_why_names_the_object_of_a_play(sparkify: Run) -> None:
    sparkify("load")
    rows = json.loads(
        sparkify(
            "query",
            "select songplay_id, event_date from sparkify.songplays order by 1 limit 1",
            "--format",
            "json",
        ).out
    )
    found = json.loads(sparkify("why", rows[0]["songplay_id"], "--format", "json").out)
    assert found["events"][0]["object_key"].endswith(f"{rows[0]['event_date']}-events.json")
    assert found["events"][0]["content_hash"].startswith("sha256:")
    assert "no play" in one_line(sparkify("why", "0-0"))


def test_reconcile_finds_a_row_that_was_taken(sparkify: Run) -> None:
    sparkify("load")
    assert sparkify("reconcile", "--deep").code == 0
    sparkify(
        "query",
        "--write",
        "delete from sparkify.songs where song_id in (select min(song_id) from sparkify.songs)",
    )
    found = sparkify("reconcile", "--deep", "--format", "json")
    assert found.code == 1
    assert [(f["kind"], f["where"]) for f in json.loads(found.out)] == [("missing", "songs")]


def test_objects_in_no_known_place_are_named(sparkify: Run, tmp_path: Path) -> None:
    (tmp_path / "source" / "log_data" / "2018" / "notes.txt").write_text("x")
    (tmp_path / "source" / "song_data" / "stray.json").write_text("{}")
    result = sparkify("load")
    assert result.code == 0
    assert "log_data/2018/notes.txt" in result.out
    assert "song_data/stray.json" in result.out


def test_days_outside_the_settings_are_named_not_loaded(sparkify: Run) -> None:
    result = sparkify("load", "--format", "json", FIRST_DAY="2018-11-02", LAST_DAY="2018-11-04")
    report = json.loads(result.out)
    assert report["outside"] == ["2018-11-01", "2018-11-05"]
    assert (
        sparkify(
            "query", "select count(distinct event_date) from staging.events", "--format", "csv"
        ).out.split()[1]
        == "3"
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (("load",), {"SOURCE": "/nowhere/at/all"}, "/nowhere/at/all does not exist"),
        (("load",), {"SOURCE": "ftp://host/data"}, "SPARKIFY_SOURCE"),
        (("load",), {"WAREHOUSE": "postgresql://127.0.0.1:9/none"}, "127.0.0.1"),
        (("load",), {"WAREHOUSE": "oracle://x"}, "SPARKIFY_WAREHOUSE"),
        (("load", "--days", "yesterday"), {}, "--days yesterday"),
        (("load", "--days", "2018-11-09..2018-11-01"), {}, "after the last"),
        (("load", "--days", "2019-01-01"), {}, "no events of 2019-01-01"),
        (("load", "--songs", "A"), {}, "--songs A"),
        (("load", "--songs", "99"), {}, "no songs 99"),
        (("status",), {"FIRST_DAY": "1st"}, "SPARKIFY_FIRST_DAY"),
        (("status",), {"DELETED": "maybe"}, "SPARKIFY_DELETED"),
        (("query", "select * from nothing"), {}, "nothing"),
        (("tables", "reset", "--confirm", "yes"), {}, "not confirmed"),
        (("release", "2018-11-01", "--reason", "x"), {}, "not blocked"),
    ],
)
def test_one_clear_line(
    sparkify: Run, arguments: tuple[str, ...], environment: dict[str, str], says: str
) -> None:
    sparkify("tables", "create")
    assert says in one_line(sparkify(*arguments, **environment))


def test_a_home_that_cannot_be_made_is_named(sparkify: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in one_line(sparkify("load", HOME=str(tmp_path / "file" / "home")))


def test_a_port_in_use_is_named(sparkify: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port} is in use" in one_line(sparkify("dev", "--port", port))


def test_every_command_has_help() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "from sparkify_assets.cli import main; main()", "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for command in ("load", "query", "psql", "status", "digest", "sample", "tables", "dev", "stop", "demo"):
        assert f" {command} " in shown


def test_two_homes_do_not_disturb_each_other(made: Path, tmp_path: Path) -> None:
    """With the embedded warehouse, as a newcomer has it: every home has its own."""

    def run(home: str, *arguments: str) -> str:
        return subprocess.run(
            [Path(sys.executable).parent / "sparkify", *arguments],
            env={"PATH": "/usr/bin:/bin", "SPARKIFY_HOME": str(tmp_path / home), "SPARKIFY_SOURCE": str(made)},
            capture_output=True, text=True, check=True, cwd=tmp_path,
        ).stdout  # fmt: skip

    try:
        run("one", "load")
        run("two", "load", "--days", "2018-11-01")
        assert run("one", "digest") != run("two", "digest")
        run("two", "load")
        assert run("one", "digest") == run("two", "digest")
        assert "dbname=" in run("one", "psql")
    finally:
        run("one", "stop")
        run("two", "stop")


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
        assert told in sparkify("status", SOURCE=url).out
        assert sparkify("reconcile", SOURCE=url).code == 1


def test_a_data_set_that_lies_elsewhere_is_told_beside_the_other(sparkify: Run, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "log_data").rename(source / "log-data")
    for command in ("load", "status"):
        said = sparkify(command)
        assert said.code == 0
        assert "layout events are looked for in log_data/, found log-data/ (5 files)" in said.out
