"""Why a Dagster run failed: the error itself, without Dagster's wrappers.

Belongs here: Dagster's records of errors. Does not: what is done about one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparkify_assets.errors import keep_trace, line_of
from sparkify_assets.load.results import NotLoaded
from sparkify_assets.model.datasets import Partition
from sparkify_assets.warehouse.errors import is_foreseen_by_name

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.execution.plan.objects import StepFailureData
    from dagster_shared.error import SerializableErrorInfo


#: Names, in the metadata of a failure or of an observation, what a step could not load.
NOT_LOADED = "not loaded"

#: What Dagster itself logs in the name of a step that it does not run, a line for each after a failure; nothing but the
#: text tells them from what an op logs (dagster._core.execution.plan.active).
NOT_RUN = re.compile(
    r"Dependencies for step \S+ .*Not executing\.|Skipping step \S+ due to skipped dependencies: .*"
)

#: What is raised in a step that is interrupted.
_INTERRUPTED = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


def reason_of(failure: StepFailureData) -> str:
    """Why a step failed: its own description, or else its cause, which is the first error in the chain that is not a
    wrapper of Dagster's.
    """
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    return cause_of(failure.error) if failure.error else "the step failed"


def cause_of(recorded: SerializableErrorInfo) -> str:
    """The first error in a chain that is not a wrapper of Dagster's, in the form of `describe_error`."""
    own = _own(recorded)
    return "interrupted" if own.cls_name in _INTERRUPTED else line_of(*_name_and_text(own))


def trace_of(recorded: SerializableErrorInfo | None, home: Path) -> str:
    """Keep the traceback of a recorded error and say where it is, in words to append to its cause. Empty for a foreseen
    error, which needs none.
    """
    if recorded is None:
        return ""
    own = _own(recorded)
    if own.cls_name == "BatchesFailed" and own.cause:
        own = own.cause
    known = own.cls_name in ("Failure", *_INTERRUPTED) or is_foreseen_by_name(*_name_and_text(own))
    return "" if known else keep_trace(home, recorded.to_string())


def _own(recorded: SerializableErrorInfo) -> SerializableErrorInfo:
    """The first error in a chain that is not a wrapper of Dagster's, or the last one if all are. An interruption wraps
    nothing: what Python shows as its context is an error that was being handled when the run began.
    """
    while recorded.cls_name not in _INTERRUPTED and (
        recorded.message.startswith("dagster.") or recorded.cls_name == "RetryRequested"
    ):
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


def not_loaded(failure: StepFailureData, home: Path) -> list[NotLoaded]:
    """What a failed load names as not loaded; empty if the step ended otherwise. If the program is at fault, the last
    reason says where the traceback is.
    """
    items = _named(failure)
    if items and (where := trace_of(failure.error, home)):
        items[-1] = replace(items[-1], reason=items[-1].reason + where)
    return items


def _named(failure: StepFailureData) -> list[NotLoaded]:
    return read_not_loaded(failure.user_failure_data.metadata if failure.user_failure_data else {})


def not_loaded_metadata(items: Sequence[NotLoaded]) -> dict[str, dg.MetadataValue]:
    """What a step could not load, as metadata of its failure or of an observation."""
    import dagster as dg

    found = [
        {"partitions": [list(p) for p in item.partitions], "blocked": item.blocked, "reason": item.reason}
        for item in items
    ]
    return {NOT_LOADED: dg.MetadataValue.json(found)}


def read_not_loaded(metadata: Mapping[str, dg.MetadataValue]) -> list[NotLoaded]:
    """What `not_loaded_metadata` has written."""
    if NOT_LOADED not in metadata:
        return []
    found: Any = metadata[NOT_LOADED].value
    return [
        NotLoaded([Partition(*names) for names in item["partitions"]], item["blocked"], item["reason"])
        for item in found
    ]


def errors_of(result: dg.ExecuteInProcessResult, home: Path) -> list[str]:
    """What ended a run besides what it names as not loaded, in lines, each said once. The traceback of an unforeseen
    error is kept in the state directory.
    """
    failures = [event.step_failure_data for event in result.get_step_failure_events()]
    texts = [
        reason_of(failure) + trace_of(failure.error, home) for failure in failures if not _named(failure)
    ]
    if not failures:
        texts = [cause_of(error) + trace_of(error, home) for error in _outside_of_steps(result)]
    if not failures and not texts and not result.success:
        texts = ["the run did not succeed"]
    return list(dict.fromkeys(line for text in texts for line in text.splitlines()))


def _outside_of_steps(result: dg.ExecuteInProcessResult) -> list[SerializableErrorInfo]:
    """What ended a run before its first step, between two, or after the last one."""
    ends = [event for event in result.all_events if event.is_run_failure]
    return [event.job_failure_data.error for event in ends if event.job_failure_data.error]


def was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether a run was ended by Ctrl-C or a signal, in a step or outside of one."""
    errors = [event.step_failure_data.error for event in result.get_step_failure_events()]
    return any(
        _own(error).cls_name in _INTERRUPTED for error in [*errors, *_outside_of_steps(result)] if error
    )
