"""A Dagster run in this process, and how it ended: what every command does that starts a run.

Belongs here: that the run's own success decides, whatever its steps did or never came to, and why it failed, in lines.
Does not: what the run does (`load_assets`, `infra.jobs`), nor the storage of Dagster's records (`instance`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparkify_assets.defs.instance import run_of_this_process, this_process
from sparkify_assets.defs.run_errors import errors_of, was_interrupted
from sparkify_assets.errors import SparkifyError, describe_error, keep_trace
from sparkify_assets.warehouse.errors import is_foreseen

if TYPE_CHECKING:
    import dagster as dg


class RunError(SparkifyError):
    """A run could not begin, or Dagster could not record it, so that nothing is known about its success."""


@dataclass(frozen=True)
class Ended:
    """How a run ended. `errors` says why it did not succeed, in lines; what a load names as not loaded is not among
    them. They are empty after a success, and only what succeeded has all of its metadata.
    """

    result: dg.ExecuteInProcessResult
    errors: list[str]

    @property
    def succeeded(self) -> bool:
        """Whether the run as a whole succeeded, by its own record."""
        return self.result.success

    @property
    def interrupted(self) -> bool:
        """Whether it was ended by Ctrl-C or a signal, in a step or outside of one."""
        return was_interrupted(self.result)


def run_here(
    job: dg.JobDefinition, open_instance: Callable[[], dg.DagsterInstance], home: Path, **options: Any
) -> Ended:
    """Run a job in this process, on the instance that `open_instance` opens, and return how it ended.

    `home` is the state directory, for the traces of unforeseen errors; `options` are those of
    JobDefinition.execute_in_process. Raises RunError.
    """
    import dagster as dg
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with open_instance() as instance, run_of_this_process(instance) as run_id:
            tags = {**options.pop("tags", {}), **this_process()}
            result = job.execute_in_process(
                instance=instance, run_id=run_id, tags=tags, raise_on_error=False, **options
            )
        return Ended(result, errors_of(result, home))
    except (OSError, SQLAlchemyError, dg.DagsterError) as error:
        foreseen = is_foreseen(error) or isinstance(error, dg.DagsterInvalidConfigError)
        trace = "" if foreseen else keep_trace(home, error)
        raise RunError(
            f"whether {job.name} succeeded is not recorded: {describe_error(error)}{trace}; what it did is kept,"
            " and the same command again goes on where it ended"
        ) from None
