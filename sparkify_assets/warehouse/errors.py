"""What errors and notices of the warehouse mean: which work is worth a retry, and how, and why a COPY failed.

Belongs here: one table of errors and actions, for both engines. Does not: retrying (`connection`), logging in
(`redshift`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import psycopg2
import psycopg2.errors

from redshift_local import CopyError, ServerError
from redshift_local.s3_errors import missing_permission
from sparkify_assets.errors import SparkifyError, words_of_machine

DOCUMENTATION = "https://docs.aws.amazon.com/redshift/latest/"


class WarehouseError(SparkifyError):
    """The warehouse cannot be reached, or refuses."""


class TablesDiffer(WarehouseError):
    """The tables are not those that this checkout reads and writes."""


class LockTimeout(WarehouseError):
    """Another load held the lock for longer than a transaction waits."""


class ClusterError(WarehouseError):
    """The cluster cannot be used; the text says why, and what to do about it."""


class CopyFailed(SparkifyError):
    """A COPY that failed, on either engine, and why. `object_url` is the object at fault, None where it is none of
    them; `of_records` is whether it gave up because it refused too many records (MAXERROR).
    """

    def __init__(self, error: CopyError | CopyFailed) -> None:
        super().__init__(str(error))
        self.reason: str = error.reason
        self.object_url: str | None = error.object_url
        self.of_records: bool = error.of_records


#: again: the whole transaction, on the same session · reconnect: the whole transaction, on a new session ·
#: login: a new session with new credentials · fail: never
Action = Literal["again", "reconnect", "login", "fail"]


class Fault(NamedTuple):
    """A kind of error, recognised by its SQLSTATEs or by a pattern in its text; what to do about it, and AWS's page."""

    what: str
    states: Sequence[str]
    text: str
    action: Action
    page: str


#: The first match counts. Redshift gives most of its own errors the SQLSTATE XX000 and a number in the text.
FAULTS: Sequence[Fault] = (
    Fault("serializable isolation violation", ["40001"], r"\b1023\b.*erializable", "again", "dg/c_serial_isolation"),
    Fault("concurrent write", [], r"conflict with concurrent transaction", "again", "dg/c_serial_isolation"),
    Fault("table created after the snapshot", [], r"\b1018\b.*does not exist", "again", "dg/c_serial_isolation"),
    Fault("deadlock", ["40P01"], r"deadlock detected", "again", "dg/c_write_readwrite"),
    Fault("timeout or cancellation", ["57014"], r"cancell?ed (?:on user|by)", "fail", "dg/r_statement_timeout"),
    Fault("full disk", ["53100"], r"Disk Full", "fail", "dg/queries-troubleshooting"),
    Fault(
        "refused login", ["28000", "28P01"], r"password authentication failed", "login",
        "APIReference/API_GetClusterCredentials",
    ),
    Fault(
        "unknown database", ["3D000"], r'database "[^"]*" does not exist', "fail",
        "mgmt/connecting-refusal-failure-issues",
    ),
    Fault(
        "untrusted certificate", [],
        r"certificate verify failed|does not match host name|root certificate file", "fail",
        "mgmt/connecting-ssl-support",
    ),
    Fault("lost connection", ["08000", "57P01", "57P02", "57P03"], r"(?!)", "reconnect", "mgmt/connecting-drop-issues"),
)  # fmt: skip

#: Any other error of these classes says that the connection, not the work, is at fault.
_OF_THE_CONNECTION = (psycopg2.OperationalError, psycopg2.InterfaceError)


def fault_of(error: BaseException) -> Fault | None:
    """What kind of error this is; None if no retry can help."""
    if not isinstance(error, psycopg2.Error):
        return None
    text = line(error)
    for fault in FAULTS:
        if any(isinstance(error, psycopg2.errors.lookup(state)) for state in fault.states):
            return fault
        if re.search(fault.text, text):
            return fault
    return FAULTS[-1] if isinstance(error, _OF_THE_CONNECTION) else None


def action_of(error: BaseException) -> Action:
    """What to do about an error of the warehouse."""
    fault = fault_of(error)
    return fault.action if fault else "fail"


def is_conflict(error: BaseException) -> bool:
    """Whether another transaction was in the way, so that the same session may retry."""
    return action_of(error) == "again"


def is_retryable(error: BaseException) -> bool:
    """Whether a transaction that failed with this error is worth an immediate retry on a new connection: after a
    conflict, or a lost connection.
    """
    return action_of(error) in ("again", "reconnect")


def is_transient(error: BaseException) -> bool:
    """Whether the work that failed with this error may succeed later without anybody changing anything."""
    return error.transient if isinstance(error, SparkifyError) else is_retryable(error)


def is_foreseen(error: BaseException) -> bool:
    """Whether the text of an error says everything: it is one of the project's own, or the state of the warehouse, of
    the connection or of the machine is to blame. Any other error of the database is a defect of the SQL that was sent.
    """
    known = isinstance(error, (SparkifyError, ServerError)) or fault_of(error) is not None
    return known or bool(words_of_machine(line(error)))


def is_foreseen_by_name(name: str, text: str) -> bool:
    """The same as `is_foreseen`, for an error of which only the class (with its module) and the text are known."""
    if name.startswith(("sparkify_assets.", "redshift_local.")) or words_of_machine(" ".join(text.split())):
        return True
    own = name.rpartition(".")[2]
    kind = getattr(psycopg2.errors, own, None) or getattr(psycopg2, own, None)
    return name.startswith("psycopg2.") and kind is not None and fault_of(kind(text)) is not None


def line(error: BaseException) -> str:
    """The text of an error in one line."""
    return " ".join(str(error).split())


def first_line(error: BaseException) -> str:
    """What an error of a database says, without the lines that show where in the statement."""
    return str(error).strip().partition("\n")[0]


# --- COPY -----------------------------------------------------------------------------------------------------------

_DETAIL = re.compile(r"^\s*(error|context):[ \t]*(.*?)\s*$", re.MULTILINE)
_S3 = re.compile(r"S3ServiceException:\s*(?P<text>.*?)\s*,Status (?P<status>\d+),Error (?P<code>\w+)")
_GAVE_UP = re.compile(r"Load into table '[^\n]*' failed\..*", re.DOTALL)
_KEY_READ = re.compile(r"S3 key being read\s*:\s*(s3://.+)")

#: What a person can do about an error of S3 (https://docs.aws.amazon.com/redshift/latest/dg/s3serviceexception-error.html).
_ADVICE = {
    "PermanentRedirect": "the bucket did not tell its region: AWS_REGION has to name it",
    "AuthorizationHeaderMalformed": "the bucket did not tell its region: AWS_REGION has to name it",
    "NoSuchBucket": "is SPARKIFY_SOURCE or SPARKIFY_WORK right?",
    "AccessDenied": "the cluster's role (SPARKIFY_IAM_ROLE) may not read it",
}


def copy_error(error: psycopg2.Error) -> CopyError:
    """Why a COPY failed on Redshift, as the error that the local Redshift raises: in one line, with the object at fault
    if there is one.

    The detail has lines `error:`, `code:` and `context:`, as in
    https://docs.aws.amazon.com/redshift/latest/dg/t_Validating_input_files.html. The object that a key names is at
    fault if it is missing or its content cannot be read; a wrong role, bucket or region is no fault of an object.
    """
    detail = dict(_DETAIL.findall(error.diag.message_detail or ""))
    # The detail may break its lines.
    text = max(detail.get("error", ""), error.diag.message_primary or "", key=len)
    key = _KEY_READ.search(detail.get("context", ""))
    reason, url = text or line(error), key[1] if key else None
    if answer := _S3.search(text):
        advice = _ADVICE.get(answer["code"])
        reason = f"S3: {missing_permission(answer['text']) or answer['text']} ({answer['code']})"
        reason += f"; {advice}" if advice else ""
        if url and answer["code"] != "NoSuchKey":
            reason, url = f"{url}: {reason}", None
    failed = CopyError(" ".join(reason.split()), url)
    failed.of_records = _GAVE_UP.fullmatch(reason) is not None
    return failed


_COMPLETED = r"INFO:\s+Load into table '[^\n]*' completed, (\d+) record\(s\) "
_LOADED = re.compile(_COMPLETED + r"loaded successfully\.")
_REFUSED = re.compile(_COMPLETED + r"could not be loaded\.\s+Check '\w+' system table for details\.")


def announced_rejects(notices: Sequence[str], rows: int) -> int | None:
    """How many records the last COPY, which loaded this many `rows`, reports as rejected. None if any notice is not in
    the words of https://docs.aws.amazon.com/redshift/latest/dg/tutorial-loading-run-copy.html, because a patch may
    change them, and words that are not understood count nothing.
    """
    said = [notice.strip() for notice in notices]
    loaded = [int(match[1]) for notice in said if (match := _LOADED.fullmatch(notice))]
    refused = [int(match[1]) for notice in said if (match := _REFUSED.fullmatch(notice))]
    understood = loaded == [rows] and len(refused) <= 1 and len(said) == 1 + len(refused)
    return sum(refused) if understood else None
