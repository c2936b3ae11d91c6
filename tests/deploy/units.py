"""The unit files, read as systemd reads them, and a service manager that does what systemd documents.

Its pages are systemd.service(5) for ExecStop= and TimeoutStopSec=, systemd.kill(5) for KillMode=
(https://www.freedesktop.org/software/systemd/man/latest/systemd.kill.html).
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from string import Template
from uuid import uuid4

import psutil

from tests.deploy.conftest import DEPLOY, ROOT

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
CODE_SERVER = DEPLOY / "systemd" / "sparkify-code-server.service"


def unit(path: Path) -> configparser.ConfigParser:
    """The sections of a unit file."""
    parsed = configparser.ConfigParser(interpolation=None, strict=True)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(path.read_text("utf-8"))
    return parsed


def here(line: str, variables: Mapping[str, str], instead: Mapping[str, str]) -> list[str]:
    """The words of a unit's command on this machine: with the paths of this checkout, and `instead` of other words."""
    line = line.replace("/opt/sparkify/.venv/bin", str(Path(sys.executable).parent))
    for former, new in instead.items():
        line = re.sub(rf"(?<!\w){re.escape(former)}\b", lambda _, new=new: new, line)  # type: ignore[misc]
    return shlex.split(Template(line.replace("/opt/sparkify", str(ROOT))).substitute(variables))


def seconds_of(span: str) -> float:
    """A time span of a unit file in seconds (systemd.time(7); only the forms that the units use)."""
    number, form = re.fullmatch(r"(\d+)(|s|min)", span).groups()  # type: ignore[union-attr]
    return float(number) * (60 if form == "min" else 1)


class Service:
    """A service that is started and stopped as systemd's pages say, without its sandbox."""

    def __init__(
        self, path: Path, words: Callable[[str], list[str]], environment: Mapping[str, str], cwd: Path
    ) -> None:
        self.settings, self.words, self.cwd = unit(path)["Service"], words, cwd
        # systemd sets this variable, too. Here it tells which processes are of the unit, as the control group does.
        self.invocation = uuid4().hex
        self.environment = {**os.environ, **environment, "INVOCATION_ID": self.invocation}
        self._run("ExecStartPre")
        self.main = subprocess.Popen(
            words(self.settings["ExecStart"]), cwd=cwd, env=self.environment, start_new_session=True
        )
        self.main_process = psutil.Process(self.main.pid)
        self._run("ExecStartPost", seconds_of(self.settings.get("TimeoutStartSec", "90")))

    def stop(self) -> None:
        """What `systemctl stop` does."""
        limit = seconds_of(self.settings.get("TimeoutStopSec", "90"))
        with suppress(subprocess.TimeoutExpired, subprocess.CalledProcessError):
            self._run("ExecStop", limit)
        mode = self.settings.get("KillMode", "control-group")
        asked = self.members() if mode == "control-group" else [self.main_process]
        _signal(asked, signal.SIGTERM)
        self._wait(asked, limit)
        _signal([self.main_process] if mode == "process" else self.members(), signal.SIGKILL)
        self.main.wait(60)

    def end(self) -> None:
        """Kill what is left of the unit."""
        _signal(self.members(), signal.SIGKILL)
        self.main.wait(60)

    def members(self) -> list[psutil.Process]:
        """The processes of the unit that live."""
        return [process for process in psutil.process_iter() if self._is_member(process)]

    def _is_member(self, process: psutil.Process) -> bool:
        try:
            return (
                process.environ().get("INVOCATION_ID") == self.invocation
                and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.Error:
            return False

    def _run(self, name: str, timeout: float = 90) -> None:
        if line := self.settings.get(name):
            subprocess.run(self.words(line), cwd=self.cwd, env=self.environment, check=True, timeout=timeout)

    def _wait(self, asked: list[psutil.Process], seconds: float) -> None:
        until = time.monotonic() + seconds
        while any(process.is_running() for process in asked) and time.monotonic() < until:
            self.main.poll()  # a zombie counts as running
            time.sleep(0.1)


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)
