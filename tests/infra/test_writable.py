"""Commands typed by somebody who may not write where they have to: refused in one line, before anything is begun.

Where the tests run as root, they are typed as another user; elsewhere as the owner of folders without the right to
write.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sparkify_assets.defs.instance import HomeError, require_own
from sparkify_assets.infra import InfrastructureError
from sparkify_assets.infra.state_backend import keep_state_local, share_state
from sparkify_assets.infra.terraform import quiet
from sparkify_assets.infra.writable import OVERRIDE, require_writable
from tests.infrastructure.harness import REGION, Checkout
from tests.infrastructure.test_cli import start

ROOT_RUNS = os.geteuid() == 0
OTHER = pwd.getpwnam("nobody")
AS_OTHER = ["setpriv", f"--reuid={OTHER.pw_uid}", f"--regid={OTHER.pw_gid}", "--clear-groups"]
OWNER = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def server(terraform: str) -> Iterator[Checkout]:
    """A checkout of this user's in which another types, whose own the state directory is; everybody may look in."""
    folder = Path(tempfile.mkdtemp(prefix="sparkify-"))
    folder.chmod(0o755)
    checkout = Checkout.tiny(folder, foundation='resource "terraform_data" "this" {}', warehouse="")
    checkout.home.mkdir()
    if ROOT_RUNS:
        os.chown(checkout.home, OTHER.pw_uid, OTHER.pw_gid)
    else:
        for stack in checkout.stacks.iterdir():
            stack.chmod(0o500)
    yield checkout
    shutil.rmtree(folder)


def typed(checkout: Checkout, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(checkout.home), "TF_CLI_CONFIG_FILE": os.devnull}
    process = start(checkout, *command, before=AS_OTHER if ROOT_RUNS else (), **environment)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.mark.parametrize("command", [("apply",), ("backend", "s3", "--bucket", "team-terraform-state")])
def test_a_checkout_of_somebody_else_is_named_before_anything_is_begun(
    server: Checkout, command: tuple[str, ...]
) -> None:
    done = typed(server, *command)
    me = OTHER.pw_name if ROOT_RUNS else OWNER
    assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (
        1,
        "",
        f"error: {server.stacks / 'foundation'}: Permission denied for {me}, nothing was begun;"
        f" type it as {OWNER}: sudo -u {OWNER} …",
    )
    assert not (server.home / "dagster" / "history").exists()


def test_folders_that_the_group_may_write_are_enough(server: Checkout) -> None:
    for stack in server.stacks.iterdir():
        if ROOT_RUNS:
            os.chown(stack, -1, OTHER.pw_gid)
        stack.chmod(0o2775)
    done = typed(server, "plan")
    assert "foundation: 1 to add" in done.stdout, done.stderr  # with a lock beside the state
    assert "ermission denied" not in done.stderr


def test_what_only_looks_writes_nothing_where_the_states_are_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "foundation").mkdir()
    monkeypatch.setattr(os, "access", lambda path, *_, **__: path != folder)  # as root may write everywhere
    with pytest.raises(InfrastructureError, match=f"{folder}: Permission denied"):
        require_writable(tmp_path, for_state_only=True)
    (folder / OVERRIDE).touch()
    require_writable(tmp_path, for_state_only=True)
    with pytest.raises(InfrastructureError, match=f"{folder}: Permission denied"):
        require_writable(tmp_path)


@pytest.mark.parametrize("to_s3", [True, False])
def test_no_state_moves_unless_all_can(
    terraform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to_s3: bool
) -> None:
    checkout = Checkout.tiny(tmp_path, foundation="", warehouse="")
    (checkout.stacks / "foundation" / OVERRIDE).touch()
    monkeypatch.setattr(os, "access", lambda path, *_, **__: path != checkout.stacks / "warehouse")
    share = partial(share_state, bucket="team-terraform-state", region=REGION, create=True)
    move = share if to_s3 else keep_state_local
    with (
        checkout.resource().opened("move") as resource,
        pytest.raises(InfrastructureError, match="warehouse: Perm"),
    ):
        move(resource, log=quiet)
    assert (checkout.stacks / "foundation" / OVERRIDE).read_text() == ""


def test_root_leaves_nothing_in_the_state_directory_of_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it would leave there (0700) the service could not write, and every run after it would fail."""
    if ROOT_RUNS:
        os.chown(tmp_path, OTHER.pw_uid, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    owner = OTHER.pw_name if ROOT_RUNS else OWNER
    with pytest.raises(
        HomeError, match=f"{tmp_path}: Permission denied .*belongs to {owner}, .*sudo -u {owner} "
    ):
        require_own(tmp_path)
