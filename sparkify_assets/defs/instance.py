"""The project's Dagster instance: its state directory, and runs that are processes of the command line.

Belongs here: which process a run is, and ending runs whose process has died. Does not: what a run does (`run`).
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from sparkify_assets.errors import SparkifyError, whose, words_of_machine
from sparkify_assets.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

#: The tag that names the host and the process of a run of the command line.
PROCESS_TAG = "sparkify/process"

#: How many events of a batch Dagster keeps back to store them together; without the variable it stores each by itself
#: (DagsterInstance.handle_new_event).
EVENT_BATCH_SIZE = "1000"


_UNCAPTURED = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
}

#: Dagster's settings, as the checkout has them.
DAGSTER_YAML = Path(__file__).resolve().parents[2] / "dagster.yaml"


class HomeError(SparkifyError):
    """The state directory cannot be used."""


def prepare_home(settings: Settings) -> None:
    """Create the state directory with Dagster's settings in it and point Dagster to it. Raises HomeError."""
    require_own(settings.home)
    wanted, there = settings.dagster_yaml or DAGSTER_YAML, settings.dagster_home / "dagster.yaml"
    try:
        settings.dagster_home.mkdir(parents=True, exist_ok=True)
        if not there.exists() or there.read_bytes() != wanted.read_bytes():
            shutil.copyfile(wanted, there)
    except OSError as error:
        reason = words_of_machine(str(error)) or error.strerror
        raise HomeError(f"state directory {settings.home}: {reason}") from None
    os.environ |= {"DAGSTER_HOME": str(settings.dagster_home), "DAGSTER_EVENT_BATCH_SIZE": EVENT_BATCH_SIZE}


def require_own(home: Path) -> None:
    """Raise HomeError if the state directory is there and this user cannot write in it, or is root and it is somebody
    else's: what root leaves there, its owner's services could not write any more.
    """
    if not home.is_dir():
        return
    by_root = os.geteuid() == 0 and home.stat().st_uid != 0
    if by_root or not os.access(home, os.W_OK | os.X_OK, effective_ids=True):
        raise HomeError(f"state directory {home}: Permission denied{whose(home)}")


def open_uncaptured(settings: Settings) -> dg.DagsterInstance:
    """The instance of the state directory, which captures nothing that a step prints: Dagster would redirect the
    terminal of the command away from it, by helper processes that Ctrl-C ends with a trace.
    """
    import dagster as dg

    # Despite its name, this opens the instance of the state directory. Dagster has no other way to override a setting.
    return dg.DagsterInstance.local_temp(str(settings.dagster_home), overrides=_UNCAPTURED)


@contextmanager
def run_of_this_process(instance: dg.DagsterInstance) -> Iterator[str]:
    """The id for a run in this process. However the block is left, neither this run nor one whose process has died
    still counts as running; Dagster would leave a run that is interrupted before or between its steps in that state.
    """
    run_id = str(uuid4())
    end_killed_runs(instance)
    try:
        yield run_id
    finally:
        run = instance.get_run_by_id(run_id)
        if run and not run.is_finished:
            instance.report_run_canceled(run, "interrupted")


def this_process() -> dict[str, str]:
    """The tag that names this process on a run, so that the run can be ended if the process is killed."""
    return {PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}"}


def end_killed_runs(instance: dg.DagsterInstance) -> None:
    """Mark runs of the command line as failed, or as canceled if they were to be, if their process has died; nothing
    else would ever end them.
    """
    import dagster as dg

    of = dg.DagsterRunStatus
    unfinished = dg.RunsFilter(statuses=[of.NOT_STARTED, of.STARTING, of.STARTED, of.CANCELING])
    for run in instance.get_runs(unfinished):
        host, _, process = run.tags.get(PROCESS_TAG, "").partition(":")
        if (
            host == socket.gethostname()
            and not Path(f"/proc/{process}").exists()
            and Path("/proc/self").exists()
        ):
            end = instance.report_run_canceled if run.status is of.CANCELING else instance.report_run_failed
            end(run, f"process {process} is gone")
