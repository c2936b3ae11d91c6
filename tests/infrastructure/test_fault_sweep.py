"""Faults of the machine and of the network under every infrastructure command: never a false success, never a lost
state, never a leftover that nobody names. The stacks are tiny; the same over the real ones is in test_fault_soak.py.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.infrastructure.harness import SLOW, TINY_CLUSTER, Checkout, Emulator
from tests.infrastructure.small_disk import AS_AN_ORDINARY_USER, fill, small_disk
from tests.infrastructure.test_cli import infra, start
from tests.page import until

#: Every command goes through the same function; all but one of them are for `make soak`.
COMMANDS = (
    ("apply",),
    pytest.param(("destroy", "--confirm", "dev"), marks=pytest.mark.soak),
    pytest.param(("pause",), marks=pytest.mark.soak),
    pytest.param(("plan",), marks=pytest.mark.soak),
    pytest.param(("drift",), marks=pytest.mark.soak),
    pytest.param(("resume",), marks=pytest.mark.soak),
)

#: A resource that is there at once, and one that makes the state larger than the block that it had.
GROWING = """
resource "terraform_data" "quick" {}

resource "terraform_data" "slow" {
  depends_on = [terraform_data.quick]
  input      = join("", [for i in range(1000) : "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"])

  provisioner "local-exec" {
    command = "sleep 4"
  }
}
"""


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The error of a command that did not succeed: its last line, after what Terraform has said."""
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout == "", "something was told as done"
    line = done.stderr.splitlines()[-1]
    assert line.startswith("error: ")
    assert "a fault of the program" not in line
    return line


def managed(checkout: Checkout, stack: str) -> list[str]:
    """What the state of a stack knows."""
    return checkout.terraform(stack, "state", "list").split()


# ---------------------------------------------------------------- folders that cannot be written


@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_that_cannot_begin_is_no_success(
    terraform: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    checkout = Checkout.tiny(tmp_path, foundation="", warehouse="")
    runs = checkout.home / "terraform" / "runs"
    runs.mkdir(parents=True)
    runs.chmod(0o500)
    line = one_line(as_an_ordinary_user(checkout, *command))
    assert str(runs) in line
    assert "Permission denied" in line


PLACES = [pytest.param(place, marks=pytest.mark.soak) for place in ("home", "home/dagster", "home/terraform")]


@pytest.mark.parametrize("place", [*PLACES, "terraform/stacks/foundation"])
def test_a_folder_that_cannot_be_written_is_named(terraform: str, tmp_path: Path, place: str) -> None:
    checkout = Checkout.tiny(tmp_path, foundation='resource "terraform_data" "this" {}', warehouse="")
    folder = tmp_path / place
    folder.mkdir(parents=True, exist_ok=True)
    if place == "home/dagster":  # its storage is there, but not for this user
        infra(checkout, "plan")
        for path in folder.rglob("*"):
            path.chmod(0o500 if path.is_dir() else 0o400)
    folder.chmod(0o500)
    line = one_line(as_an_ordinary_user(checkout, "apply"))
    assert str(folder) in line or "terraform.tfstate" in line or "Dagster's storage" in line
    assert "ermission denied" in line or "readonly database" in line


def as_an_ordinary_user(checkout: Checkout, *command: str) -> subprocess.CompletedProcess[str]:
    process = start(checkout, *command, before=AS_AN_ORDINARY_USER)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


# ---------------------------------------------------------------- a full disk


PARTS = [pytest.param(part, marks=pytest.mark.soak) for part in ("the stacks", "the home")]


@pytest.mark.parametrize("on_it", ["everything", *PARTS])
def test_a_disk_that_fills_up_during_an_apply_loses_no_state(
    terraform: str, tmp_path: Path, on_it: str
) -> None:
    with small_disk(tmp_path / "small", 12) as small:
        checkout = Checkout.tiny(
            small if on_it == "everything" else tmp_path / "c", foundation=GROWING, warehouse=""
        )
        if on_it == "the stacks":
            shutil.move(checkout.folder / "terraform", small)
            (checkout.folder / "terraform").symlink_to(small / "terraform")
        if on_it == "the home":
            (small / "home").mkdir()
            checkout.home.symlink_to(small / "home")
        process = start(checkout, "apply")
        assert process.stderr
        for line in process.stderr:
            if "slow: Creating" in line:
                fill(small)
                break
        out, err = process.communicate()
        line = one_line(subprocess.CompletedProcess([], process.returncode, out, err))
        assert "disk is full" in line or "no space left on device" in line or on_it == "the home"

        (small / "ballast").unlink()
        if on_it != "the home":  # there Terraform could save its state itself
            assert "is kept in" in err
            back = one_line(infra(checkout, "plan")).partition("Launch again after: ")[2]
            subprocess.run(back.split(), check=True)
        assert managed(checkout, "foundation") == ["terraform_data.quick", "terraform_data.slow"]


@pytest.mark.soak  # that no room is said beforehand is tested in tests/infra/test_unsaved.py
def test_a_full_disk_is_said_before_anything_is_made(terraform: str, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 12) as small:
        checkout = Checkout.tiny(small, foundation="", warehouse="")
        infra(checkout, "plan")
        fill(small)
        line = one_line(infra(checkout, "apply"))
        assert "no room" in line or "Dagster's storage" in line or "No space left" in line


# ---------------------------------------------------------------- no network, a wrong clock


@pytest.mark.soak  # the provider tries again for most of a minute
def test_an_endpoint_that_refuses_is_one_line(emulator: Emulator, tmp_path: Path) -> None:
    checkout = Checkout.tiny(tmp_path, foundation="", warehouse=TINY_CLUSTER)
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    away = {"AWS_ENDPOINT_URL": nowhere, "AWS_MAX_ATTEMPTS": "1"}
    assert nowhere.removeprefix("http://") in one_line(infra(checkout, "apply", **away))


@pytest.mark.soak  # what the text means is tested in tests/infra/test_diagnostics.py
def test_a_wrong_clock_is_told_as_one(emulator: Emulator, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html"""
    checkout = Checkout.tiny(tmp_path, foundation="", warehouse=TINY_CLUSTER)
    expired = "Signature expired: 20260101T000000Z is now earlier than 20260102T000000Z"
    with emulator.failing(sts_GetCallerIdentity=("SignatureDoesNotMatch", expired)):
        assert "set this machine's clock" in one_line(infra(checkout, "plan"))


# ---------------------------------------------------------------- killed, and two at once

#: Terraform, killed in a command of a stack: at once, or after it has begun its work.
KILLED = """#!/bin/sh
case "$1:$PWD" in {command}:*{stack})
    [ {after} = 0 ] && kill -KILL $$  # one that is started in the background may come after a fast Terraform
    (sleep {after}; kill -KILL $$) & ;;
esac
exec {terraform} "$@"
"""


def kill_in(checkout: Checkout, terraform: str, command: str, stack: str, after: float) -> dict[str, str]:
    """The environment in which Terraform is killed."""
    folder = checkout.folder / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "terraform").write_text(
        KILLED.format(command=command, stack=stack, terraform=terraform, after=after)
    )
    (folder / "terraform").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


ALL_STEPS = [("apply", "init"), ("apply", "validate"), ("apply", "plan"), ("apply", "show"), ("apply", "output"),
             ("destroy", "init"), ("destroy", "state"), ("destroy", "plan"), ("destroy", "show")]  # fmt: skip


@pytest.mark.parametrize(
    ("job", "step"),
    [
        pytest.param(*pair, marks=[] if pair == ("apply", "plan") else pytest.mark.soak, id="-".join(pair))
        for pair in ALL_STEPS
    ],
)
def test_a_terraform_that_is_killed_before_it_changes_anything(
    terraform: str, tmp_path: Path, job: str, step: str
) -> None:
    checkout = Checkout.tiny(tmp_path, foundation="", warehouse='resource "terraform_data" "this" {}')
    if job == "destroy":
        checkout.terraform("warehouse", "init")
        checkout.terraform("warehouse", "apply", "-auto-approve")
    dead = kill_in(checkout, terraform, step, "warehouse", 0)
    confirmed = ("--confirm", "dev") if job == "destroy" else ()
    line = one_line(infra(checkout, job, *confirmed, **dead))
    assert f"terraform {step}" in line
    assert "killed by signal 9" in line
    if job == "destroy":
        assert managed(checkout, "warehouse") == ["terraform_data.this"]


def test_a_terraform_that_is_killed_at_work_names_what_it_was_at(terraform: str, tmp_path: Path) -> None:
    checkout = Checkout.tiny(tmp_path, foundation=SLOW % 30, warehouse="")
    dead = kill_in(checkout, terraform, "apply", "foundation", 3)
    line = one_line(infra(checkout, "apply", **dead))
    assert "killed by signal 9 while it was at terraform_data.slow, which may be on AWS" in line
    assert managed(checkout, "foundation") == ["terraform_data.quick"], "what was finished is known"


@pytest.mark.soak  # that Terraform has a session of its own is tested in tests/infra/test_terraform.py
def test_a_run_that_is_killed_lets_terraform_finish(terraform: str, tmp_path: Path) -> None:
    checkout = Checkout.tiny(tmp_path, foundation=SLOW % 4, warehouse="")
    process = start(checkout, "apply")
    assert process.stderr
    for line in process.stderr:
        if "slow: Creating" in line:
            process.kill()
            break
    process.wait()
    known = ["terraform_data.quick", "terraform_data.slow"]
    until(lambda: managed(checkout, "foundation") == known or None, 60, "Terraform did not finish")
    planned = infra(checkout, "plan", "--format", "json")
    assert json.loads(planned.stdout)["foundation"]["actions"] == {}


@pytest.mark.soak  # what a held lock is told as is tested in tests/infra/test_state_backend.py
def test_of_two_at_once_one_is_told_who_holds_the_lock(terraform: str, tmp_path: Path) -> None:
    checkout = Checkout.tiny(tmp_path, foundation=SLOW % 12, warehouse="")
    first = start(checkout, "apply")
    assert first.stderr
    for line in first.stderr:
        if "slow: Creating" in line:
            break
    second = checkout.run("provision_infrastructure", {"environment": "dev"}, lock_seconds=1)
    assert not second.success
    assert "the state is locked by" in second.failures["plan_foundation"]
    first.communicate()
    assert managed(checkout, "foundation") == ["terraform_data.quick", "terraform_data.slow"]
