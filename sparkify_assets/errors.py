"""The root of all errors that the project raises, and an error in one line.

Belongs here: what every layer needs to raise and to describe errors. Does not: any single error, which is beside the
code that raises it.
"""

from __future__ import annotations

import errno
import os
import pwd
import re
import tempfile
import traceback
from pathlib import Path

from sparkify_assets.leaving import INTERRUPTED


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


class Interrupted(SparkifyError):
    """Ctrl-C ended a command, or a signal did; the text says what is whole, and what to type next."""

    exit_code = INTERRUPTED


#: The file in the state directory with the trace of the last unforeseen error.
TRACE_FILE = "last-error.txt"


def describe_error(error: BaseException) -> str:
    """An error in one line: its text, after its class unless it is one of the project's own."""
    return line_of(f"{type(error).__module__}.{type(error).__name__}", str(error))


def keep_trace(home: Path, trace: str | BaseException) -> str:
    """Write a trace into the state directory, or into the folder of temporary files where that cannot be written, and
    return the words that say where it is.
    """
    if isinstance(trace, BaseException):
        trace = "".join(traceback.format_exception(trace))
    why = ""
    for folder in (home, Path(tempfile.gettempdir())):
        path = folder / TRACE_FILE
        try:
            path.write_text(trace, "utf-8", "backslashreplace")
        except OSError as error:
            why = describe_error(error)
        else:
            return f" (a fault of the program: its trace is in {path})"
    return f" (a fault of the program, whose trace could not be kept: {why})"


def line_of(name: str, text: str) -> str:
    """The same as `describe_error`, for an error of which only the class (with its module) and the text are known."""
    text, kind = " ".join(text.split()), name.rpartition(".")[2]
    if of_machine := words_of_machine(text):
        return of_machine
    if name.startswith("sparkify_assets."):
        return text or kind
    return f"{kind}: {text}" if text else kind


#: What a person puts right on the machine: rights, room, a file system that is read-only or fails
#: (https://docs.python.org/3/library/errno.html).
_OF_THE_MACHINE = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.ENOTDIR,
        errno.EMFILE,
    }
)

#: An error of the operating system as Python prints it, and one of SQLite as SQLAlchemy does, in one line.
_OS_ERROR = re.compile(r"\[Errno (?P<number>\d+)\] (?P<why>.+?)(?:: '(?P<file>.+?)'(?: -> '.+')?)?")
_SQLITE_ERROR = re.compile(
    r"\(sqlite3\.OperationalError\)"
    r" (?P<why>database or disk is full|disk I/O error|attempt to write a readonly database"
    r"|unable to open database file)\b.*"
)


def words_of_machine(text: str) -> str:
    """What an error says whose cause a person has to put right on the machine, not in the program: the file and the
    reason. Empty for any other error. `text` is the error's own, in one line.
    """
    if found := _OS_ERROR.fullmatch(text):
        if int(found["number"]) in _OF_THE_MACHINE:
            file = found["file"]
            return f"{file}: {found['why']}{whose(Path(file))}" if file else found["why"]
    elif found := _SQLITE_ERROR.fullmatch(text):
        return f"Dagster's storage: {found['why']}"
    return ""


def whose(path: Path) -> str:
    """The words that say to whom a file, or the folder in which it would be, belongs if that is somebody else: the
    usual reason why it cannot be written.
    """
    try:
        there = next(place for place in (path, *path.absolute().parents) if os.path.lexists(place))
        owner, own = there.lstat().st_uid, os.geteuid()
    except (OSError, StopIteration):
        return ""
    if owner == own:
        return ""
    name = user_name(owner)
    return f" ({there} belongs to {name}, and this is {user_name(own)}; {sudo_as(name)})"


def sudo_as(user: str) -> str:
    """The words that say as whom to type a command instead."""
    return f"type it as {user}: sudo -u {user} …"


def user_name(number: int) -> str:
    """The name of a user, who may have none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
