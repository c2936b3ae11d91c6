"""What the jobs are made of: their steps in order, no retries, no values between them."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.infra.jobs import STACKS_FOLDER, infrastructure_defs

JOBS = (
    "plan_infrastructure",
    "provision_infrastructure",
    "destroy_infrastructure",
    "pause_warehouse",
    "resume_warehouse",
    "detect_drift",
)


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_never_retried_as_a_run(tmp_path: Path, name: str) -> None:
    """https://docs.dagster.io/deployment/execution/run-retries"""
    job = infrastructure_defs(tmp_path).resolve_job_def(name)
    assert job.tags["dagster/max_retries"] == "0"


@pytest.mark.parametrize("name", JOBS)
def test_every_launchpad_takes_plain_fields(tmp_path: Path, name: str) -> None:
    job = infrastructure_defs(tmp_path).resolve_job_def(name)
    needed = {"confirm": "prod"} if name == "destroy_infrastructure" else {}
    assert dg.validate_run_config(job, {"environment": "prod", **needed})
    assert dg.validate_run_config(job, needed), "the default environment need not be named"


def test_steps_stand_in_the_order_in_which_they_are_told(tmp_path: Path) -> None:
    job = infrastructure_defs(tmp_path).resolve_job_def("provision_infrastructure")
    order = [node.name for node in job.nodes_in_topological_order]
    assert order == [
        "init_foundation",
        "validate_foundation",
        "plan_foundation",
        "untaint_foundation",
        "guard_foundation",
        "survey_foundation",
        "foresee_warehouse",
        "apply_foundation",
        "prove_foundation_applied",
        "publish_foundation",
        "init_warehouse",
        "validate_warehouse",
        "wake_cluster",
        "plan_warehouse",
        "untaint_warehouse",
        "guard_warehouse",
        "survey_warehouse",
        "change_cluster",
        "apply_warehouse",
        "prove_warehouse_applied",
        "publish_warehouse",
        "wait_for_cluster",
        "choose_orchestrator",
        "init_orchestrator",
        "validate_orchestrator",
        "plan_orchestrator",
        "untaint_orchestrator",
        "guard_orchestrator",
        "survey_orchestrator",
        "apply_orchestrator",
        "prove_orchestrator_applied",
        "publish_orchestrator",
    ]


def test_no_value_passes_between_steps(tmp_path: Path) -> None:
    """What passes is pickled into Dagster's storage."""
    definitions = infrastructure_defs(tmp_path)
    for name in JOBS[:-1]:
        for node in definitions.resolve_job_def(name).nodes:
            for output in node.definition.output_defs:
                assert output.dagster_type.is_nothing, f"{name}: {node.name}"


def test_definitions_load_without_terraform_and_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    definitions = infrastructure_defs(tmp_path / "home")
    dg.Definitions.validate_loadable(definitions)
    assert STACKS_FOLDER.is_dir()
    assert not (tmp_path / "home").exists(), "loading the definitions must not write anything"
