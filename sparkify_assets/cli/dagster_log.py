"""What the terminal of `sparkify dev` shows of all that Dagster's services say: a line for each thing that somebody
should know, in the project's own colours or none. Everything, with its traces, is in a file of the state directory.

Belongs here: which of Dagster's lines a person sees, and in which words. Does not: what is said (`defs`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sparkify_assets.defs.run_errors import NOT_RUN

#: A line that begins a record, as Dagster writes it: time, logger, level, and what is said; a run's own records name
#: the job, the run, the process and the step before that.
_HEAD = re.compile(
    r"\d{4}-\d\d-\d\d (?P<time>\d\d:\d\d:\d\d) \+0000 - [\w.-]+ - (?P<level>[A-Z]+) - "
    r"(?:\w+ - [0-9a-f-]{36} - (?:\d+ - )?(?:[a-z][\w.\[\]]* - )?|__repository__ - \w+ - )?(?P<text>.*)"
)
_COLOURS = re.compile(r"\x1b\[[\d;]*m")

#: What is ordinary: nothing has happened before the first start, and the alert tells of a failure with its reason.
_ORDINARY = re.compile(r"No cursor for event type |(?:\S+ - )?(?:STEP|RUN)_FAILURE - ")

#: What `dagster dev` says of Ctrl-C if it is still starting; `sparkify dev` says it in its own words.
_ENDED = "Aborted!"

#: Where a trace begins, or what comes before one.
_TRACE = ("Traceback (most recent call last)", "Stack Trace:", "The above exception ")

_LABELS = {"INFO": ("", ""), "WARNING": ("warning:", "yellow")}


class Said(NamedTuple):
    """A line for the terminal, with its label and the label's colour."""

    text: str
    label: str
    colour: str


class DagsterLog:
    """The file that Dagster's services write to, followed record by record."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0
        self._record: list[str] = []

    def new(self, *, to_the_end: bool = False) -> Iterator[Said]:
        """What is to be told of the records that were written since the last look. A record is complete with the next
        one, at a look that finds nothing more, or at `to_the_end`.
        """
        with self.path.open("rb") as file:
            file.seek(self._at)
            written = file.read()
        whole = written if to_the_end else written[: written.rfind(b"\n") + 1]
        self._at += len(whole)
        for line in _COLOURS.sub("", whole.decode("utf-8", "replace")).splitlines():
            if _HEAD.match(line):
                yield from self._complete()
            self._record.append(line)
        if to_the_end or not whole:
            yield from self._complete()

    def _complete(self) -> Iterator[Said]:
        lines, self._record = [line.strip() for line in self._record if line.strip() not in ("", _ENDED)], []
        if not lines:
            return
        head = _HEAD.fullmatch(lines[0])
        text = [head["text"] if head else lines[0]]
        traced = not head and lines[0].startswith(_TRACE)
        for line in lines[1:]:
            traced = traced or line.startswith(_TRACE)
            if not traced:
                text.append(line)
        if head and (_ORDINARY.match(head["text"]) or NOT_RUN.fullmatch(head["text"])):
            return
        level = head["level"] if head else "ERROR" if traced else "INFO"
        label, colour = _LABELS.get(level, ("error:", "red"))
        told = " ".join(text) if head or not traced else lines[-1]
        where = f" (in full in {self.path})" if traced else ""
        when = [head["time"]] if head else []
        yield Said(f"{told}{where}", " ".join([*when, label]).strip(), colour)
