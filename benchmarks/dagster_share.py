"""What of a load is Dagster's: runs `sparkify load` in this process with a clock around Dagster's parts.

    python -m benchmarks.dagster_share [arguments of `sparkify load`]

Prints one JSON object: the `events` that were recorded and, in seconds, `importing` Dagster, `recording` events,
`loading` without Dagster, the `rest` (definitions, plan, steps), and the `total`.
"""

from __future__ import annotations

import functools
import io
import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any


class Clock:
    """The seconds spent in functions, with those that they call."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed unless one that is timed calls it."""

        @functools.wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            if self._depth:
                return function(*arguments, **named)
            self._depth, started = 1, time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self._depth, self.seconds = 0, self.seconds + time.perf_counter() - started

        return timed


def main(arguments: list[str]) -> dict[str, float]:
    """Load, and return what took how long."""
    started = time.perf_counter()
    import dagster as dg

    importing = time.perf_counter() - started
    from sparkify_assets import cli

    recording = Clock()
    dg.DagsterInstance.handle_new_event = recording.around(dg.DagsterInstance.handle_new_event)  # type: ignore[method-assign]
    sys.argv = ["sparkify", "load", "--format", "json", *arguments]
    printed = io.StringIO()
    with redirect_stdout(printed):
        try:
            cli.main()
        except SystemExit as end:
            if end.code:
                raise
    report = json.loads(printed.getvalue())
    with dg.DagsterInstance.get() as instance:
        events = sum(len(instance.all_logs(run)) for run in report["runs"])
    seconds = report["seconds"]
    shares = {
        "importing": importing,
        "recording": recording.seconds,
        "loading": seconds["total"] - seconds["dagster"],
    }
    total = importing + seconds["total"]
    return {"events": events, **shares, "rest": total - sum(shares.values()), "total": total}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
