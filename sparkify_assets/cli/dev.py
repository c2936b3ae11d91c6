"""`sparkify dev` and `sparkify stop`: Dagster's web UI and daemon for one state directory, run in the foreground and
stopped from anywhere.

A file in the state directory holds the process id of `dagster dev`, and the process inherits a lock on that file. So
the kernel says whether it is alive, whatever happened to the process that started it, and a process id that has been
reused is left alone. The process leads a group of its own, so that what it leaves behind can be ended as well.

Belongs here: that process, and ending it. Does not: what the web UI shows (`definitions`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import psutil
import typer

import redshift_local
from redshift_local.serve import LAST_PORT
from sparkify_assets.cli.console import CommandError, err, say
from sparkify_assets.cli.dagster_log import DagsterLog, Said
from sparkify_assets.cli.demo import home_of_demo, settings_with_sample
from sparkify_assets.cli.serve import served, told
from sparkify_assets.settings import Settings

#: The address at which the web UI listens, and its default port.
HOST, PORT = "127.0.0.1", 3000

#: How many seconds `dagster dev` may take to end its services; it gives each of them 60 before it kills them.
STOP_SECONDS = 120

#: What `sparkify stop` adds to the file with the process id, so that `sparkify dev` knows who ended it.
_STOPPED = " stopped"

_WORKSPACE = Path(__file__).resolve().parents[2] / "workspace.yaml"


def dev(
    port: Annotated[int, typer.Option(min=1, max=LAST_PORT, help="Port of the web UI on loopback.")] = PORT,
    serve: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=LAST_PORT,
            metavar="PORT",
            help="Serve the warehouse there, too, as `sparkify serve --port` does.",
        ),
    ] = None,
    report_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=LAST_PORT,
            metavar="PORT",
            help="Port of the live report on loopback; 0 for any; without it, the one above --port.",
        ),
    ] = None,
) -> None:
    """Run Dagster's web UI and daemon on loopback until Ctrl-C; new files in the source are loaded automatically."""
    numbers = [number for number in (port, serve, report_port) if number]
    if len(set(numbers)) < len(numbers):
        raise CommandError("--port, --serve and --report-port take ports of their own each")
    settings = settings_with_sample()
    with _mark(settings).open("a+") as mark, ExitStack() as also:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"the web UI of {settings.home} is running already; `sparkify stop` ends it"
            ) from None
        _check_port(port)
        if serve is not None:
            login, made = also.enter_context(served(settings, serve))
            say(told(login, made=made))
        report = also.enter_context(_live_report(settings, port + 1 if report_port is None else report_port))
        # Not an Event: its lock may be held by the very code that the signal's handler interrupts.
        asked: list[int] = []
        # SIGINT needs a handler because a shell makes what it starts in the background ignore it. `dagster dev` would
        # inherit that, and then ignore SIGTERM as well, since it treats both alike.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
                signal.signal(number, lambda given, _: asked.append(given))
        log = DagsterLog(settings.home / "dagster.log")
        with log.path.open("wb") as file:
            process = subprocess.Popen(
                _command(port),
                cwd=settings.home,
                env=_environment(settings, port, report),
                stdout=file,
                stderr=file,
                pass_fds=[mark.fileno()],
                start_new_session=True,
            )
        say(f"http://{HOST}:{port}  in a few seconds; Ctrl-C ends it")
        say(f"{report}  the report")
        mark.truncate(0)
        mark.write(str(process.pid))
        mark.flush()
        while process.poll() is None and not asked:
            time.sleep(0.2)
            _tell(log.new())
        # None unless it was the first to end: one that is only starting fails at the signal, which is no error.
        mark.seek(0)
        code = None if mark.read().endswith(_STOPPED) else process.poll()
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        _end_group(process.pid)
        mark.truncate(0)
        _tell(log.new(to_the_end=True))
    if code not in (None, 0, -signal.SIGINT, -signal.SIGTERM):
        raise CommandError(f"`dagster dev` ended with exit code {code}; what it said is in {log.path}")
    say("The web UI is stopped, and every table is whole; `sparkify dev` goes on where it ended.", to=err)


def _tell(said: Iterable[Said]) -> None:
    """Print what Dagster says. Where nobody can read it any more, as after `| head`, the page is there nevertheless."""
    with suppress(CommandError, OSError, SystemExit):  # rich ends a program whose output is closed
        for text, label, colour in said:
            say(text, label, colour)


@contextmanager
def _live_report(settings: Settings, port: int) -> Iterator[str]:
    """The live report for as long as the web UI runs; its address. Raises CommandError."""
    from sparkify_assets.report.site import served as at_port  # here, so that no other command waits for it

    with ExitStack() as until_then:
        try:
            address = until_then.enter_context(at_port(settings, port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise CommandError(
                f"the report cannot be at port {port} of {HOST} ({why}); choose another with --report-port"
            ) from None
        yield address


def stop() -> None:
    """Stop the web UI, the daemon and the local Redshift of this state directory, and of a demonstration in it."""
    settings = Settings.from_environment()
    if _stop_dagster(settings):
        say("The UI is stopped.")
    stopped = _stop_warehouse(settings)
    if _stop_warehouse(replace(settings, home=home_of_demo(settings))):
        say("The warehouse of the demonstration is stopped.")
    say("The warehouse is stopped." if stopped else "The warehouse was not running.")


def _stop_warehouse(settings: Settings) -> bool:
    """Stop the local Redshift of a state directory; return whether it was running."""
    return settings.warehouse_folder.exists() and redshift_local.stop(settings.warehouse_folder)


def _stop_dagster(settings: Settings) -> bool:
    """End `dagster dev`, wherever it was started; return whether it was running. Raises CommandError if it does not
    end.
    """
    if not _mark(settings).exists():
        return False
    with _mark(settings).open("a+") as mark:
        if _is_free(mark.fileno()):
            return False
        asked = ""
        deadline = time.monotonic() + STOP_SECONDS
        while not _is_free(mark.fileno()):
            if time.monotonic() > deadline:
                raise CommandError(f"`dagster dev`, process {asked or 'unknown'}, does not end")
            mark.seek(0)
            if not asked and (asked := mark.read()):  # empty until the process has started
                mark.write(_STOPPED)
                mark.flush()
                with suppress(ProcessLookupError):
                    os.kill(int(asked), signal.SIGTERM)
            time.sleep(0.1)
    if asked:  # `sparkify dev` does this itself unless it was killed
        _end_group(int(asked))
    return True


def _end_group(group: int) -> None:
    """End what `dagster dev` leaves behind, which cancels runs in progress. Its code servers end only after a timeout
    without heartbeats, and a sensor's tick in one of them would start the local Redshift again.

    Raises CommandError if a process does not end.
    """
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while left := _living(group):
        if time.monotonic() > deadline:
            raise CommandError(f"left by `dagster dev`, and does not end: {'; '.join(left)}")
        time.sleep(0.1)


def _living(group: int) -> list[str]:
    """The processes of a group with their commands, without zombies, which remain in a container whose first process
    waits for none of its children.
    """
    living = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                living.append(f"process {process.pid}, {' '.join(process.cmdline())[:80]}")
    return living


def _mark(settings: Settings) -> Path:
    return settings.home / "dev.pid"


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise CommandError(f"port {port} is in use on {HOST}; choose another with --port") from None


def _command(port: int) -> list[str]:
    dagster = shutil.which("dagster", path=str(Path(sys.executable).parent)) or "dagster"
    # At its default level it logs every tick of every sensor, in colours even where it writes to a file.
    return [dagster, "dev", "-w", str(_WORKSPACE), "-h", HOST, "-p", str(port), "--log-level", "warning"]


def _environment(settings: Settings, port: int, report: str) -> dict[str, str]:
    """The environment for the services, which start in the state directory and therefore need absolute paths. Alerts
    link to this web UI, and the report's asset to the live report.
    """
    changed = {"SPARKIFY_HOME": str(settings.home), "SPARKIFY_REPORT_PAGE": report}
    if not os.environ.get("SPARKIFY_PAGE"):
        changed["SPARKIFY_PAGE"] = f"http://{HOST}:{port}"
    if settings.source != settings.sample.as_uri():  # the default source, the sample, also sets the days
        changed |= {"SPARKIFY_SOURCE": settings.source, "SPARKIFY_WORK": settings.work}
    # `dagster dev` advertises `dg dev`, which is in another package.
    return {**os.environ, **changed, "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded"}
