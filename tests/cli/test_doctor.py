"""`sparkify doctor`: three lines where all is well; what is wrong is named with what to type next."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import boto3
import psutil
import pytest

from sparkify_assets.cli import doctor
from sparkify_assets.inspection import machine
from sparkify_assets.inspection.health import Health, within
from tests.command_line import Run, events, one_line
from tests.conftest import settings_for


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with much room, Terraform in the right version, and ports that no other test has."""
    free = SimpleNamespace(free=100e9)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: free)
    monkeypatch.setattr(doctor, "PORTS", {})
    monkeypatch.setattr(doctor, "terraform_version", lambda: "1.11.4")


@pytest.fixture
def loaded(sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Everything is loaded, and nothing of it is warned of."""
    monkeypatch.setenv("SPARKIFY_LAST_DAY", "2018-11-05")
    monkeypatch.setenv("SPARKIFY_LATE_HOURS", "24")
    sparkify("load")
    sparkify("query", "--write", "delete from ledger.warnings")
    return sparkify


def amiss(run: Run, **environment: str) -> list[tuple[str, str, str, str]]:
    """What is not well: topic, state, what is said, and what to type."""
    found = json.loads(run("doctor", "--format", "json", **environment).out)["findings"]
    return [tuple(item.values()) for item in found if item["state"] != "ok"]  # type: ignore[misc]


def test_where_all_is_well_it_is_three_lines(loaded: Run, tmp_path: Path) -> None:
    files = sum(len(list((tmp_path / "source" / part).rglob("*.json"))) for part in ("log_data", "song_data"))
    found = loaded("doctor")
    assert found.code == 0
    source, warehouse, rest = found.out.splitlines()
    assert source.startswith(
        f"ok {(tmp_path / 'source').as_uri()}: {files} files, of the days 2018-11-01 to 2018-11-05"
    )
    assert source.endswith("; nothing is blocked, late, shrunk or warned of")
    assert "the local Redshift, on PostgreSQL 18." in warehouse
    assert f"{tmp_path / 'home'}: 100.0 GB free" in warehouse
    for said in (
        "from the environment",
        "Terraform 1.11.4",
        "no setting leads to AWS",
        "Python 3.1",
        "Dagster 1.",
    ):
        assert said in rest


def test_every_setting_is_told_with_where_it_comes_from(
    loaded: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARKIFY_MAX_DROP", "")
    monkeypatch.delenv("SPARKIFY_MAX_DROP")  # what the file sets is undone with this
    (tmp_path / ".env").write_text("SPARKIFY_MAX_DROP=0.25\nSPARKIFY_LAST_DAY=2018-11-30\n")
    found = json.loads(loaded("doctor", "--format", "json").out)["settings"]
    told = {item["name"]: [item["value"], item["origin"]] for item in found}
    assert told["SPARKIFY_MAX_DROP"] == ["0.25", str(tmp_path / ".env")]
    assert told["SPARKIFY_LAST_DAY"] == ["2018-11-05", "environment"], "the environment takes precedence"
    assert told["SPARKIFY_DELETED"] == ["withdraw", "default"]
    verbose = loaded("doctor", "--verbose").out.splitlines()
    line = next(text for text in verbose if text.startswith("SPARKIFY_MAX_DROP"))
    assert line.split() == ["SPARKIFY_MAX_DROP", "0.25", str(tmp_path / ".env")]


def test_secrets_are_not_shown(sparkify: Run) -> None:
    hook, url = "https://hooks.example/services/T0/hunter2", "postgresql://me:hunter2@127.0.0.1:1/db"
    for options in (("--verbose",), ("--format", "json")):
        found = sparkify("doctor", *options, WAREHOUSE=url, ALERT_WEBHOOK=hook)
        assert found.code == 1
        assert "me:…@127.0.0.1:1/db" in found.out
        assert "https://hooks.example/…" in found.out
        assert "hunter2" not in found.out


def test_a_wrong_setting_and_a_misspelt_one_are_named(sparkify: Run) -> None:
    assert amiss(sparkify, MAX_DROP="much") == [
        (
            "settings",
            "mend",
            "SPARKIFY_MAX_DROP is 'much'; it takes a number from 0 to 1",
            "correct it in the environment",
        )
    ]
    assert ("settings", "mend", "SPARKIFY_SOURSE is no setting", "SPARKIFY_SOURCE is one") in amiss(
        sparkify, SOURSE="/data"
    )
    for name, warned in (("MAX_DORP", True), ("MY_OWN_NOTES", False)):  # by every command, in one line
        told = sparkify("load", **{name: "0.4"})
        assert (f"warning SPARKIFY_{name} is no setting: SPARKIFY_MAX_DROP is one\n" in told.err) is warned
        assert told.code == 0


def test_what_is_new_blocked_shrunk_or_late_comes_with_what_to_type(loaded: Run, tmp_path: Path) -> None:
    shorter, kept = events(tmp_path, "2018-11-02"), events(tmp_path, "2018-11-03").read_text()
    lines = shorter.read_text().splitlines()
    shorter.write_text("\n".join(lines[: len(lines) * 2 // 3]))
    events(tmp_path, "2018-11-01").write_text("no JSON\n" * 30)
    loaded("load")
    loaded("query", "--write", "delete from ledger.warnings")
    events(tmp_path, "2018-11-04").write_text(kept)
    found = {
        said.split(":")[0]: (state, said, next_)
        for _, state, said, next_ in amiss(loaded, LAST_DAY="2018-11-06")
    }
    assert found["blocked"][0] == "mend"
    assert found["blocked"][1].startswith("blocked: 2018-11-01 by events_objects")
    assert found["blocked"][2].startswith(
        "`sparkify rejects --day 2018-11-01` shows what is rejected; correct "
    )
    accepted = "if that is right, `sparkify load --full --days 2018-11-02` accepts it"
    assert found["shrunk"][0::2] == ("note", accepted)
    assert found["late"][:2] == ("mend", "late: 2018-11-06 not loaded 24 hours after its end")
    assert found["late"][2].endswith("if the data ends on 2018-11-05: SPARKIFY_LAST_DAY=2018-11-05")
    assert found["days or prefixes to load"][1:] == (
        "days or prefixes to load: 1 changed", "sparkify plan, sparkify load"
    )  # fmt: skip
    assert loaded("doctor").code == 1


def test_a_source_or_a_warehouse_that_is_not_there_is_to_be_mended(sparkify: Run, tmp_path: Path) -> None:
    (wrong,) = amiss(sparkify, SOURCE=str(tmp_path / "none"))
    assert wrong[:2] == ("source", "mend")
    assert "does not exist" in wrong[2]
    folder = (tmp_path / "source/log_data").as_uri()
    assert any(
        f"set SPARKIFY_SOURCE={(tmp_path / 'source').as_uri()}" in item[2]
        for item in amiss(sparkify, SOURCE=folder)
    )
    (refused,) = amiss(sparkify, WAREHOUSE="postgresql://127.0.0.1:1/db")
    assert refused[:2] == ("warehouse", "mend"), "told once, although the data could not be looked at either"
    assert not (tmp_path / "home").exists(), "a doctor makes nothing"


def test_a_day_outside_the_settings_names_the_setting(loaded: Run) -> None:
    said = [item[2] for item in amiss(loaded, FIRST_DAY="2018-11-03")]
    assert any(
        "2018-11-01, 2018-11-02: before 2018-11-03" in text and "SPARKIFY_FIRST_DAY" in text for text in said
    )


@pytest.mark.parametrize(("free", "state"), [(0.9e9, "mend"), (4.9e9, "note"), (5.1e9, "ok")])
def test_room(free: float, state: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    (found,) = machine.of_disk(tmp_path / "not" / "yet")
    assert found.state == state


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_is_free_or_somebody_has_it(listening: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil.Process, "cmdline", lambda _: ["node", "server.js"])
    (found,) = machine.of_ports({listening: "sparkify dev --port 3001"})
    assert (found.state, found.next) == ("note", "sparkify dev --port 3001")
    assert f"port {listening} is used by process {psutil.Process().pid}, node server.js" == found.said
    monkeypatch.setattr(psutil.Process, "cmdline", lambda _: ["python", "dagster", "dev"])
    assert machine.of_ports({listening: ""})[0].state == "ok"


def test_aws_is_asked_only_where_a_setting_leads_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("AWS was asked")

    monkeypatch.setattr(boto3, "Session", refuse)
    here = settings_for(tmp_path, tmp_path)
    assert machine.of_aws(here) == [Health("AWS", "ok", "no setting leads to AWS")]
    there = settings_for(tmp_path, tmp_path, warehouse="redshift://c/d", work="s3://b/work")
    assert machine.needs_aws(there) == ["SPARKIFY_WORK", "SPARKIFY_WAREHOUSE"]
    monkeypatch.setattr(boto3, "Session", lambda: SimpleNamespace(get_credentials=lambda: None))
    (found,) = machine.of_aws(there)
    assert (found.state, found.said) == ("mend", "there are no credentials")
    assert "SPARKIFY_WAREHOUSE" in found.next


def test_other_versions_than_the_pinned_ones_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = tmp_path / "constraints.txt"
    monkeypatch.setattr(machine, "CONSTRAINTS", pinned)
    pinned.write_text("rich==0.1\nno-such-package==1\n")
    (found,) = machine.of_versions()
    assert found.state == "note"
    assert "not as constraints.txt: rich " in found.said
    assert "no-such-package" not in found.said
    monkeypatch.setattr(machine, "OLDEST_PYTHON", (4, 0))
    assert machine.of_versions()[0].state == "mend"


def test_what_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    answers = threading.Event()
    (found,) = within(
        "warehouse", lambda: [Health("", "ok", "late")] if answers.wait(60) else [], seconds=0.1
    )
    answers.set()
    assert found.state == "mend"
    assert found.said == "no answer within 0.1 s"


@pytest.mark.parametrize("name", ["REJECT_ROWS", "SENSOR_SECONDS", "LATE_HOURS", "SESSION_PAUSE_MINUTES"])
def test_a_number_beyond_all_reason_is_refused(sparkify: Run, name: str) -> None:
    for value in ("inf", "nan", "1e12", "-1"):
        said = one_line(sparkify("status", **{name: value}))
        assert f"SPARKIFY_{name} is '{value}'; it takes a number from 0 to 1,000,000" in said


def test_a_home_that_is_a_file_is_to_be_mended(sparkify: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for home in ("file", "file/below"):
        assert (
            "disk", "mend", f"{tmp_path / 'file'} is a file", "set SPARKIFY_HOME to a folder"
        ) in amiss(sparkify, HOME=str(tmp_path / home))  # fmt: skip
