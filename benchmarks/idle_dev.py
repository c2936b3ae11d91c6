"""What `sparkify dev` takes while nothing happens: the CPU and memory of all its processes, the server's included."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.contenders import SPARKIFY, Sparkify
from benchmarks.measuring import cpu_seconds, print_table, server_tree, tree
from sample_data.generate import write_sample

PORT = 3917
START_SECONDS = 180


def measure_idle(settle: float, watch: float) -> float:
    """Print what is taken in `watch` seconds, from `settle` seconds after the web UI answers, with all loaded and the
    sensors on; return the share of one core.
    """
    with tempfile.TemporaryDirectory(prefix="sparkify-bench-", ignore_cleanup_errors=True) as name:
        source = Path(name) / "source"
        sample = write_sample(source, events=10_000, songs=500, days=30, seed=1)
        sparkify = Sparkify(Path(name), source, str(sample.first_day), str(sample.last_day))
        sparkify.start()
        sparkify.run(SPARKIFY, "load", "--format", "json")
        with (Path(name) / "dev.log").open("wb") as log:
            command = [SPARKIFY, "dev", "--port", str(PORT)]
            dev = subprocess.Popen(
                command, env=sparkify.environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            wait_until_it_listens(dev)
            time.sleep(settle)
            before, started = cpu_seconds(processes(dev, sparkify)), time.perf_counter()
            time.sleep(watch)
            core = (cpu_seconds(processes(dev, sparkify)) - before) / (time.perf_counter() - started)
            memory = [process.memory_full_info() for process in processes(dev, sparkify)]
        finally:
            subprocess.run(
                [SPARKIFY, "stop"], env=sparkify.environment, check=True, stdout=subprocess.DEVNULL
            )
            dev.wait()
            sparkify.finish()
    headings = (
        "`sparkify dev` with nothing happening",
        "CPU s a minute",
        "processes",
        "MB",
        "MB, shared pages in each",
    )
    shared_once, in_each = (sum(getattr(one, kind) for one in memory) / 1e6 for kind in ("pss", "rss"))
    figures = (f"{60 * core:.1f}", str(len(memory)), f"{shared_once:.0f}", f"{in_each:.0f}")
    print_table("Idle", headings, [(f"{watch:.0f} s watched", *figures)])
    return core


def processes(dev: subprocess.Popen[bytes], sparkify: Sparkify) -> list[psutil.Process]:
    """All processes of the web UI, the daemon, the code servers and the server of the warehouse."""
    return [*tree(dev.pid), *server_tree(sparkify.home / "warehouse")]


def wait_until_it_listens(dev: subprocess.Popen[bytes]) -> None:
    """Return when the web UI listens. Raises RuntimeError if it ends, or does not listen in time."""
    for _ in range(START_SECONDS):
        if dev.poll() is not None:
            raise RuntimeError(f"`sparkify dev` ended with exit code {dev.returncode}")
        for process in tree(dev.pid):
            if any(c.laddr.port == PORT and c.status == "LISTEN" for c in process.net_connections("tcp")):
                return
        time.sleep(1)
    raise RuntimeError(f"`sparkify dev` did not listen within {START_SECONDS} s")
