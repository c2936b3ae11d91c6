"""Runs of the command line, in its own process."""

from __future__ import annotations

from contextlib import suppress

import dagster as dg

from sparkify_assets.defs.instance import run_of_this_process


@dg.op
def work() -> None:
    """Nothing."""


@dg.job
def busy() -> None:
    """One step."""
    work()


def test_a_run_that_is_interrupted_before_its_first_step_is_ended() -> None:
    """Dagster itself ends one that is interrupted in a step; not one that it has only made."""
    with dg.DagsterInstance.ephemeral() as instance:
        with suppress(KeyboardInterrupt), run_of_this_process(instance) as run_id:
            instance.create_run_for_job(busy, run_id=run_id)
            raise KeyboardInterrupt
        run = instance.get_run_by_id(run_id)
        assert run
        assert run.status is dg.DagsterRunStatus.CANCELED


def test_a_run_that_has_ended_stays_as_it_ended() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        with run_of_this_process(instance) as run_id:
            busy.execute_in_process(instance=instance, run_id=run_id)
        run = instance.get_run_by_id(run_id)
        assert run
        assert run.status is dg.DagsterRunStatus.SUCCESS
