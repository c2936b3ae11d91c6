"""How Terraform is run: followed, cancelled, killed, locked out, missing. The stacks here are tiny ones that need
no provider.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.terraform import LEFT_BEHIND_SECONDS, TerraformError, quiet
from tests.infrastructure.harness import ROOT, SLOW, Checkout, Interruption, stack
from tests.page import until


@pytest.fixture
def slow(terraform: str, tmp_path: Path) -> Checkout:
    return Checkout.tiny(tmp_path, warehouse=SLOW % 200)


def test_a_cancelled_apply_keeps_what_was_made_and_leaves_no_lock(slow: Checkout) -> None:
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        if line.startswith("terraform_data.slow: Creating"):
            raise Interruption

    with stack(slow, log) as chosen:
        chosen.plan()
        started = time.monotonic()
        with pytest.raises(Interruption):
            chosen.apply()
        assert time.monotonic() - started < 100, "it waited for the resource instead of stopping"
        assert lines[-1] == "Terraform has stopped; its state is saved and unlocked."
        assert chosen.resources() == ["terraform_data.quick", "terraform_data.slow"]
        assert any(
            line.startswith("replace  terraform_data.slow") for line in chosen.plan().text().splitlines()
        )
        assert list(chosen.terraform.run_folder.glob("apply-*")) == [], "its logs are gone"


def test_an_interruption_in_the_middle_of_a_line_of_the_log_is_not_lost(slow: Checkout) -> None:
    """What is raised in a finalizer, or where the database of the log cleans up, is raised to nobody."""
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        if line.startswith("terraform_data.slow: Creating"):
            with suppress(BaseException):
                signal.raise_signal(signal.SIGINT)

    with stack(slow, log) as chosen:
        chosen.plan()
        with pytest.raises(KeyboardInterrupt):
            chosen.apply()
        assert lines[-1] == "Terraform has stopped; its state is saved and unlocked."
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_killed_run_lets_terraform_finish(terraform: str, tmp_path: Path) -> None:
    checkout = Checkout.tiny(tmp_path, warehouse=SLOW % 3)
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.infrastructure.harness import Checkout, stack\n"
        "with stack(Checkout(Path(sys.argv[1])), lambda line: print(line, flush=True)) as chosen:\n"
        "    chosen.plan()\n"
        "    chosen.apply()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    for line in process.stdout:
        if "slow: Creating" in line:
            break
    process.kill()
    process.wait()
    state = checkout.stacks / "warehouse" / "terraform.tfstate"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        resources = json.loads(state.read_text() or "{}").get("resources", []) if state.exists() else []
        if {r["name"] for r in resources} == {"quick", "slow"} and all(
            i.get("status") != "tainted" for r in resources for i in r["instances"]
        ):
            break
        time.sleep(0.2)
    with stack(checkout) as chosen:
        assert chosen.plan().changes == ()


def test_what_killed_runs_left_is_removed_a_day_later(terraform: str, tmp_path: Path) -> None:
    checkout = Checkout.tiny(tmp_path, warehouse="")
    runs = checkout.home / "terraform" / "runs"
    for name, age in (("old", LEFT_BEHIND_SECONDS + 60), ("new", 60)):
        (runs / name).mkdir(parents=True)
        os.utime(runs / name, (time.time() - age,) * 2)
    with checkout.resource().opened("now"):
        assert {path.name for path in runs.iterdir()} == {"new", "now"}
    assert {path.name for path in runs.iterdir()} == {"new"}


def test_a_held_lock_names_its_holder_and_the_way_out(slow: Checkout) -> None:
    slow.terraform("warehouse", "init")
    holder = subprocess.Popen(
        ["terraform", "apply", "-auto-approve"],
        cwd=slow.stacks / "warehouse",
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        mark = slow.stacks / "warehouse" / ".terraform.tfstate.lock.info"
        until(lambda: mark.exists() or None, 120, "no lock is held")
        lock = json.loads(mark.read_text())
        with stack(slow, lock_seconds=1) as chosen:
            started = time.monotonic()
            with pytest.raises(TerraformError) as refused:
                chosen.plan()
            waited = time.monotonic() - started
    finally:
        holder.send_signal(signal.SIGINT)
        holder.wait(120)
    assert refused.value.kind == "locked"
    assert 1 <= waited < 100
    told = str(refused.value)
    assert f"locked by {lock['Who']} since" in told
    assert "(OperationTypeApply), and did not come free within 1s" in told
    assert f"sparkify infra unlock {lock['ID']} --env dev" in told
    assert "\n" not in told


def test_a_missing_terraform_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        InfrastructureError, match=r"^Terraform is not on the PATH; install Terraform 1\.11 or newer"
    ) as e:
        Checkout.tiny(tmp_path, warehouse="").resource().require_terraform(quiet)
    assert "\n" not in str(e.value)


def test_an_old_terraform_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "terraform-1.10"
    old.mkdir()
    (old / "terraform").write_text('#!/bin/sh\necho \'{"terraform_version": "1.10.5"}\'\n')
    (old / "terraform").chmod(0o755)
    monkeypatch.setenv("PATH", f"{old}:{os.environ['PATH']}")
    with pytest.raises(
        InfrastructureError, match=r"^Terraform 1\.10\.5 is too old; install Terraform 1\.11 or newer"
    ):
        Checkout.tiny(tmp_path / "checkout", warehouse="").resource().require_terraform(quiet)
