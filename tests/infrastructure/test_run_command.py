"""`sparkify run` on stacks of the tests' own: what it says when it fails early, and when even its end is stopped. The
whole life of a cluster is in tests/redshift/test_lifecycle.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from tests.infrastructure.harness import Checkout, Emulator
from tests.infrastructure.test_cli import start

#: A warehouse without a cluster, so that the life ends after it was provisioned; its end takes a while.
NO_CLUSTER = """
resource "terraform_data" "this" {
  provisioner "local-exec" {
    when    = destroy
    command = "sleep %d"
  }
}
"""


def begin(checkout: Checkout, small_sample: Path, **environment: str) -> subprocess.Popen[str]:
    return start(checkout, command="run", SPARKIFY_SOURCE=str(small_sample), **environment)


def test_a_life_that_fails_is_destroyed_and_says_nothing_is_left(
    emulator: Emulator, tmp_path: Path, small_sample: Path
) -> None:
    checkout = Checkout.tiny(tmp_path, foundation="", warehouse=NO_CLUSTER % 0)
    process = begin(checkout, small_sample)
    out, err = process.communicate()
    assert process.returncode == 1
    assert "Stopped in provision: there is no warehouse in environment dev" in out
    assert "Nothing is left of environment dev." in out
    last = out.splitlines()[-1]
    assert " minutes: provision " in last
    assert last.endswith(". What they cost is not known (prices are in terraform/cost.md).")
    assert err.splitlines()[-1].startswith("error: there is no warehouse in environment dev")
    assert "Traceback" not in out + err


def test_a_destroy_that_is_terminated_says_what_is_left_and_how_to_go_on(
    emulator: Emulator, tmp_path: Path, small_sample: Path
) -> None:
    checkout = Checkout.tiny(tmp_path, foundation="", warehouse=NO_CLUSTER % 60)
    process = begin(checkout, small_sample)
    assert process.stderr
    for line in process.stderr:
        if "terraform_data.this: Destroying" in line:
            os.kill(process.pid, signal.SIGTERM)
            break
    out, err = process.communicate()
    assert process.returncode != 0
    assert "Not ended: interrupted" in out
    assert "Left of warehouse: 1 resources, such as terraform_data.this." in out
    assert out.count("sparkify infra destroy --env dev") == 2, "at once, and below what is left"
    assert "Traceback" not in out + err
    assert checkout.terraform("warehouse", "state", "list").split() == ["terraform_data.this"]


def test_without_terraform_nothing_is_claimed(terraform: str, tmp_path: Path, small_sample: Path) -> None:
    checkout = Checkout.tiny(tmp_path, foundation="", warehouse="")
    process = begin(checkout, small_sample, PATH=str(tmp_path))
    out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    (line,) = err.splitlines()
    assert line.startswith("error: Terraform is not on the PATH")
