"""How a command ends: with an exit code and, unless all went well, one line on standard error.

Belongs here: every error that leaves a command. Does not: what is printed of a result (`console`), nor the signals
(`interruption`).
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import typer

from sparkify_assets.cli.console import err, say
from sparkify_assets.errors import SparkifyError, describe_error, keep_trace, words_of_machine
from sparkify_assets.interruption import held, interruptible
from sparkify_assets.leaving import INTERRUPTED, TOLD
from sparkify_assets.settings import Settings, SettingsError
from sparkify_assets.warehouse.errors import is_foreseen, line


class _End(NamedTuple):
    """An exit code, and the line that says why."""

    code: int
    text: str = ""


def exit_code_of(command: Callable[[], int | None]) -> int:
    """Run a command and return its exit code. An error is one line, and so is Ctrl-C; the trace of an error that nobody
    foresaw is kept.
    """
    try:
        with interruptible() as came:
            try:
                end = _End(command() or 0)
                if end.code == INTERRUPTED:  # Typer makes it of KeyboardInterrupt
                    end = _End(INTERRUPTED, TOLD)
            except typer.Abort:
                end = _End(INTERRUPTED, TOLD) if came else _End(1, "nothing was typed, and nothing was done")
            except Exception as error:  # noqa: BLE001 - whatever it is, it is described
                end = _failed(error, interrupted=bool(came))
    except KeyboardInterrupt:
        end = _End(INTERRUPTED, TOLD)
    with held():
        end = _lost_output() or end
        if end.text:
            label, colour = ("interrupted:", "yellow") if end.code == INTERRUPTED else ("error:", "red")
            with suppress(OSError):  # where nobody can read it, the exit code says it all
                say(end.text, label, colour, to=err)
    return end.code


def _failed(error: Exception, *, interrupted: bool) -> _End:
    """How an error ends a command. One that nobody foresaw, after Ctrl-C, is what a library made of Ctrl-C, as DuckDB
    makes a RuntimeError of it; its trace is kept nevertheless.
    """
    code = getattr(error, "exit_code", 1)
    if hasattr(error, "format_message"):
        return _End(1, _wrong_usage(error))
    if isinstance(error, SparkifyError) or words_of_machine(line(error)):
        return _End(code, describe_error(error))
    if is_foreseen(error):
        return _End(code, str(error).strip().partition("\n")[0] or type(error).__name__)
    try:
        home = Settings.from_environment().home
    except SettingsError:
        home = Path(tempfile.gettempdir())
    where = keep_trace(home, error)
    return _End(INTERRUPTED, TOLD) if interrupted else _End(code, describe_error(error) + where)


def _wrong_usage(error: Any) -> str:
    """What is wrong with the words of a command, and where its help is; empty where that was printed for want of any
    word. `error` is one of Typer's parser, which has no public name.
    """
    command = error.ctx.command_path if getattr(error, "ctx", None) else "sparkify"
    message = error.format_message()
    return f"{message} (see `{command} --help`)" if message else ""


def _lost_output() -> _End | None:
    """How a command ends of which standard output does not take all: with an error where that is full, and silently
    where whoever read it has gone, as `head` does. What is left is thrown away, or Python would complain once more.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        gone = isinstance(error, BrokenPipeError)
        return _End(1, "" if gone else f"standard output: {error.strerror}")
    return None
