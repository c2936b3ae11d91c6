"""Measure a command: its time, its memory, and its CPU with that of its server. Print figures as Markdown."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import psutil


@dataclass(frozen=True)
class Measured:
    """What a command and its child processes took, and the JSON that it printed.

    `wall` and `cpu` are seconds, and `cpu` includes the server's; `peak_mb` is the largest resident set of one of the
    command's processes in MB (10^6 bytes).
    """

    wall: float
    cpu: float
    peak_mb: float
    report: dict[str, Any]


def measure(
    command: Sequence[str], environment: Mapping[str, str] | None = None, server: Path | None = None
) -> Measured:
    """Run `command` to its end; `server` is the folder of the local Redshift that it uses. Raises RuntimeError with the
    command's output if it fails.

    A process counts the peak of the one that started it as its own, so the caller has to be small.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        before = cpu_seconds(server_tree(server)) if server else 0.0
        started = perf_counter()
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        served = cpu_seconds(server_tree(server)) - before if server else 0.0
        out.seek(0)
        err.seek(0)
        if process.returncode:
            output = (out.read() + err.read()).decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}\n{output}")
        report = json.loads(out.read())
    cpu = usage.ru_utime + usage.ru_stime + served
    return Measured(wall, cpu, usage.ru_maxrss * 1024 / 1e6, report)


def server_tree(folder: Path) -> list[psutil.Process]:
    """The processes of the local Redshift whose data lies in `folder`."""
    return tree(int((folder / "data/postmaster.pid").read_text().split()[0]))


def tree(pid: int) -> list[psutil.Process]:
    """A process and all that descend from it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """The CPU time of processes so far, and of their children that have ended."""
    total = 0.0
    for process in processes:
        try:
            total += sum(process.cpu_times()[:4])  # user and system, its own and its ended children's
        except psutil.NoSuchProcess:
            continue  # counted among its parent's ended children from now on
    return total


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median of some values, and the least and greatest where there are several."""
    middle = f"{median(values):,.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table as Markdown, with the columns of figures aligned at the right."""
    rows = list(rows)
    figures = [
        all(re.fullmatch(r"[–\d.,() ]+", cell) for cell in column) for column in zip(*rows, strict=True)
    ]
    alignment = ["--:" if figure else "---" for figure in figures]
    print(f"\n**{title}**\n", *map(_line, (headings, alignment, *rows)), sep="\n", flush=True)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
