"""What ended a piece of work, in one line: the error itself, without what it came wrapped in.

Belongs here: errors, and Dagster's records of them, as people read them. Does not: what is done about one.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster._core.execution.plan.objects import StepFailureData
    from dagster_shared.error import SerializableErrorInfo

#: Where the trace of the last error that nobody foresaw is kept, below the home.
TRACE_FILE = "last-error.txt"

#: The beginnings of the modules whose errors say all that there is to say.
FORESEEN = ("sparkify_assets.", "psycopg2.")


#: What is raised in a step that somebody ends.
_INTERRUPTED = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


def told(error: BaseException) -> str:
    """An error in one line: its text alone where it is one of the project's own, else its class too."""
    return _line(f"{type(error).__module__}.{type(error).__name__}", str(error))


def reason_of(failure: StepFailureData) -> str:
    """Why a step failed: what it says itself, or else its cause, that is the first error in the chain that is not a
    wrapping of Dagster's.
    """
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    return cause_of(failure.error) if failure.error else "the step failed"


def cause_of(recorded: SerializableErrorInfo) -> str:
    """What `told` says of the first error in a chain of records that is not a wrapping of Dagster's."""
    own = _own(recorded)
    return "interrupted" if own.cls_name in _INTERRUPTED else _line(*_name_and_text(own))


def trace_of(recorded: SerializableErrorInfo | None, home: Path) -> str:
    """Where the trace of a recorded error is from now on, in words to put behind its cause; nothing where it is an
    error of the project or of the database, which needs none.
    """
    if recorded is None:
        return ""
    own = _own(recorded)
    if own.cls_name == "BatchesFailed" and own.cause:
        own = own.cause
    known = own.cls_name in ("Failure", *_INTERRUPTED) or _name_and_text(own)[0].startswith(FORESEEN)
    return "" if known else keep_trace(home, recorded.to_string())


def keep_trace(home: Path, trace: str | BaseException) -> str:
    """Write a trace into the home; the words that say where it is. Raises OSError."""
    if isinstance(trace, BaseException):
        trace = "".join(traceback.format_exception(trace))
    path = home / TRACE_FILE
    path.write_text(trace, "utf-8", "backslashreplace")
    return f" (a fault of the program: its trace is in {path})"


def _line(name: str, text: str) -> str:
    said, kind = " ".join(text.split()), name.rpartition(".")[2]
    if name.startswith("sparkify_assets."):
        return said or kind
    return f"{kind}: {said}" if said else kind


def _own(recorded: SerializableErrorInfo) -> SerializableErrorInfo:
    """The first error in a chain that is not a wrapping of Dagster's; the last where all are."""
    while recorded.message.startswith("dagster.") or recorded.cls_name == "RetryRequested":
        inner = recorded.cause or recorded.context
        if inner is None:
            break
        recorded = inner
    return recorded


def _name_and_text(recorded: SerializableErrorInfo) -> tuple[str, str]:
    """An error's class with its module, and its text; a record has them as Python prints them, `module.Class: text`."""
    name, _, text = recorded.message.strip().partition(":")
    kind = str(recorded.cls_name)
    return (name, text) if name.rpartition(".")[2] == kind else (kind, recorded.message)
