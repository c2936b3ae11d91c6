"""Where the daily schedule looks for drift."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from sparkify_assets.infra.jobs import infrastructure_defs
from tests.infrastructure.harness import Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Each test's own, because each writes other states."""
    return Checkout.make(tmp_path)


def _tick(checkout: Checkout) -> list[str] | str:
    """The environments that the schedule asks runs for, each with a configuration that the job takes; or why none."""
    definitions = infrastructure_defs(checkout.home, checkout.stacks)
    schedule = definitions.resolve_schedule_def("daily_drift")
    with dg.build_schedule_context(scheduled_execution_time=datetime(2026, 1, 2, 6, tzinfo=UTC)) as context:
        data = schedule.evaluate_tick(context)
    job = definitions.resolve_job_def("detect_drift")
    for request in data.run_requests or []:
        assert dg.validate_run_config(job, request.run_config)
    environments = [request.run_config["environment"] for request in data.run_requests or []]
    return environments or str(data.skip_message)


def test_the_daily_look_skips_where_nothing_is_provisioned(checkout: Checkout) -> None:
    assert _tick(checkout) == "nothing is provisioned from this checkout"


@pytest.mark.parametrize(
    ("state", "environments"),
    [
        ("foundation/terraform.tfstate", ["dev"]),
        ("warehouse/terraform.tfstate.d/prod/terraform.tfstate", ["prod"]),
        ("foundation/backend_override.tf", ["dev", "prod"]),
    ],
)
def test_the_daily_look_is_at_every_environment_that_is(
    terraform: str, checkout: Checkout, state: str, environments: list[str]
) -> None:
    (checkout.stacks / state).parent.mkdir(parents=True, exist_ok=True)
    (checkout.stacks / state).write_text("")
    assert _tick(checkout) == environments


def test_the_daily_look_does_not_hinder_who_has_no_terraform(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout.stacks / "foundation" / "terraform.tfstate").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _tick(checkout) == "Terraform is not on the PATH"
