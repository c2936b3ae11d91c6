"""The sweep of test_fault_sweep.py over the real stacks: Terraform killed at its work in each of them, and in its end.
Whatever exists then is in a state, or the command has named it; and it is not made a second time.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infrastructure.harness import Checkout, Emulator
from tests.infrastructure.test_cli import infra
from tests.infrastructure.test_fault_sweep import kill_in

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2400)]


def unknown(emulator: Emulator, checkout: Checkout) -> list[str]:
    """What carries the project's tags and is in no state."""
    tagging = emulator.client("resourcegroupstaggingapi")
    pages = tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": "Project", "Values": ["sparkify"]}]
    )
    states = "".join(
        path.read_text() for path in checkout.stacks.glob("*/terraform.tfstate") if path.is_file()
    )
    arns = pages.search("ResourceTagMappingList[].ResourceARN")
    return [arn for arn in arns if arn.replace(":", "/").rpartition("/")[2] not in states]


@pytest.mark.parametrize("seconds", [4, 15])
@pytest.mark.parametrize("stack", ["foundation", "warehouse"])
def test_a_terraform_that_is_killed_at_work_leaves_nothing_unnamed(
    terraform: str, emulator: Emulator, tmp_path: Path, cluster_port: int, stack: str, seconds: int
) -> None:
    emulator.forget_everything()
    emulator.control(redshift_host="127.0.0.1", create_seconds=10, faults={})
    checkout = Checkout.make(tmp_path)
    text = (checkout.stacks.parent / "environments" / "dev.tfvars").read_text()
    checkout.add_environment(
        "dev", text.replace("node_count     = 1", f"node_count = 1\n  port = {cluster_port}")
    )
    killed = infra(checkout, "apply", **kill_in(checkout, terraform, "apply", stack, seconds))
    assert killed.returncode == 1
    line = killed.stderr.splitlines()[-1]
    assert line.startswith("error: terraform apply of stack")
    assert "killed by signal 9" in line
    left = [arn.replace(":", "/").rpartition("/")[2] for arn in unknown(emulator, checkout)]
    assert [name for name in left if name not in line] == [], "AWS has it, and nobody was told"
    if left:
        assert "while it was at" in line
        again = infra(checkout, "apply")
        assert again.returncode == 1
        told = again.stderr.splitlines()[-1]
        assert [name for name in left if name not in told] == []
        adopted = infra(checkout, "adopt", "--confirm", "dev")
        assert adopted.returncode == 0, adopted.stderr
        assert unknown(emulator, checkout) == []

    again = infra(checkout, "apply")
    assert again.returncode == 0, again.stderr
    assert unknown(emulator, checkout) == []
    assert infra(checkout, "plan").stdout.splitlines()[0] == "foundation: no changes"

    dead = kill_in(checkout, terraform, "apply", "warehouse", 2)  # a destroy is the apply of its plan
    ended = infra(checkout, "destroy", "--confirm", "dev", **dead)
    if ended.returncode:
        assert "killed by signal 9" in ended.stderr.splitlines()[-1]
        assert "Gone." not in ended.stdout
    last = infra(checkout, "destroy", "--confirm", "dev")
    assert last.returncode == 0 or "but this is left" in last.stderr.splitlines()[-1], last.stderr
