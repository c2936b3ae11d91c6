"""The root of all errors that the project raises, and an error in one line.

Belongs here: what every layer needs to raise and to describe errors. Does not: any single error, which is beside the
code that raises it.
"""

from __future__ import annotations

import traceback
from pathlib import Path


class SparkifyError(Exception):
    """Something that a person can put right, or that is transient; its text is one line that says what and why."""

    #: The exit code of a command that it ends.
    exit_code = 1

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self._transient = transient

    @property
    def transient(self) -> bool:
        """Whether the same may succeed a little later without anybody changing anything."""
        return self._transient


#: The file in the state directory with the trace of the last unforeseen error.
TRACE_FILE = "last-error.txt"


def describe_error(error: BaseException) -> str:
    """An error in one line: its text, after its class unless it is one of the project's own."""
    return line_of(f"{type(error).__module__}.{type(error).__name__}", str(error))


def keep_trace(home: Path, trace: str | BaseException) -> str:
    """Write a trace into the state directory and return the words that say where it is. Raises OSError."""
    if isinstance(trace, BaseException):
        trace = "".join(traceback.format_exception(trace))
    path = home / TRACE_FILE
    path.write_text(trace, "utf-8", "backslashreplace")
    return f" (a fault of the program: its trace is in {path})"


def line_of(name: str, text: str) -> str:
    """The same as `describe_error`, for an error of which only the class (with its module) and the text are known."""
    text, kind = " ".join(text.split()), name.rpartition(".")[2]
    if name.startswith("sparkify_assets."):
        return text or kind
    return f"{kind}: {text}" if text else kind
