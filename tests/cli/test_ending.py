"""How a command ends whose output cannot be written, or that is at fault itself: one line, and never a trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sparkify_assets import errors
from sparkify_assets.cli import inspection
from sparkify_assets.cli.console import out
from tests.command_line import Run, one_line

ROOT = Path(__file__).parents[2]


#: Commands that print in every way there is.
PRINTING = (
    ("query", "select 1"),
    ("query", "select 1", "--format", "csv"),
    ("query", "select 1", "--format", "json"),
    ("status",),
    ("status", "--format", "json"),
    ("digest",),
    ("report", "--output", "page.html"),
    ("psql",),
)


def test_a_full_standard_output_is_one_line(sparkify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    sparkify("tables", "create")
    for command in PRINTING:
        with open("/dev/full", "w") as full, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", full)
            result = sparkify(*command)
        assert one_line(result) == "error: standard output: No space left on device", command


def test_whoever_stops_reading_is_no_error(sparkify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    sparkify("tables", "create")
    for output in ("csv", "table", "json"):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as closed, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", closed)
            patch.setattr(out, "quiet", False)  # which rich makes true for good where a pipe is closed
            result = sparkify("query", "select generate_series(1, 9000)", "--format", output)
        assert (result.code, result.err) == (1, "")


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_descriptor_is_no_trace(closed: str, tmp_path: Path) -> None:
    shown = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m sparkify_assets --version {closed}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (shown.returncode, shown.stderr) == (0, "")


def test_a_fault_of_the_program_is_one_line_that_says_where_its_trace_is(
    sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparkify("tables", "create")
    monkeypatch.setattr(inspection, "open_warehouse", lambda _: {}["no such thing"])
    line = one_line(sparkify("digest"))
    trace = tmp_path / "home" / errors.TRACE_FILE
    assert line == f"error: KeyError: 'no such thing' (a fault of the program: its trace is in {trace})"
    assert "Traceback" in trace.read_text("utf-8")


def test_a_fault_is_one_line_even_where_the_settings_are_wrong(
    sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the state directory is not known."""
    monkeypatch.setattr(inspection, "settings_of_what_is_there", lambda: {}["no such thing"])
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    line = one_line(sparkify("digest", FIRST_DAY="never"))
    assert line.endswith(f"its trace is in {tmp_path / errors.TRACE_FILE})")


def test_an_unreadable_env_file_is_one_line(sparkify: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"SPARKIFY_HOME=\xff\xfe")
    assert ".env" in one_line(sparkify("status"))
