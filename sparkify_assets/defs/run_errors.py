"""Why a run of Dagster failed, as people read it: the error itself, without what it came wrapped in.

Belongs here: Dagster's records of errors. Does not: what is done about one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sparkify_assets.errors import keep_trace, line_of

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.execution.plan.objects import StepFailureData
    from dagster_shared.error import SerializableErrorInfo

#: The beginnings of the modules whose errors say all that there is to say.
FORESEEN = ("sparkify_assets.", "psycopg2.")


#: What is raised in a step that somebody ends.
_INTERRUPTED = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


def reason_of(failure: StepFailureData) -> str:
    """Why a step failed: what it says itself, or else its cause, that is the first error in the chain that is not a
    wrapping of Dagster's.
    """
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    return cause_of(failure.error) if failure.error else "the step failed"


def cause_of(recorded: SerializableErrorInfo) -> str:
    """What `errors.told` says of the first error in a chain of records that is not a wrapping of Dagster's."""
    own = _own(recorded)
    return "interrupted" if own.cls_name in _INTERRUPTED else line_of(*_name_and_text(own))


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


def reasons(result: dg.ExecuteInProcessResult, home: Path) -> list[str]:
    """Why a run failed, in lines; where that is no error that the project knows, its trace is kept in the home."""
    failures = [event.step_failure_data for event in result.get_step_failure_events()]
    texts = [reason_of(failure) + trace_of(failure.error, home) for failure in failures]
    if not texts:  # the run failed, and none of its steps
        ends = [event for event in result.all_events if event.is_run_failure]
        errors = [event.job_failure_data.error for event in ends]
        texts = [cause_of(error) + trace_of(error, home) for error in errors if error]
    if not texts and not result.success:
        texts = ["the run did not succeed"]
    return [line for text in texts for line in text.splitlines()]
