"""The long variants of the life of an environment: by hand, killed, locked out, half made, and every way in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.deploy.policies import not_allowed
from tests.infrastructure.harness import ANSWERED_SECONDS, ROOT, Checkout, Emulator, JobRun
from tests.infrastructure.test_cli import infra
from tests.page import until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]

RUN = """
import signal, sys
from pathlib import Path
from tests.infrastructure.harness import Checkout

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
run = Checkout(Path(sys.argv[1])).run("provision_infrastructure", {"environment": "dev"})
sys.exit(not run.success)
"""


@pytest.fixture
def checkout(tmp_path: Path, cluster_port: int) -> Checkout:
    checkout = Checkout.make(tmp_path)
    text = (checkout.stacks.parent / "environments" / "dev.tfvars").read_text()
    checkout.add_environment(
        "dev", text.replace("node_count     = 1", f"node_count = 1\n  port = {cluster_port}")
    )
    return checkout


@pytest.fixture(autouse=True)
def empty_account(emulator: Emulator) -> None:
    """Each test begins with an account without a cluster and a bucket."""
    emulator.forget_everything()
    emulator.control(redshift_host="127.0.0.1", create_seconds=0, faults={})


def provision(checkout: Checkout, environment: str = "dev") -> JobRun:
    return checkout.run("provision_infrastructure", {"environment": environment})


def nothing_differs(checkout: Checkout, environment: str = "dev") -> bool:
    drift = checkout.run("detect_drift", {"environment": environment})
    assert drift.success, drift.failures
    return bool(drift.metadata["passed"]) and drift.metadata["warehouse"] != "not provisioned"


def in_another_process(checkout: Checkout) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(checkout.folder)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_plain_terraform_by_hand(emulator: Emulator, checkout: Checkout) -> None:
    """`terraform init`, `apply`, `destroy` without an argument; dev.tfvars says the same as the defaults."""
    shipped = Checkout.make(checkout.folder / "shipped")
    for stack in ("foundation", "warehouse"):
        shipped.terraform(stack, "init")
        shipped.terraform(stack, "apply", "-auto-approve")
        shipped.terraform(stack, "plan", "-detailed-exitcode", "-var-file=../../environments/dev.tfvars")
    [cluster] = emulator.client("redshift").describe_clusters()["Clusters"]
    assert cluster["ClusterIdentifier"] == "sparkify-dev"
    for stack in ("warehouse", "foundation"):
        shipped.terraform(stack, "destroy", "-auto-approve")
    assert emulator.client("redshift").describe_clusters()["Clusters"] == []
    assert emulator.client("s3").list_buckets()["Buckets"] == []


def test_a_killed_run_lets_its_apply_finish_and_the_next_run_goes_on(
    emulator: Emulator, checkout: Checkout
) -> None:
    run = in_another_process(checkout)
    until(lambda: emulator.client("s3").list_buckets()["Buckets"] or None, 120, "the apply made no bucket")
    os.kill(run.pid, signal.SIGKILL)
    run.wait()

    second = provision(checkout)
    if not second.success:  # Terraform, alone, is still at it, and its state is locked
        assert "the state is locked by" in second.failures["plan_foundation"]
        until(lambda: provision(checkout).success or None, 300, "the killed run's Terraform never ended")
    assert nothing_differs(checkout)


def test_a_second_run_is_told_who_holds_the_lock(emulator: Emulator, checkout: Checkout) -> None:
    """The first one holds the lock for about a minute: the provider watches a new lifecycle rule for so long."""
    first = in_another_process(checkout)
    until(lambda: emulator.client("s3").list_buckets()["Buckets"] or None, 120, "the apply made no bucket")
    second = checkout.run("provision_infrastructure", {"environment": "dev"}, lock_seconds=2)
    assert list(second.failures) == ["plan_foundation"]
    assert "the state is locked by" in second.failures["plan_foundation"]
    assert "did not come free within 2s" in second.failures["plan_foundation"]
    assert "sparkify infra unlock" in second.failures["plan_foundation"]
    assert first.wait(300) == 0, "the first run is not disturbed"
    assert nothing_differs(checkout)


def test_a_cancelled_run_is_finished_by_the_next_one(emulator: Emulator, checkout: Checkout) -> None:
    """Cancelled twice: while the key is being made, and the cluster. Both are kept."""
    emulator.control(create_seconds=60)
    keys, clusters = emulator.client("kms").list_keys, emulator.client("redshift").describe_clusters
    first = in_another_process(checkout)
    [key] = until(lambda: keys()["Keys"] or None, 120, "the apply made no key")
    time.sleep(ANSWERED_SECONDS)
    first.send_signal(signal.SIGINT)
    assert first.wait(120) != 0
    second = in_another_process(checkout)
    [begun] = until(lambda: clusters()["Clusters"] or None, 240, "the apply made no cluster")
    time.sleep(ANSWERED_SECONDS)
    second.send_signal(signal.SIGINT)
    assert second.wait(120) != 0
    finished = provision(checkout)
    assert finished.success, finished.failures
    assert keys()["Keys"] == [key]
    [cluster] = clusters()["Clusters"]
    assert cluster["ClusterNamespaceArn"] == begun["ClusterNamespaceArn"]
    assert nothing_differs(checkout)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("redshift_CreateCluster", "ClusterQuotaExceeded"),
        ("redshift_CreateUsageLimit", "LimitExceededFault"),
        ("redshift_CreateScheduledAction", "ScheduledActionQuotaExceeded"),
    ],
)
def test_a_half_made_stack_heals_by_applying_again(
    emulator: Emulator, checkout: Checkout, call: str, code: str
) -> None:
    with emulator.failing(**{call: (code, "You have reached your limit.")}):
        failed = provision(checkout)
    assert list(failed.failures) == ["apply_warehouse"]
    assert "AWS refuses more" in failed.failures["apply_warehouse"]
    assert "You have reached your limit." in failed.failures["apply_warehouse"]
    healed = provision(checkout)
    assert healed.success, healed.failures
    assert nothing_differs(checkout)


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("access", ["allow_list", "port_forward"])
def test_every_way_in_applies_and_leaves_nothing_to_do(
    emulator: Emulator, checkout: Checkout, access: str, environment: str, cluster_port: int
) -> None:
    path = checkout.stacks.parent / "environments" / f"{environment}.tfvars"
    text = path.read_text().replace('access               = "private"', f'access = "{access}"')
    text = text.replace("warehouse = {", 'warehouse = {\n  client_cidrs = ["203.0.113.7/32"]')
    if "port =" not in text:
        text = text.replace("warehouse = {", f"warehouse = {{\n  port = {cluster_port}")
    path.write_text(text)
    made = provision(checkout, environment)
    assert made.success, made.failures
    assert nothing_differs(checkout, environment)
    if access == "port_forward":
        assert (
            "--document-name AWS-StartPortForwardingSessionToRemoteHost"
            in made.metadata["publish_warehouse.port_forward_command"]
        )
    gone = checkout.run(
        "destroy_infrastructure",
        {
            "environment": environment,
            "confirm": environment,
            "foundation_too": True,
            "confirm_data_loss": made.metadata["publish_foundation.landing_bucket"],
        },
    )
    assert gone.success, gone.failures
    assert not_allowed(emulator.calls("terraform"), "terraform") == set()


#: A warehouse that is a cluster only, with the outputs that the commands show.
SMALL = """
resource "aws_redshift_cluster" "this" {{
  cluster_identifier        = "sparkify-dev"
  database_name             = "sparkify"
  node_type                 = "ra3.large"
  port                      = {port}
  master_username           = "somebody"
  manage_master_password    = true
  final_snapshot_identifier = "sparkify-dev-final"
  tags                      = {{ Project = "sparkify", Environment = "dev", Stack = "warehouse" }}
}}

output "cluster_identifier" {{ value = aws_redshift_cluster.this.cluster_identifier }}
output "warehouse_url" {{ value = "redshift://sparkify-dev/sparkify?region=us-west-2" }}
output "source_url" {{ value = "s3://landing/landing" }}
output "work_url" {{ value = "s3://landing/work" }}
"""


def test_the_command_line_from_apply_to_destroy(
    emulator: Emulator, tmp_path: Path, cluster_port: int
) -> None:
    checkout = Checkout.tiny(tmp_path, foundation="", warehouse=SMALL.format(port=cluster_port))

    def ask(*command: str) -> list[str]:
        done = infra(checkout, *command)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    endpoint = f"The cluster answers at 127.0.0.1:{cluster_port}."
    assert ask("apply") == [
        endpoint,
        "SPARKIFY_WAREHOUSE=redshift://sparkify-dev/sparkify?region=us-west-2",
        "SPARKIFY_SOURCE=s3://landing/landing",
        "SPARKIFY_WORK=s3://landing/work",
    ]
    shown = json.loads("".join(ask("output", "--format", "json")))
    assert shown["warehouse"]["cluster_identifier"] == "sparkify-dev"
    assert ask("pause") == ["The cluster is paused."]
    assert ask("plan") == ["foundation: no changes", "warehouse: no changes"]
    assert ask("drift") == [
        "AWS matches the configuration.",
        "foundation: not provisioned",
        "warehouse: no changes (cluster paused)",
    ]
    assert ask("resume") == [endpoint]
    gone = ask("destroy", "--confirm", "dev")
    assert gone[0] == "Gone. What stays:"
    assert gone[1].startswith("* final snapshot sparkify-dev-final: 2.0 GB, about $0.05 a month")
    assert emulator.client("redshift").describe_clusters()["Clusters"] == []
