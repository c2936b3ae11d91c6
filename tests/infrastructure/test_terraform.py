"""How Terraform is run: followed, cancelled, killed, locked out; what a person is told when it fails. The stacks
here are tiny ones; most need no provider.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.infra import InfrastructureError, ops
from sparkify_assets.infra.stack import Stack
from sparkify_assets.infra.terraform import LEFT_BEHIND_SECONDS, Log, TerraformError, TerraformUnusable, quiet
from sparkify_assets.warehouse import cluster_state
from tests.infrastructure.harness import ROOT, Checkout, Emulator
from tests.page import until

#: A resource that is done at once, and one that takes a while.
SLOW = """
resource "terraform_data" "quick" {}

resource "terraform_data" "slow" {
  depends_on = [terraform_data.quick]

  provisioner "local-exec" {
    command = "sleep %d"
  }
}
"""

CLUSTER = """
resource "aws_redshift_cluster" "this" {
  cluster_identifier  = "tiny"
  node_type           = "ra3.large"
  master_username     = "somebody"
  manage_master_password = true
  skip_final_snapshot = true
}
"""


@contextmanager
def stack(checkout: Checkout, log: Log = quiet, **changes: object) -> Iterator[Stack]:
    """Stack warehouse of a tiny checkout, made ready."""
    with checkout.resource(**changes).opened("test") as resource:
        chosen = Stack(resource, "warehouse", log)
        chosen.init()
        yield chosen


@pytest.fixture
def slow(terraform: str, tmp_path: Path) -> Checkout:
    return Checkout.tiny(tmp_path, warehouse=SLOW % 200)


# ---------------------------------------------------------------- cancelled, killed, locked out


class Interruption(BaseException):
    """What Dagster raises on cancellation is, like this, no Exception."""


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
        "from tests.infrastructure.test_terraform import Checkout, stack\n"
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
    assert f"terraform force-unlock {lock['ID']}" in told
    assert "\n" not in told


#: From when the emulator shows a thing until Terraform has had the answer that it is being made.
ANSWERED_SECONDS = 4


def test_a_cluster_whose_creation_was_cancelled_is_kept_and_finished(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terraform by itself would replace it, which the guard would refuse: launching again has to do."""
    monkeypatch.setattr(cluster_state, "POLL_SECONDS", 0.5)
    checkout = Checkout.tiny(tmp_path, warehouse=CLUSTER.replace('"tiny"', '"sparkify-dev"'))
    clusters = emulator.client("redshift").describe_clusters
    seen: list[float] = []

    def log(line: str) -> None:
        if line.startswith("aws_redshift_cluster.this: Creating"):
            until(lambda: clusters()["Clusters"] or None, 60, "no cluster is being created")
            seen.append(time.monotonic())
            time.sleep(ANSWERED_SECONDS)
            raise Interruption

    @dg.job(executor_def=dg.in_process_executor)
    def up_to_the_guard() -> None:
        ops.guard("warehouse")(ops.untaint("warehouse")(ops.plan("warehouse")(ops.init("warehouse")())))

    emulator.control(create_seconds=600)
    try:
        with stack(checkout, log) as chosen:
            chosen.plan()
            with pytest.raises(Interruption):
                chosen.apply()
        [begun] = clusters()["Clusters"]
        assert begun["ClusterStatus"] == "creating"
        emulator.control(create_seconds=time.monotonic() - seen[0] + 10)
        again = checkout.run(up_to_the_guard)
    finally:
        emulator.control(create_seconds=0)
    assert again.success, again.failures
    assert again.metadata["plan_warehouse.plan"] == "1 to replace"
    assert again.metadata["untaint_warehouse.plan"] == "no changes"
    [kept] = clusters()["Clusters"]
    assert kept["ClusterStatus"] == "available"
    assert kept["ClusterNamespaceArn"] == begun["ClusterNamespaceArn"], "it is another cluster"


# ---------------------------------------------------------------- what AWS refuses


@pytest.fixture(scope="module")
def tiny_cluster(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.tiny(tmp_path_factory.mktemp("aws"), warehouse=CLUSTER)


def test_expired_credentials_are_told_as_such(tiny_cluster: Checkout, emulator: Emulator) -> None:
    expired = ("ExpiredToken", "The security token included is expired")
    with (
        stack(tiny_cluster) as chosen,
        emulator.failing(sts_GetCallerIdentity=expired),
        pytest.raises(TerraformError) as failed,
    ):
        chosen.plan()
    assert failed.value.kind == "expired"
    assert "credentials have expired" in str(failed.value)


def test_what_aws_refuses_is_told_as_such_and_can_be_applied_again(
    tiny_cluster: Checkout, emulator: Emulator
) -> None:
    quota = ("NumberOfNodesQuotaExceeded", "You have reached your limit of nodes.")
    with stack(tiny_cluster) as chosen:
        chosen.plan()
        with emulator.failing(redshift_CreateCluster=quota), pytest.raises(TerraformError) as failed:
            chosen.apply()
        assert failed.value.kind == "quota"
        assert "You have reached your limit of nodes." in str(failed.value)
        assert failed.value.diagnostics[0].address == "aws_redshift_cluster.this"
        with pytest.raises(InfrastructureError, match="launch the whole job again"):
            chosen.apply()  # a plan is applied once

        assert chosen.plan().summary == "1 to add"
        emulator.client("redshift").create_cluster(  # outside of the state
            ClusterIdentifier="tiny", NodeType="ra3.large", MasterUsername="x", MasterUserPassword="Xx123456"
        )
        with pytest.raises(TerraformError) as failed:
            chosen.apply()
        assert failed.value.kind == "exists"
        assert "terraform import" in str(failed.value)


# ---------------------------------------------------------------- Terraform itself


def test_a_missing_terraform_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        TerraformUnusable, match=r"^Terraform is not on the PATH; install Terraform 1\.11 or newer"
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
        TerraformUnusable, match=r"^Terraform 1\.10\.5 is too old; install Terraform 1\.11 or newer"
    ):
        Checkout.tiny(tmp_path / "checkout", warehouse="").resource().require_terraform(quiet)


def test_an_unknown_environment_is_one_line(terraform: str, tmp_path: Path) -> None:
    prood = Checkout.tiny(tmp_path, warehouse="").resource(environment="prood")
    with (
        prood.opened("test") as resource,
        pytest.raises(InfrastructureError, match=r"there is no environment 'prood'; .* has dev"),
    ):
        Stack(resource, "warehouse").init()


def test_an_invalid_configuration_names_the_place(terraform: str, tmp_path: Path) -> None:
    checkout = Checkout.tiny(tmp_path, warehouse='output "x" {\n  value = var.missing\n}\n')
    with stack(checkout) as chosen, pytest.raises(TerraformError) as failed:
        chosen.validate()
    assert "Reference to undeclared input variable" in str(failed.value)


# ---------------------------------------------------------------- secrets


SENSITIVE = """
resource "terraform_data" "this" {
  input = sensitive("%s")
}

output "password" {
  value     = terraform_data.this.output
  sensitive = true
}

output "host" {
  value = "example"
}
"""


def test_a_sensitive_value_reaches_neither_logs_nor_outputs(
    terraform: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "hunter2-not-for-the-log"
    lines: list[str] = []
    with stack(Checkout.tiny(tmp_path, warehouse=SENSITIVE % secret), lines.append) as chosen:
        planned = chosen.plan()
        chosen.apply()
        assert chosen.outputs() == {"host": "example"}
        private = chosen.terraform.run_folder
        assert private.stat().st_mode & 0o077 == 0
        state = chosen.terraform.stacks + "/warehouse/terraform.tfstate"
        assert Path(state).stat().st_mode & 0o077 == 0
    assert not private.exists()
    assert not logging.getLogger("python_terraform").isEnabledFor(logging.DEBUG)
    for said in (*lines, planned.text(), planned.markdown(), caplog.text):
        assert secret not in said
    assert any("Apply complete" in line for line in lines)
