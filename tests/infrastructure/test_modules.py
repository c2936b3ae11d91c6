"""`terraform validate` and `terraform test` in every module and stack, offline with a mocked provider."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.infrastructure.harness import Checkout

FOLDERS = (
    "modules/network",
    "modules/landing",
    "modules/arrivals",
    "modules/warehouse",
    "modules/snapshot_copies",
    "modules/serverless",
    "modules/orchestrator",
    "stacks/foundation",
    "stacks/warehouse",
    "stacks/orchestrator",
)


@pytest.fixture(scope="module")
def offline(terraform: str) -> None:
    """No AWS credentials, and none to be found: a mocked provider needs none."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize("folder", FOLDERS)
def test_module(offline: None, checkout: Checkout, folder: str) -> None:
    place = checkout.stacks.parent / folder
    lock = ["-lockfile=readonly"] if folder.startswith("stacks/") else []
    _terraform(place, "init", "-no-color", "-input=false", *lock)
    if folder.startswith("stacks/"):  # which validates the modules too
        assert json.loads(_terraform(place, "validate", "-json"))["diagnostics"] == []
    lines = [json.loads(line) for line in _terraform(place, "test", "-json").splitlines()]
    [summary] = [line["test_summary"] for line in lines if line.get("type") == "test_summary"]
    assert summary["status"] == "pass"
    assert summary["passed"] == _runs_written(place)
    assert summary["failed"] + summary["errored"] + summary["skipped"] == 0


def _runs_written(place: Path) -> int:
    return sum(path.read_text().count('\nrun "') for path in (place / "tests").glob("*.tftest.hcl"))


def _terraform(place: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["terraform", *arguments],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"terraform {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
