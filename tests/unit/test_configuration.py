"""The configuration files are accepted by the tools they are for, and agree with the code."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.instance.config import PoolGranularity
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster._core.workspace.load import location_origins_from_yaml_paths
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sparkify_assets.settings import Settings

ROOT = Path(__file__).parents[2]


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_dagster_accepts_its_settings_and_follows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text("utf-8"))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert (instance.telemetry_enabled, instance.nux_enabled) == (False, False)
        coordinator = instance.run_coordinator
        assert isinstance(coordinator, QueuedRunCoordinator)
        assert coordinator.dequeue_interval_seconds == 1
        concurrency = instance.get_concurrency_config()
        assert concurrency.pool_config.pool_granularity is PoolGranularity.OP
        assert concurrency.pool_config.default_pool_limit == 1
        assert concurrency.run_queue_config is not None
        assert concurrency.run_queue_config.max_concurrent_runs == 4
        assert (instance.run_retries_enabled, instance.run_retries_max_retries) == (True, 1)
        assert instance.run_retries_retry_on_asset_or_op_failure is False
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"] == 20


def test_page_and_command_line_serve_the_same_definitions() -> None:
    (origin,) = location_origins_from_yaml_paths([str(ROOT / "workspace.yaml")])
    target = origin.loadable_target_origin
    assert target is not None
    project = pyproject()["tool"]["dg"]["project"]
    assert target.module_name == project["code_location_target_module"] == "sparkify_assets.definitions"
    assert target.working_directory == "."


def test_the_example_of_settings_names_each_with_what_holds_without_it() -> None:
    shown = dict(re.findall(r"^#(\w+)=(.*)$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    code = (ROOT / "sparkify_assets" / "settings.py").read_text("utf-8")
    read = {f"SPARKIFY_{name}" for name in re.findall(r'\bread\("(\w+)"', code)}
    assert shown.keys() - {"AWS_REGION"} == read
    own = {"SPARKIFY_SOURCE": "file:///source"}  # else the days are those of a sample that may lie about
    assert Settings.from_environment(shown | own) == Settings.from_environment(own)


def test_every_dependency_is_pinned_to_one_version_without_an_address() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    names = {canonicalize_name(name) for name in pins}
    project = pyproject()["project"]
    wanted = [project["dependencies"], *project["optional-dependencies"].values()]
    assert {canonicalize_name(Requirement(text).name) for group in wanted for text in group} <= names
    assert all(re.fullmatch(r"\d[\w.]*", version) for version in pins.values())
    libraries = {"dagster-aws", "dagster-postgres"}  # 0.29.27 goes with 1.13.27
    assert len({pins[name] for name in libraries}) == 1
    assert len({pins[name] for name in pins if name.startswith("dagster") and name not in libraries}) == 1


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        (
            "exit 1",
            "no Python 3.11, 3.12 or 3.13 among: {python}",
        ),  # too old, too new, or a shim without its Python
        ("""case "$2" in *ensurepip*) exit 1;; esac""", "its venv or ensurepip is missing"),
    ],
)
def test_setup_says_in_one_line_which_python_it_lacks(tmp_path: Path, answers: str, complaint: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{answers}\n")
    python.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    ran = subprocess.run(
        ["make", f"PYTHON={python}", "setup"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    errors = [line for line in ran.stderr.splitlines() if not line.startswith("make")]
    assert ran.returncode != 0
    assert len(errors) == 1
    assert complaint.format(python=python) in errors[0]
    assert not (tmp_path / ".venv").exists()


def test_the_hooks_before_a_commit_ask_what_lint_asks_and_fetch_nothing() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    entries = [hook["entry"] for hook in repository["hooks"]]
    lint = (ROOT / "Makefile").read_text("utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    asked = re.findall(r"\$\(IN\)/([\w-]+(?: format| check)?)", lint)
    assert len(asked) == 7  # python writes the statements that sqlfluff reads
    assert [
        program for program in asked if not any(f".venv/bin/{program}" in entry for entry in entries)
    ] == []
