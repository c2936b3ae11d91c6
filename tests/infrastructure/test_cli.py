"""`sparkify infra …`: the same jobs from the command line, seen from outside as a person sees them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.defs.instance import PROCESS_TAG
from tests.infrastructure.harness import ROOT, SLOW, Checkout

#: As a stack that is there, without a provider.
PROVISIONED = """
resource "terraform_data" "this" { input = "%s" }
output "landing_bucket" { value = "sparkify-dev-landing" }
output "secret_arn" { value = "arn:aws:secretsmanager:us-west-2:1:secret:[red]" }
output "key" {
  value     = "hidden"
  sensitive = true
}
"""


@pytest.fixture
def checkout(terraform: str, tmp_path: Path) -> Checkout:
    return Checkout.tiny(tmp_path, foundation=PROVISIONED % "1", warehouse=PROVISIONED % "1")


def start(
    checkout: Checkout,
    *arguments: str,
    command: str = "infra",
    before: Sequence[str] = (),
    **environment: str,
) -> subprocess.Popen[str]:
    """Starts `sparkify infra`, or another command, on a checkout of the test's own. `before` is what runs it."""
    program = (
        "import signal, sys; from pathlib import Path\n"
        "from sparkify_assets import cli\n"
        "from sparkify_assets.infra import jobs\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # as on a terminal\n"
        "jobs.STACKS_FOLDER = Path(sys.argv.pop(1))\n"
        "cli.main()\n"
    )
    return subprocess.Popen(
        [*before, sys.executable, "-c", program, str(checkout.stacks), command, *arguments],
        cwd=ROOT,
        env={**os.environ, "SPARKIFY_HOME": str(checkout.home), "COLUMNS": "200", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def infra(checkout: Checkout, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `sparkify infra` on a checkout of the test's own."""
    process = start(checkout, *arguments, **environment)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_plan_says_what_would_change(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    done = infra(checkout, "plan")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["foundation: 1 to add", "warehouse: 1 to add"]
    told = json.loads(infra(checkout, "plan", "--format", "json").stdout)
    expected = {"summary": "1 to add", "actions": {"terraform_data.this": "add"}}
    assert told == {"foundation": expected, "warehouse": expected}
    assert "terraform_data.this" in done.stderr  # the steps' lines
    assert "STEP_" not in done.stderr  # and only theirs
    monkeypatch.setenv("DAGSTER_HOME", str(checkout.home / "dagster"))  # dagster.yaml refers to it
    with dg.DagsterInstance.get() as instance:
        run, _ = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert PROCESS_TAG in run.tags, "a killed command's run could not be told from one that goes on"


def test_drift_answers_as_terraform_does(checkout: Checkout) -> None:
    for stack in ("foundation", "warehouse"):
        checkout.terraform(stack, "init")
        checkout.terraform(stack, "apply", "-auto-approve")
    same = infra(checkout, "drift")
    assert (same.returncode, same.stdout.splitlines()) == (
        0,
        ["AWS matches the configuration.", "foundation: no changes", "warehouse: no changes"],
    )
    for stack in ("foundation", "warehouse"):
        (checkout.stacks / stack / "main.tf").write_text(PROVISIONED % "2")
    differs = infra(checkout, "drift")
    assert (differs.returncode, differs.stdout.splitlines()) == (
        2,
        [
            "Differs from the configuration, and exposes nothing: 2 to apply",
            "foundation: 1 to change",
            "warehouse: 1 to change",
        ],
    )
    assert 'input: "1" → "2"' in differs.stderr
    told = infra(checkout, "drift", "--format", "json")
    expected = {"summary": "1 to change", "actions": {"terraform_data.this": "change"}}
    assert told.returncode == 2, "a machine reads it from either"
    assert json.loads(told.stdout) == {
        "differs": True,
        "verdict": "Differs from the configuration, and exposes nothing: 2 to apply",
        "findings": [],
        "foundation": expected,
        "warehouse": expected,
    }

    shown = infra(checkout, "output", "--format", "json")
    arn = "arn:aws:secretsmanager:us-west-2:1:secret:[red]"
    assert json.loads(shown.stdout)["foundation"] == {
        "landing_bucket": "sparkify-dev-landing",
        "secret_arn": arn,
    }
    table = infra(checkout, "output").stdout
    assert arn in table, "what looks like an emoji or like markup is neither"
    assert "hidden" not in table


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("plan", "--env", "prood"), "there is no environment 'prood'"),
        (("apply", "--env", "prood"), "there is no environment 'prood'"),
        (("drift", "--env", "prood"), "there is no environment 'prood'"),
        (("destroy", "--confirm", "prod"), "refused: to destroy environment dev, type its name in confirm"),
        (("pause",), "there is no warehouse in environment dev: provision it first"),
        (("output", "--env", "prood"), "there is no environment 'prood'"),
    ],
)
def test_an_error_is_one_line(checkout: Checkout, arguments: tuple[str, ...], told: str) -> None:
    done = infra(checkout, *arguments)
    assert done.returncode == 1
    *before, line = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert told in line
    assert not [
        line for line in before if not line.startswith(("Terraform ", "Initializing", "terraform.io"))
    ]


def test_missing_credentials_are_one_line(checkout: Checkout) -> None:
    none = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    done = infra(
        checkout, "backend", "s3", "--bucket", "team-state", AWS_EC2_METADATA_DISABLED="true", **none
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "error: no usable AWS credentials (Unable to locate credentials)"
    )
    assert "Traceback" not in done.stderr


def test_ctrl_c_lets_terraform_save_its_state_and_is_one_line(
    terraform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout.tiny(tmp_path, foundation=SLOW % 30, warehouse="")
    process = start(checkout, "apply")
    assert process.stderr
    said = []
    for line in process.stderr:
        said.append(line)
        if "slow: Creating" in line:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all that it has started
    assert process.wait(30) == 130
    assert said[-1] == "interrupted: the same command again goes on where this one ended\n"
    assert "Terraform has stopped; its state is saved and unlocked.\n" in said
    assert not any("Traceback" in line for line in said)
    assert not any("interrupts received" in line for line in said), (
        "a second interrupt makes Terraform drop everything"
    )
    assert checkout.terraform("foundation", "state", "list").split() == [
        "terraform_data.quick",
        "terraform_data.slow",
    ]
    monkeypatch.setenv("DAGSTER_HOME", str(checkout.home / "dagster"))
    with dg.DagsterInstance.get() as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.CANCELED]


def test_without_terraform_one_line_says_what_to_install(checkout: Checkout, tmp_path: Path) -> None:
    done = infra(checkout, "plan", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "Terraform is not on the PATH; install Terraform 1.11 or newer: https://" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_terraform_a_warehouse_for_one_load_is_not_begun(checkout: Checkout, tmp_path: Path) -> None:
    day = tmp_path / "source" / "log_data" / "2018-11-01-events.json"
    day.parent.mkdir(parents=True)
    day.write_text("{}")
    process = start(
        checkout, command="run", SPARKIFY_SOURCE=str(tmp_path / "source"), SPARKIFY_FIRST_DAY="2018-11-01",
        PATH=str(tmp_path),
    )  # fmt: skip
    out, err = process.communicate()
    assert (process.returncode, out, len(err.splitlines())) == (1, "", 1)
    assert err.startswith("error: Terraform is not on the PATH; install Terraform 1.11 or newer")
