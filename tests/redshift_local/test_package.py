"""The package by itself: built from its folder, installed where nothing else of the repository is, and run there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import redshift_local

FOLDER = Path(redshift_local.__file__).parent


def test_it_installs_from_its_folder_and_runs(tmp_path: Path) -> None:
    copy, target = tmp_path / "redshift_local", tmp_path / "target"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", target, copy], check=True, timeout=120)

    def names(suffix: str) -> set[Path]:
        return {path.relative_to(FOLDER) for path in FOLDER.rglob(f"*{suffix}")}

    installed = target / "redshift_local"
    missing = {
        path for path in names(".py") | names(".sql") | names(".json") if not (installed / path).exists()
    }
    assert not missing

    result = subprocess.run(
        [sys.executable, "-m", "redshift_local", "sql", "-", "--data", tmp_path / "data"],
        input="create table t (a varchar(3)) distkey (a); insert into t values ('abc'); select len(a) from t;",
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    redshift_local.stop(tmp_path / "data")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "3"
