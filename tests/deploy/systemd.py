"""A real systemd with one unit: a user manager in namespaces of its own, since a container has no systemd to ask."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from tests.conftest import absent
from tests.deploy.units import unit
from tests.page import until

MANAGER = "/lib/systemd/systemd"
UNSHARE = "unshare --mount --pid --fork --kill-child --mount-proc --cgroup".split()

#: The manager refuses to start where it finds no systemd, of which this folder is the sign (sd_booted(3)).
START = f"""
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR"
{MANAGER} --user --log-target=console --unit=only.target &
wait
"""

#: What a user manager cannot do, or what names this machine's users.
LEFT_OUT = {"User", "EnvironmentFile", "StateDirectory", "WorkingDirectory"}
SANDBOX = {"NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "ReadWritePaths"}

CGROUPS = Path("/sys/fs/cgroup")


class RealService:
    """As `units.Service`, but systemd starts and stops it."""

    def __init__(
        self, path: Path, words: Callable[[str], list[str]], environment: Mapping[str, str], cwd: Path
    ) -> None:
        if os.geteuid() or not Path(MANAGER).exists() or shutil.which("unshare") is None:
            absent("systemd", "run as root on a machine with systemd and unshare installed")
        self.name, units = path.name, cwd / "units"
        units.mkdir()
        (units / "only.target").write_text(
            "[Unit]\nDescription=nothing else\n"
        )  # an empty file would be a masked unit
        (units / self.name).write_text("\n".join(_lines(path, words, environment, cwd)))
        self.cgroups = set(_folders())
        self.log = cwd / "systemd.log"
        with self.log.open("wb") as log:
            self.outside = subprocess.Popen(
                [
                    "unshare",
                    "--mount",
                    "--pid",
                    "--fork",
                    "--kill-child",
                    "--mount-proc",
                    "--cgroup",
                    "sh",
                    "-c",
                    START,
                ],
                env={
                    **os.environ,
                    "XDG_RUNTIME_DIR": "/run/user/0",
                    "SYSTEMD_UNIT_PATH": str(units),
                },
                stdout=log,
                stderr=log,
            )
        until(lambda: self._systemctl("is-active", "only.target").returncode == 0 or None, 60, "no systemd")
        started = self._systemctl("start", self.name)
        assert started.returncode == 0, started.stderr + self.log.read_text()

    def stop(self) -> None:
        """`systemctl stop`."""
        stopped = self._systemctl("stop", self.name)
        assert stopped.returncode == 0, stopped.stderr

    def members(self) -> list[psutil.Process]:
        """The processes in the unit's control group, which systemd removes once it is empty."""
        numbers = {
            number
            for folder in set(_folders()) - self.cgroups
            if folder.name == self.name
            for number in (folder / "cgroup.procs").read_text().split()
        }
        return [psutil.Process(int(number)) for number in numbers]

    def end(self) -> None:
        """End the namespaces with all that is in them, and remove the control groups that were made."""
        with suppress(ProcessLookupError):
            self.outside.send_signal(signal.SIGKILL)
        self.outside.wait(60)
        for folder in sorted(set(_folders()) - self.cgroups, reverse=True):
            until(lambda folder=folder: _removed(folder) or None, 60, f"{folder} stays")  # type: ignore[misc]

    def _systemctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        inside = [child.pid for child in psutil.Process(self.outside.pid).children()]
        enter = [
            "nsenter",
            "--target",
            str(inside[0] if inside else 0),
            "--mount",
            "--pid",
            "systemctl",
            "--user",
        ]
        return subprocess.run(
            [*enter, *arguments],
            env={**os.environ, "XDG_RUNTIME_DIR": "/run/user/0"},
            capture_output=True,
            text=True,
            check=False,
        )


def _lines(
    path: Path, words: Callable[[str], list[str]], environment: Mapping[str, str], cwd: Path
) -> Iterable[str]:
    yield "[Unit]\nDefaultDependencies=no\n[Service]"
    yield f"WorkingDirectory={cwd}"
    for name, value in environment.items():
        yield f'Environment="{name}={value}"'
    for name, value in unit(path)["Service"].items():
        if name not in LEFT_OUT | SANDBOX:
            quoted = " ".join(f'"{word}"' for word in words(value)) if name.startswith("Exec") else value
            yield f"{name}={quoted}"


def _folders() -> Iterable[Path]:
    return [folder for folder in CGROUPS.rglob("*") if folder.is_dir()]


def _removed(folder: Path) -> bool:
    with suppress(FileNotFoundError):
        try:
            folder.rmdir()
        except OSError:
            return False
    return True
