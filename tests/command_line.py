"""The command line as people use it, for every suite that types commands: a fixture, and what a command returned."""

from __future__ import annotations

import shutil
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
def small_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample: five days, thirty songs."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, events=400, songs=30, days=5, seed=3)
    return folder


def as_url(warehouse: Warehouse) -> str:
    """The address of a test's warehouse as SPARKIFY_WAREHOUSE takes it."""
    parts = psycopg2.extensions.parse_dsn(warehouse.url)
    return f"postgresql:///{parts['dbname']}?host={parts['host']}&user={parts['user']}&port={parts['port']}"


@pytest.fixture
def sparkify(
    warehouse: Warehouse,
    small_sample: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs the command line in this process, on a copy of the sample and a warehouse of the test's own."""
    source = tmp_path / "source"
    shutil.copytree(small_sample, source)
    url = as_url(warehouse)
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
    """The file of a day in the source of the `sparkify` fixture, which is below the test's own folder."""
    return folder / "source" / "log_data" / day[:4] / day[5:7] / f"{day}-events.json"
