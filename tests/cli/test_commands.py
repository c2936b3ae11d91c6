"""What all commands share: an error is one clear line, each has help, and each state directory is separate."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import Run, one_line


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
        (("rejects", "--day", "2018-99-99"), {}, "2018-99-99 is neither a day"),
        (("status",), {"REJECT_SHARE": "20"}, "a number from 0 to 1"),
        (("sample", "/proc/x"), {}, "/proc/x"),
        (("lod",), {}, "Did you mean 'load'? (see `sparkify --help`)"),
        (("query", "--frmat", "csv", "select 1"), {}, "--frmat"),
        (("query", "select 1", "x"), {}, "see `sparkify query --help`"),
        (("query", "-f", "/nowhere.sql"), {}, "/nowhere.sql: No such file or directory"),
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


def test_every_command_has_help() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "from sparkify_assets.cli import main; main()", "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for command in ("load", "query", "psql", "status", "digest", "sample", "tables", "dev", "stop", "demo"):
        assert f" {command} " in shown


def test_the_version_and_short_help_are_told(sparkify: Run) -> None:
    assert re.fullmatch(r"sparkify \d+\.\d+\.\d+\n", sparkify("--version").out)
    assert "Load what is new" in sparkify("load", "-h").out


def test_two_homes_do_not_disturb_each_other(small_sample: Path, tmp_path: Path) -> None:
    """With the local Redshift, as a newcomer has it: every state directory has its own."""

    def run(home: str, *arguments: str) -> str:
        return subprocess.run(
            [Path(sys.executable).parent / "sparkify", *arguments],
            env={"PATH": "/usr/bin:/bin", "SPARKIFY_HOME": str(tmp_path / home), "SPARKIFY_SOURCE": str(small_sample)},
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
