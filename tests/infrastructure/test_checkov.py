"""Static checks of the configuration's security (https://www.checkov.io). checkov pins another boto3 than the
project, so it has an environment of its own: `.venv/checkov`, or whatever stands on the PATH.
"""

from __future__ import annotations

import json
import shutil
import subprocess

from tests.conftest import absent
from tests.infrastructure.harness import ROOT, TERRAFORM

HOW = "python3 -m venv .venv/checkov && .venv/checkov/bin/pip install checkov==3.3.30"


def test_no_check_fails() -> None:
    checkov = shutil.which("checkov", path=str(ROOT / ".venv" / "checkov" / "bin")) or shutil.which("checkov")
    if checkov is None:
        absent("checkov", HOW)
    done = subprocess.run(
        [
            checkov,
            "-d",
            str(TERRAFORM),
            "--framework",
            "terraform",
            "--skip-download",
            "-o",
            "json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    failed = {
        f"{c['check_id']} {c['resource']}: {c['check_name']}" for c in report["results"]["failed_checks"]
    }
    assert failed == set()
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 200
    waived = {(c["check_id"], c["resource"]) for c in report["results"]["skipped_checks"]}
    assert all(c["check_result"]["suppress_comment"] for c in report["results"]["skipped_checks"])
    assert len(waived) < report["summary"]["passed"] / 10, "a waiver is an exception"
