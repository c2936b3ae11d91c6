"""Whether the machine is fit for loads: room, ports, credentials for AWS, and the versions of what runs.

Belongs here: what needs neither source nor warehouse. Does not: these (`health`), Terraform (`infra.installed`).
"""

from __future__ import annotations

import platform
import re
import shutil
import socket
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from sparkify_assets.inspection.health import Health
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.address import on_aws

#: How much room the state directory needs, in bytes: with less a load may fail, and below the second figure a large one
#: may, because the local Redshift's log alone grows to 4 GB.
LEAST_ROOM, LITTLE_ROOM = 1e9, 5e9

#: How many seconds AWS may take to connect, and to answer.
AWS_SECONDS = 5

#: What a virtual environment begins with, and no installation of the project's changes.
FROM_PYTHON = {"pip", "setuptools"}

#: The exact versions of all packages.
CONSTRAINTS = Path(__file__).resolve().parents[2] / "constraints.txt"

#: The versions of Python that pyproject.toml allows.
OLDEST_PYTHON, TOO_NEW_PYTHON = (3, 11), (3, 14)


def of_disk(home: Path) -> list[Health]:
    """The room for the state directory, wherever it will be."""
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if not there.is_dir():
        return [Health("disk", "mend", f"{there} is a file", "set SPARKIFY_HOME to a folder")]
    free = shutil.disk_usage(there).free
    said = f"{home}: {free / 1e9:,.1f} GB free"
    if free < LEAST_ROOM:
        return [Health("disk", "mend", said, "make room, or move the state directory (SPARKIFY_HOME)")]
    if free < LITTLE_ROOM:
        return [Health("disk", "note", said, "a large load needs more")]
    return [Health("disk", "ok", said)]


def of_ports(ports: Mapping[int, str]) -> list[Health]:
    """Whether ports of loopback are free, or who has them; each is given with what to type to use another."""
    found = []
    for port, instead in ports.items():
        if _is_free(port):
            found.append(Health("ports", "ok", f"port {port} is free"))
            continue
        who = _listener(port)
        own = "dagster" in who or "sparkify" in who
        found.append(
            Health("ports", "ok" if own else "note", f"port {port} is used by {who}", "" if own else instead)
        )
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _listener(port: int) -> str:
    """Who listens on a port, as far as this user may know."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                process = psutil.Process(connection.pid)
                return f"process {process.pid}, {' '.join(process.cmdline())[:80]}"
    except psutil.Error:
        pass
    return "a process that this user may not see"


def needs_aws(settings: Settings) -> list[str]:
    """The settings that lead to AWS."""
    places = {
        "SPARKIFY_SOURCE": settings.source,
        "SPARKIFY_WORK": settings.work,
        "SPARKIFY_QUEUE": settings.queue,
    }
    named = [name for name, url in places.items() if url.startswith(("s3:", "https:"))]
    return named + (["SPARKIFY_WAREHOUSE"] if on_aws(settings.warehouse) else [])


def of_aws(settings: Settings) -> list[Health]:
    """Whose credentials AWS sees. Where no setting leads to AWS, nothing is asked, and boto3 is not even imported."""
    if not (named := needs_aws(settings)):
        return [Health("AWS", "ok", "no setting leads to AWS")]
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    login = f"log in (`aws sso login`, AWS_PROFILE, an instance's role), for {', '.join(named)}"
    try:
        session = boto3.Session()
        if session.get_credentials() is None:
            return [Health("AWS", "mend", "there are no credentials", login)]
        once = Config(
            connect_timeout=AWS_SECONDS, read_timeout=AWS_SECONDS, retries={"total_max_attempts": 1}
        )
        region = session.region_name or settings.region
        identity = session.client("sts", region_name=region, config=once).get_caller_identity()
    except ClientError as error:
        return [Health("AWS", "mend", str(error), login)]
    except BotoCoreError as error:
        return [Health("AWS", "note", f"the credentials could not be tried: {error}", login)]
    return [Health("AWS", "ok", f"{identity['Arn']} in {region}")]


def of_versions() -> list[Health]:
    """Python, Dagster and the packages, which constraints.txt names."""
    running = tuple(map(int, platform.python_version_tuple()[:2]))
    said = f"Python {platform.python_version()}, Dagster {version('dagster')}"
    if not OLDEST_PYTHON <= running < TOO_NEW_PYTHON:
        return [
            Health(
                "versions", "mend", said, "Python 3.11, 3.12 or 3.13 is needed: `make clean demo` with one"
            )
        ]
    wanted = dict(
        re.findall(
            r"^([\w.-]+)==(\S+)", CONSTRAINTS.read_text() if CONSTRAINTS.exists() else "", re.MULTILINE
        )
    )
    others = [
        f"{name} {found}, not {wanted[name]}"
        for name in sorted(wanted.keys() - FROM_PYTHON)
        if (found := _other(name, wanted[name]))
    ]
    if others:
        more = f" and {len(others) - 3:,} more" if len(others) > 3 else ""
        return [
            Health(
                "versions",
                "note",
                f"{said}; not as constraints.txt: {'; '.join(others[:3])}{more}",
                "make setup",
            )
        ]
    return [Health("versions", "ok", f"{said}, all packages as in constraints.txt")]


def _other(name: str, wanted: str) -> str:
    """The version of an installed package if it is another; empty if it is that or is not installed."""
    try:
        found = version(name)
    except PackageNotFoundError:
        return ""
    return "" if found == wanted else found
