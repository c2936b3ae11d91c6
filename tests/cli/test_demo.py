"""`sparkify sample`. What `sparkify demo` prints is shown in README."""

from __future__ import annotations

from pathlib import Path

from sample_data.generate import write_sample
from tests.command_line import Run


def test_a_sample_goes_into_no_folder_with_something_in_it(sparkify: Run, tmp_path: Path) -> None:
    write_sample(tmp_path / "there", events=10, songs=1, days=1, seed=1)
    again = sparkify("sample", str(tmp_path / "there"))
    assert again.code == 1
    assert "not empty" in again.err
    assert "Traceback" not in again.err
