"""One client's statements on their way to PostgreSQL, and the answers on their way back.

Belongs here: the simple query protocol, and what both ways of asking share. Does not belong here: prepared statements
and portals (`extended`), what the session does beside a statement (`session`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from redshift_local import absent
from redshift_local.dialect import Step
from redshift_local.endpoint import wire
from redshift_local.endpoint.parameters import statuses
from redshift_local.endpoint.refusal import Refusal
from redshift_local.endpoint.session import Engine
from redshift_local.tokens import tokens

#: What PostgreSQL cannot parse: sent in the place of what is refused, so that it aborts the transaction, and skips what
#: follows, as for an error of its own.
REFUSED = "refused"
#: A statement without effect, parameters or result.
NOTHING = "reset redshift.nothing"

_PIECE = 1 << 16  # bytes


class Outbox:
    """What goes to a client, in pieces."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._held = bytearray()

    def write(self, data: bytes) -> None:
        self._held += data
        if len(self._held) >= _PIECE:
            self.flush()

    def flush(self) -> None:
        if self._held:
            held, self._held = bytes(self._held), bytearray()
            self._send(held)


@dataclass
class Sent:
    """A statement under way: what the client wrote, what PostgreSQL got, and the tag of its answer."""

    text: str
    sql: str
    step: Step | None = None
    hidden: bool = False  # its rows are not shown
    failed: bool = False
    tag: str = ""


class Watcher(Protocol):
    """Who watches what clients send, and may let it fail: Refusal may be raised before and after each statement."""

    after: Callable[[str], None] | None

    def starts(self, text: str) -> None:
        """Called with each text before it runs."""


class Relay:
    """The simple query protocol of one session."""

    def __init__(self, engine: Engine, out: Outbox, watcher: Watcher) -> None:
        self.engine, self.out, self.watcher = engine, out, watcher
        self.backend = engine.backend

    def query(self, text: str) -> None:
        """Answer a text of no, one or several statements."""
        try:
            self.watcher.starts(text)
            self._run(text)
            if self.watcher.after:
                self.watcher.after(text)
        except Refusal as refusal:
            self.fail(refusal)
        else:
            self.ready()

    def fail(self, refusal: Refusal) -> None:
        """Answer with an error of the server's own, which aborts the open transaction."""
        if self.backend.status == b"T":
            self.backend.run(REFUSED)
        self.out.write(refusal.message())
        self.ready()

    def ready(self) -> None:
        """Tell the client that it may ask again, and which parameters have changed."""
        self.out.write(statuses(self.backend.reports))
        self.backend.reports.clear()
        self.out.write(wire.ready(self.backend.status))
        self.out.flush()

    def _run(self, text: str) -> None:
        written, steps = self.engine.plan(text)
        self.engine.provide(steps)
        if len(steps) == 1 and self.engine.attends(steps[0]) and not steps[0].attributes:
            self._attend(steps[0], text)
        elif any(map(self.engine.attends, steps)):
            self._together(steps, text)
        else:
            sql = written if all(step.verbatim for step in steps) else ";".join(step.sql for step in steps)
            self._pass(Sent(text, sql, steps[0] if len(steps) == 1 else None, self.hides(text)))

    def _together(self, steps: Sequence[Step], text: str) -> None:
        """Carry out statements of one text one by one, but in one transaction, as PostgreSQL runs such a text:
        https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT.
        """
        implicit = False  # whether the open transaction ends with the text
        for step in steps:
            if self.backend.status == b"I":
                self.backend.run("begin")
                implicit = True
            if implicit and step.action == "begin":
                self.backend.run(step.sql)  # sets the transaction's options; it warns that one is open
                self.out.write(wire.message(b"C", "BEGIN"))
                implicit = False
                continue
            succeeded = False
            try:
                succeeded = self._attend(step, text)
            finally:
                if implicit and not succeeded:
                    self._end("rollback")
            if not succeeded:
                return
        if implicit and self.backend.status != b"I":
            self._end("commit")

    def _end(self, how: str) -> None:
        """End the transaction of a text; the client hears of it only if that fails."""
        sent = Sent("", how)
        self._pass(sent, quiet=True)
        self.engine.connection.settle(committed=how == "commit" and not sent.failed)

    def _attend(self, step: Step, text: str) -> bool:
        """Carry out one statement with what has to be done beside it; whether it succeeded. Raises Refusal."""
        if step.action in ("copy", "unload"):
            self.copy(step)
            return True
        step = self.engine.settled(step)
        self.engine.before(step)
        sent = Sent(text, step.sql, step, self.hides(text))
        self._pass(sent)
        if not sent.failed:
            self.engine.after(step, sent.tag)
        return not sent.failed

    def copy(self, step: Step) -> None:
        """Carry out a COPY or UNLOAD. Raises Refusal."""
        for notice in self.engine.copy(step):
            self.out.write(wire.notice(b"N", {"S": "INFO", "C": "00000", "M": notice}))
        tag = step.action.upper()
        self.out.write(wire.message(b"C", tag))
        self.engine.after(step, tag)

    def _pass(self, sent: Sent, *, quiet: bool = False) -> None:
        """Send a text to PostgreSQL, and its answer to the client; if `quiet`, only an error of it."""
        for kind, data in self.backend.query(sent.sql):
            if not quiet or kind == b"E":
                self.show(kind, data, sent)

    # --- what both ways of asking share

    def hides(self, text: str) -> bool:
        """Whether the cluster returns no rows for this query."""
        cluster = self.engine.cluster
        return bool(cluster and cluster.hides({token.upper for token in tokens(text)}))

    def show(self, kind: bytes, data: bytes, sent: Sent) -> None:
        """Pass one of PostgreSQL's messages on, as Redshift would write it."""
        match kind:
            case b"D" if sent.hidden:
                return
            case b"C":
                sent.tag = self._tag(data[5:-1].decode(), sent)
                data = wire.message(b"C", sent.tag)
                if sent.tag in ("SET", "RESET"):
                    self.engine.note(sent.sql)
            case b"E":
                sent.failed = True
                data = _named(_as_told(data, sent))
            case b"N":
                data = _as_told(data, sent)
            case b"t":
                data = wire.with_types(data, self.engine.base_type)
            case b"T" if self.engine.upper_case:
                data = wire.in_upper_case(data)
            case b"G":  # it waits for rows, which no statement of Redshift's sends
                self.backend.send(wire.message(b"f", "rows cannot be sent"))
                return
        self.out.write(data)

    def _tag(self, tag: str, sent: Sent) -> str:
        if sent.hidden:
            return "SELECT 0"
        return "SHOW" if tag == "SELECT 1" and sent.text.lstrip()[:4].lower() == "show" else tag


def _named(data: bytes) -> bytes:
    """An error about an unknown name, told as what only Redshift has if it is that."""
    told = wire.fields(data[5:])
    if explained := absent.explain(told.get("M", "")):
        return wire.notice(b"E", {"S": told["S"], "C": told["C"], "M": explained})
    return data


def _as_told(data: bytes, sent: Sent) -> bytes:
    """An error or a notice as the client should read it: a position only where it is one in the client's own text, and
    of a text that has too many bytes that it is too long.
    """
    told = wire.fields(data[5:])
    place = int(told.get("P", "0"))
    if sent.sql[:place] != sent.text[:place]:
        del told["P"]
    if told.get("n") == "too_long" and told.get("s") == "redshift":
        length = told["d"].partition("_")[2]
        told = {"S": told["S"], "C": "22001", "M": f"value too long for type character varying({length})"}
    return wire.notice(data[:1], told)
