"""The sweep of test_fault_sweep.py over the real stacks: Terraform killed at its work in each of them, and in its end.
Whatever exists then is in a state, or the command has named it; and it is not made a second time.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.infrastructure.harness import Checkout, Emulator
from tests.infrastructure.test_cli import infra

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2400)]

#: Terraform, killed in the apply of a stack two seconds after it has made a call, however fast the machine is.
KILLED = """#!/bin/sh
case "$1:$PWD" in apply:*{stack})
    (until grep -qx 'terraform {call}' {calls}; do kill -0 $$ || exit; sleep 0.1; done; sleep 2; kill -KILL $$) & ;;
esac
exec {terraform} "$@"
"""


def kill_after(
    checkout: Checkout, terraform: str, emulator: Emulator, stack: str, call: str
) -> dict[str, str]:
    """The environment in which Terraform is killed."""
    folder = checkout.folder / "bin"
    folder.mkdir(exist_ok=True)
    text = KILLED.format(stack=stack, call=call, calls=emulator.calls_file, terraform=terraform)
    (folder / "terraform").write_text(text)
    (folder / "terraform").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


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
    # moto has ARNs of its own for things of EC2, whose IDs are unique
    names = [(arn, arn.rpartition("/")[2] if ":ec2:" in arn else arn) for arn in arns]
    return [arn for arn, name in names if f'"{name}"' not in states]


# Each call makes what AWS is at for longer than two seconds, so that no state has it then.
@pytest.mark.parametrize(
    ("stack", "call", "kind", "deletion"),
    [
        ("foundation", "ec2:CreateVpc", "ec2:vpc vpc-", "aws ec2 delete-vpc "),
        ("foundation", "sqs:CreateQueue", "sqs:queue http", "aws sqs delete-queue "),
        (
            "warehouse",
            "redshift:CreateCluster",
            "redshift:cluster sparkify-dev",
            "aws redshift delete-cluster ",
        ),
    ],
)
def test_a_terraform_that_is_killed_at_work_leaves_nothing_unnamed(
    terraform: str,
    emulator: Emulator,
    tmp_path: Path,
    cluster_port: int,
    stack: str,
    call: str,
    kind: str,
    deletion: str,
) -> None:
    emulator.forget_everything()
    emulator.control(redshift_host="127.0.0.1", create_seconds=10, faults={})
    checkout = Checkout.make(tmp_path)
    text = (checkout.stacks.parent / "environments" / "dev.tfvars").read_text()
    checkout.add_environment(
        "dev", text.replace("node_count     = 1", f"node_count = 1\n  port = {cluster_port}")
    )
    killed = infra(checkout, "apply", **kill_after(checkout, terraform, emulator, stack, call))
    assert killed.returncode == 1
    line = killed.stderr.splitlines()[-1]
    assert line.startswith("error: terraform apply of stack")
    assert "killed by signal 9 while it was at" in line
    assert kind in line.partition("Now AWS has, and the state does not: ")[2]
    left = [arn.replace(":", "/").rpartition("/")[2] for arn in unknown(emulator, checkout)]
    assert [name for name in left if name not in line] == [], "AWS has it, and nobody was told"

    again = infra(checkout, "apply")
    assert again.returncode == 1
    told = again.stderr.splitlines()[-1]
    assert "sparkify infra adopt --env dev" in told
    assert deletion in told
    assert [name for name in left if name not in told] == []
    adopted = infra(checkout, "adopt", "--confirm", "dev")
    assert adopted.returncode == 0, adopted.stderr
    assert unknown(emulator, checkout) == []

    again = infra(checkout, "apply")
    assert again.returncode == 0, again.stderr
    assert unknown(emulator, checkout) == []
    assert infra(checkout, "plan").stdout.splitlines()[0] == "foundation: no changes"

    # a destroy is the apply of its plan
    dead = kill_after(checkout, terraform, emulator, "warehouse", "redshift:DeleteCluster")
    ended = infra(checkout, "destroy", "--confirm", "dev", **dead)
    if ended.returncode:  # otherwise it had done all of the rest in two seconds
        assert "killed by signal 9" in ended.stderr.splitlines()[-1]
        assert "Gone." not in ended.stdout
    last = infra(checkout, "destroy", "--confirm", "dev")
    assert last.returncode == 0 or "but this is left" in last.stderr.splitlines()[-1], last.stderr
