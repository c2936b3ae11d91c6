"""The root of all errors that the project raises, and an error in one line.

Belongs here: what every layer needs to raise and to describe errors. Does not: any single error, which stands beside
the code that raises it.
"""

from __future__ import annotations

import traceback
from pathlib import Path


class SparkifyError(Exception):
    """Something that a person can put right, or that passes; its text is one line that says what and why."""

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self._transient = transient

    @property
    def transient(self) -> bool:
        """Whether the same may succeed a little later, though nobody changes anything."""
        return self._transient


#: Where the trace of the last error that nobody foresaw is kept, below the home.
TRACE_FILE = "last-error.txt"


def describe_error(error: BaseException) -> str:
    """An error in one line: its text alone where it is one of the project's own, else its class too."""
    return line_of(f"{type(error).__module__}.{type(error).__name__}", str(error))


def keep_trace(home: Path, trace: str | BaseException) -> str:
    """Write a trace into the home; the words that say where it is. Raises OSError."""
    if isinstance(trace, BaseException):
        trace = "".join(traceback.format_exception(trace))
    path = home / TRACE_FILE
    path.write_text(trace, "utf-8", "backslashreplace")
    return f" (a fault of the program: its trace is in {path})"


def line_of(name: str, text: str) -> str:
    """An error by its class (with the module) and its text, in one line."""
    said, kind = " ".join(text.split()), name.rpartition(".")[2]
    if name.startswith("sparkify_assets."):
        return said or kind
    return f"{kind}: {said}" if said else kind
