"""A Dagster run in this process, and how it ended: what every command does that starts a run.

Belongs here: that the run's own success decides, whatever its steps did or never came to, and why it failed, in lines.
Does not: what the run does (`load_assets`, `infra.jobs`), nor the storage of Dagster's records (`instance`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparkify_assets.defs.instance import run_of_this_process, this_process
from sparkify_assets.defs.run_errors import errors_of, was_interrupted
from sparkify_assets.errors import SparkifyError, describe_error, keep_trace
from sparkify_assets.interruption import apart
from sparkify_assets.warehouse.errors import is_foreseen

if TYPE_CHECKING:
    import dagster as dg


class RunError(SparkifyError):
    """A run could not begin, or Dagster could not record it, so that nothing is known about its success."""


@dataclass(frozen=True)
class Ended:
    """How a run ended. `errors` says why it did not succeed, in lines; what a load names as not loaded is not among
    them. They are empty after a success, and only what succeeded has all of its metadata. `interrupted` is whether
    Ctrl-C or a signal came, even where the run succeeded nevertheless.
    """

    result: dg.ExecuteInProcessResult
    errors: list[str]
    interrupted: bool

    @property
    def succeeded(self) -> bool:
        """Whether the run as a whole succeeded, by its own record."""
        return self.result.success


@dataclass
class _Run:
    """A run in a thread of its own; `instance` and `run_id` are known once it has begun."""

    instance: dg.DagsterInstance | None = None
    run_id: str = ""

    def canceling(self) -> bool:
        """Whether the run may be interrupted: it has started, and is known to be canceled, without which Dagster takes
        an interruption for a failure.
        """
        import dagster as dg

        try:
            run = self.instance and self.instance.get_run_by_id(self.run_id)
            if not self.instance or not run or run.status is not dg.DagsterRunStatus.STARTED:
                return False
            self.instance.report_run_canceling(run, "interrupted")
        except Exception:  # noqa: BLE001 - what cannot be recorded keeps nobody from leaving
            return True
        return True

    def canceled(self) -> None:
        """Record that the run is canceled."""
        with suppress(Exception):  # the next run of a command records it
            if self.instance and (run := self.instance.get_run_by_id(self.run_id)) and not run.is_finished:
                self.instance.report_run_canceled(run, "interrupted")


def run_here(
    job: dg.JobDefinition, open_instance: Callable[[], dg.DagsterInstance], home: Path, **options: Any
) -> Ended:
    """Run a job in this process, on the instance that `open_instance` opens, and return how it ended. Ctrl-C ends it as
    soon as the job asks (`interruption`), and a second one leaves it behind.

    `home` is the state directory, for the traces of unforeseen errors; `options` are those of
    JobDefinition.execute_in_process. Raises RunError, and KeyboardInterrupt where it is left behind.
    """
    import dagster as dg
    from sqlalchemy.exc import SQLAlchemyError

    begun = _Run()

    def run() -> dg.ExecuteInProcessResult:
        with open_instance() as instance, run_of_this_process(instance) as run_id:
            begun.instance, begun.run_id = instance, run_id
            tags = {**options.pop("tags", {}), **this_process()}
            return job.execute_in_process(
                instance=instance, run_id=run_id, tags=tags, raise_on_error=False, **options
            )

    try:
        result, asked = apart(run, begun.canceling, begun.canceled)
    except (OSError, SQLAlchemyError, dg.DagsterError) as error:
        foreseen = is_foreseen(error) or isinstance(error, dg.DagsterInvalidConfigError)
        trace = "" if foreseen else keep_trace(home, error)
        raise RunError(
            f"whether {job.name} succeeded is not recorded: {describe_error(error)}{trace}; what it did is kept,"
            " and the same command again goes on where it ended"
        ) from None
    return Ended(result, errors_of(result, home), asked or was_interrupted(result))
