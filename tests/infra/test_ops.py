"""What the ops refuse while loads run, and that an interrupted creation is finished."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.defs.instance import PROCESS_TAG
from sparkify_assets.infra import ops
from sparkify_assets.warehouse import cluster_state
from tests.infrastructure.harness import (
    ANSWERED_SECONDS,
    TINY_CLUSTER,
    Checkout,
    Emulator,
    Interruption,
    stack,
)
from tests.page import until


@pytest.mark.parametrize(
    ("job", "step", "config", "status"),
    [
        ("destroy_infrastructure", "confirm_destroy", {"confirm": "dev"}, dg.DagsterRunStatus.STARTED),
        ("destroy_infrastructure", "confirm_destroy", {"confirm": "dev"}, dg.DagsterRunStatus.STARTING),
        ("pause_warehouse", "pause_cluster", {}, dg.DagsterRunStatus.CANCELING),
    ],
)
def test_nothing_is_taken_away_under_a_load(
    terraform: str, tmp_path: Path, job: str, step: str, config: dict[str, str], status: dg.DagsterRunStatus
) -> None:
    checkout = Checkout.tiny(tmp_path, warehouse="")

    @dg.op
    def load_events() -> None: ...

    @dg.job
    def load() -> None:
        load_events()

    with checkout.instance() as instance:
        running = instance.create_run_for_job(load, status=status)
    run = checkout.run(job, config)
    assert list(run.failures) == [step]
    assert run.failures[step].startswith(f"refused while loads run: load {running.run_id[:8]}")


def test_a_load_whose_process_was_killed_is_none(terraform: str, tmp_path: Path) -> None:
    """Nobody would ever end it, and the environment could never be destroyed."""

    checkout = Checkout.tiny(tmp_path, warehouse="")

    @dg.job
    def load() -> None: ...

    with subprocess.Popen(["true"]) as gone:
        pass
    with checkout.instance() as instance:
        tags = {PROCESS_TAG: f"{socket.gethostname()}:{gone.pid}"}
        killed = instance.create_run_for_job(load, status=dg.DagsterRunStatus.STARTED, tags=tags).run_id
    run = checkout.run("pause_warehouse", {"environment": "dev"})
    assert run.failures["pause_cluster"].startswith("there is no warehouse"), "it was not refused"
    with checkout.instance() as instance:
        ended = instance.get_run_by_id(killed)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.FAILURE


def test_a_cluster_whose_creation_was_cancelled_is_kept_and_finished(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terraform by itself would replace it, which the guard would refuse: launching again has to do."""
    monkeypatch.setattr(cluster_state, "POLL_SECONDS", 0.5)
    checkout = Checkout.tiny(tmp_path, warehouse=TINY_CLUSTER.replace('"tiny"', '"sparkify-dev"'))
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
