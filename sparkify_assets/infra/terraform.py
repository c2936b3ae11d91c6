"""Terraform as a Dagster resource (https://docs.dagster.io/guides/build/external-resources).

python-terraform builds the command lines, but does not run them, because it loses the state when a run is canceled: it
reads pipes, and a Terraform whose reader is gone dies of SIGPIPE in the middle of an apply. Here Terraform writes to
files in memory, which are followed, and runs in a session of its own. One SIGINT asks it to stop, whereupon it
finishes what it began and saves its state. If this process is killed, Terraform finishes by itself.

Belongs here: running one command. Does not: why it failed (`diagnostics`), what a plan means (`plan`), which commands
make a job (`jobs`).
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import dagster as dg
import python_terraform
from pydantic import PrivateAttr

from sparkify_assets.infra import DEFAULT_ENVIRONMENT, InfrastructureError
from sparkify_assets.infra.diagnostics import advise, diagnostics, first_error, message_of
from sparkify_assets.infra.installed import terraform_version
from sparkify_assets.infra.unsaved import ERRORED, keep_printed, room_in, unfinished
from sparkify_assets.interruption import held

#: After how many seconds the folder of a run is certainly no longer in use, even if the run was killed.
LEFT_BEHIND_SECONDS = 86_400

Log = Callable[[str], None]

# The library writes variables and outputs to its logger at DEBUG.
logging.getLogger("python_terraform").setLevel(logging.CRITICAL)


def quiet(_: str) -> None:
    """Log nothing: for output that may be sensitive or is read as a whole."""


class TerraformError(InfrastructureError):
    """A Terraform command failed. `kind` and `advice` say why and what to do, if that is known; `kept` where a state is
    that could not be saved; `killed` whether a signal ended it.
    """

    def __init__(
        self,
        command: str,
        where: str,
        code: int,
        answer: str,
        complaint: str,
        waited: str = "0s",
        kept: str = "",
    ) -> None:
        self.diagnostics = [found for found in diagnostics(answer) if found.severity == "error"]
        text = "\n".join(map(str, self.diagnostics)) or first_error(complaint.strip() or answer)
        self.kind, self.advice = advise(text, waited)
        reason = next(map(str, self.diagnostics), text)
        reason = f"{kept}. The reason: {reason}" if kept else self.advice or reason
        self.killed = code < 0
        if self.killed:
            reason = _killed_by(-code, unfinished(answer))
        super().__init__(f"terraform {command} of {where} failed (exit {code}): {reason}")


def _killed_by(number: int, begun: list[str]) -> str:
    if not begun:
        return f"it was killed by signal {number}; launch again to go on from the state"
    return (
        f"it was killed by signal {number} while it was at {', '.join(begun)}, which may be on AWS without being in the"
        " state; launch again, and what AWS has of it is named before anything is made a second time"
    )


class Command(python_terraform.Terraform):  # type: ignore[misc]
    """One Terraform command for a stack, whose output goes to `log`."""

    def __init__(self, terraform: TerraformResource, stack: str, log: Log) -> None:
        self.terraform, self.stack, self._log = terraform, stack, log
        self.code = 0
        super().__init__(working_dir=str(Path(terraform.stacks, stack)))

    def read_state_file(self, file_path: str | None = None) -> None:  # noqa: ARG002
        """Keep the library from reading the state, which may hold secrets, into memory."""
        self.tfstate = None

    def log(self, line: str) -> None:
        """Log a line. A log that cannot be written, as on a full disk, is no reason to give up on Terraform at work."""
        with suppress(Exception):
            self._log(line)

    def cmd(self, cmd: str, *args: str, **options: Any) -> tuple[int, str, str]:
        """Run a command; return its exit code, standard output and standard error.

        python-terraform turns the options into arguments. Exit code 2 is a result where `detailed_exitcode` asks for
        it. Raises TerraformError for any other code than 0.
        """
        kept = ""
        with _output() as out, _output() as err, held() as interrupted:
            try:
                with room_in(self.terraform.run_folder):
                    self._run(self.generate_cmd_string(cmd, *args, **options), out, err, interrupted)
            finally:  # however this ends, what only Terraform knows is not lost
                answer, complaint = out.read_text("utf-8", "replace"), err.read_text("utf-8", "replace")
                kept = keep_printed(
                    answer, Path(self.working_dir, ERRORED), self.terraform.kept_state(self.stack)
                )
                if kept:
                    self.log(kept)
        asked = options.get("detailed_exitcode") is python_terraform.IsFlagged
        if self.code not in ((0, 2) if asked else (0,)):
            where = f"stack {self.stack} in {self.terraform.environment}"
            waited = options.get("lock_timeout", "0s")
            raise TerraformError(cmd, where, self.code, answer, complaint, waited, kept)
        return self.code, answer, complaint

    def _run(self, command: list[str], out: Path, err: Path, interrupted: Callable[[], int]) -> None:
        """Run a command line to its end, or until Terraform has stopped after an interruption."""
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                command,
                cwd=self.working_dir,
                env={**os.environ, **self.terraform.variables(self.stack)},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                umask=0o077,  # state and plans are for this user only
            )
        try:
            self._follow(process, out, interrupted)
        finally:
            self._stop(process, out)
        self.code = process.returncode

    def _follow(self, process: subprocess.Popen[bytes], out: Path, interrupted: Callable[[], int]) -> None:
        """Log each line of output as it comes, until the process is gone or somebody interrupts."""
        with out.open(encoding="utf-8", errors="replace") as stream:
            line = ""
            while not interrupted():
                gone = process.poll() is not None
                while part := stream.readline():
                    line += part
                    if line.endswith("\n"):
                        if message := message_of(line):
                            self.log(message)
                        line = ""
                if gone:
                    return
                time.sleep(0.1)

    def _stop(self, process: subprocess.Popen[bytes], out: Path) -> None:
        """Ask Terraform once to stop if it still runs, and wait until it has finished what it began and saved its
        state.

        A second SIGINT would make Terraform drop everything, so further interruptions only wait as well.
        """
        if process.poll() is not None:
            return
        self.log(
            f"Stopping Terraform (process {process.pid}): it finishes what it began and saves its state."
        )
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self.terraform.stop_seconds)
        if process.poll() is None:
            self.log(
                f"Terraform (process {process.pid}) needs longer than {self.terraform.stop_seconds:g} s: it goes on by"
                " itself, unless its container or machine ends first, and its state stays locked until it ends."
            )
            return
        for diagnostic in diagnostics(out.read_text("utf-8", "replace")):
            self.log(str(diagnostic))
        if process.returncode < 0:
            self.log(
                f"Terraform was killed (signal {-process.returncode}): what it was just making may be unknown."
            )
            return
        self.log("Terraform has stopped; its state is saved and unlocked.")


@contextmanager
def _output() -> Iterator[Path]:
    """A file for what a command prints, in memory where that can be: a full disk would cut it short, and with it the
    state that Terraform prints as its last resort. It lasts for as long as Terraform does.
    """
    if not hasattr(os, "memfd_create"):  # not on macOS
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            (file := Path(folder, "out")).touch(0o600)
            yield file
        return
    descriptor = os.memfd_create("terraform")
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


class TerraformResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Runs Terraform for one Dagster run, with a private folder that is removed when the run ends.

    `environment` is the environment of the run, `stacks` the folder with the root modules, and `work` a folder for the
    private folders and the cache of providers. `lock_seconds` says how long to wait for a state that somebody else has
    locked, `stop_seconds` how long a canceled run waits for Terraform to finish what it began.
    """

    environment: str = DEFAULT_ENVIRONMENT
    stacks: str
    work: str
    lock_seconds: int = 60
    stop_seconds: float = 900.0

    _run_folder: Path = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        with self.opened(context.run.run_id if context.run else f"process-{os.getpid()}"):
            yield self

    @contextmanager
    def opened(self, run: str) -> Iterator[Self]:
        """Make the private folder of the run with this id, and remove it with its plans at the end. What killed runs
        left behind is removed first.
        """
        runs = Path(self.work) / "runs"
        runs.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in runs.iterdir():
            if left.stat().st_mtime < time.time() - LEFT_BEHIND_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
        self._run_folder = runs / run
        self._run_folder.mkdir(exist_ok=True, mode=0o700)
        try:
            yield self
        finally:
            shutil.rmtree(self._run_folder, ignore_errors=True)

    @property
    def run_folder(self) -> Path:
        """The private folder of this run, while it is open."""
        return self._run_folder

    def kept_state(self, stack: str) -> Path:
        """Where a state of a stack is kept that can be written nowhere else."""
        return Path(self.work) / "unsaved" / self.environment / f"{stack}.tfstate"

    def variables(self, stack: str) -> dict[str, str]:
        """The variables of the environment with which Terraform runs in `stack`."""
        variables = {
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            # Another run of the same stack must not find this run's backend and modules.
            "TF_DATA_DIR": str(self.run_folder / stack),
        }
        if self.environment != DEFAULT_ENVIRONMENT:
            variables["TF_WORKSPACE"] = self.environment
        if "TF_PLUGIN_CACHE_DIR" not in os.environ:
            # A provider takes some 700 MB, so each run links to the cache instead of downloading it.
            cache = Path(self.work) / "providers"
            cache.mkdir(parents=True, exist_ok=True)
            variables["TF_PLUGIN_CACHE_DIR"] = str(cache)
        return variables

    def require_terraform(self, log: Log) -> None:
        """Raise InfrastructureError, saying what to install, unless the PATH has a Terraform that is new enough."""
        log(f"Terraform {terraform_version()}")
