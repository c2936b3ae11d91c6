"""Run one command and measure its time and memory, whatever it does."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a command and its child processes took, and the JSON that it printed.

    `wall` and `cpu` are seconds, `peak_mb` is the largest resident set of one of its processes in MB (10^6 bytes).
    """

    wall: float
    cpu: float
    peak_mb: float
    report: dict[str, Any]


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Measured:
    """Run `command` to its end. Raises RuntimeError with its output if it fails.

    A process counts the peak of the one that started it as its own, so the caller has to be small.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = perf_counter()
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            said = (out.read() + err.read()).decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}\n{said}")
        report = json.loads(out.read())
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, report)
