"""The extended query protocol: prepared statements and portals, https://www.postgresql.org/docs/18/protocol-flow.html.

Belongs here: one client's Parse, Bind, Describe, Execute, Close, Flush and Sync. Does not belong here: texts of SQL
(`relay`).

The messages go on to PostgreSQL, with the statements that it understands, and its answers come back as they are. What
the session carries out itself has a statement without effect in its place, so that names, portals, errors and their
order are PostgreSQL's in every case.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from redshift_local.dialect import Step
from redshift_local.endpoint import wire
from redshift_local.endpoint.refusal import Refusal
from redshift_local.endpoint.relay import NOTHING, REFUSED, Relay, Sent

#: Messages may be sent on together up to this size, of which PostgreSQL reads all, whether its answers are read or not.
_TOGETHER = 1 << 16  # bytes
_COMPLETE = frozenset([b"1", b"2", b"3", b"T", b"n", b"C", b"I", b"s"])


@dataclass(frozen=True)
class Prepared:
    """A prepared statement: what the client wrote, what PostgreSQL got, and its step, if it has one."""

    text: str
    sql: str
    step: Step | None = None


@dataclass
class _Expected:
    """A message whose answer has not come yet."""

    sent: Sent
    refusal: Refusal | None = None  # takes the place of PostgreSQL's error
    undo: tuple[dict[str, Any], str, Any] | None = None  # what is named otherwise again, if it fails


@dataclass
class Extended:
    """The prepared statements and portals of one session."""

    relay: Relay
    statements: dict[str, Prepared] = field(default_factory=dict)
    portals: dict[str, Prepared] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._waiting = bytearray()
        self._expected: deque[_Expected] = deque()
        self._failed = False  # PostgreSQL skips everything until the next Sync

    def handle(self, kind: bytes, body: bytes) -> None:
        """Handle one message."""
        if kind == b"S":
            self._sync()
        elif kind == b"H":
            self.drain()
            self.relay.out.flush()
        elif not self._failed:
            try:
                self._handle(kind, body)
            except Refusal as refusal:
                self._refuse(refusal)
            except ValueError as error:  # a name that is no text: UnicodeDecodeError, too
                self._refuse(_invalid(error))

    def query(self, body: bytes) -> None:
        """Answer a text of SQL, which ends the unnamed statement."""
        self.drain()
        if self._failed:
            return
        try:
            (text,), _ = wire.strings(body, 1)
        except ValueError as error:
            self.relay.fail(_invalid(error))
        else:
            self.relay.query(text)

    def refuse_call(self) -> None:
        """Refuse a call of a function by its number, which goes past SQL."""
        self.drain()
        if not self._failed:
            self.relay.fail(Refusal("0A000", "function calls by their number are not supported"))

    def _handle(self, kind: bytes, body: bytes) -> None:
        match kind:
            case b"P":
                self._parse(body)
            case b"B":
                (portal, statement), _ = wire.strings(body, 2)
                prepared = self.statements.get(statement, Prepared("", ""))
                self._forward(kind, body, prepared, self._name(self.portals, portal, prepared))
            case b"E":
                self._execute(body)
            case b"D" | b"C":
                (name,), _ = wire.strings(body[1:], 1)
                named: dict[str, Prepared] = self.statements if body[:1] == b"S" else self.portals
                prepared = named.get(name, Prepared("", ""))
                self._forward(kind, body, prepared, self._name(named, name, None) if kind == b"C" else None)

    def _parse(self, body: bytes) -> None:
        (name, text), types = wire.strings(body, 2)
        written, steps = self.relay.engine.plan(text)
        if len(steps) == 1:
            if steps[0].domains or steps[0].source:
                self.drain()
                if self._failed:
                    return
                self.relay.engine.provide(steps)
            step = self.relay.engine.settled(steps[0])
            prepared = Prepared(text, NOTHING if step.action in ("copy", "unload") else step.sql, step)
        else:
            prepared = Prepared(text, written)  # PostgreSQL takes none, and refuses several
        undo = self._name(self.statements, name, prepared)
        self._forward(b"P", wire.text(name) + wire.text(prepared.sql) + types, prepared, undo)

    def _execute(self, body: bytes) -> None:
        (portal,), _ = wire.strings(body, 1)
        prepared = self.portals.get(portal, Prepared("", ""))
        relay, step = self.relay, prepared.step
        relay.watcher.starts(prepared.text)
        if step and relay.engine.attends(step):
            self.drain()
            if self._failed:
                return
            if step.action in ("copy", "unload"):
                relay.copy(step)
                relay.backend.resume_pipeline()
            else:
                relay.engine.before(step)
                sent = self._forward(b"E", body, prepared)
                self.drain()
                if not sent.failed:
                    relay.engine.after(step, sent.tag)
                    relay.backend.resume_pipeline()
        else:
            self._forward(b"E", body, prepared, hidden=relay.hides(prepared.text))
        if relay.watcher.after:
            self.drain()
            relay.watcher.after(prepared.text)

    def _name(
        self, named: dict[str, Any], name: str, meant: Prepared | None
    ) -> tuple[dict[str, Any], str, Any]:
        """Let a name mean something else from here on; how to undo it."""
        before = named.get(name)
        _put(named, name, meant)
        return named, name, before

    # --- to PostgreSQL and back

    def _forward(
        self,
        kind: bytes,
        body: bytes,
        prepared: Prepared,
        undo: tuple[dict[str, Any], str, Any] | None = None,
        *,
        hidden: bool = False,
        refusal: Refusal | None = None,
    ) -> Sent:
        if len(self._waiting) + len(body) > _TOGETHER:
            self.drain()
        sent = Sent(prepared.text, prepared.sql, prepared.step, hidden, failed=self._failed)
        if self._failed:
            return sent
        self._waiting += wire.message(kind, body)
        self._expected.append(_Expected(sent, refusal, undo))
        return sent

    def _refuse(self, refusal: Refusal) -> None:
        """Let PostgreSQL fail in the place of what is refused, with that error."""
        self._forward(b"P", wire.text("") + wire.text(REFUSED) + b"\0\0", Prepared("", ""), refusal=refusal)
        self.drain()

    def _sync(self) -> None:
        self.drain()
        self.relay.backend.send(wire.message(b"S"))
        for kind, data in self.relay.backend.messages():
            if kind == b"Z":
                break
            self.relay.show(kind, data, Sent("", ""))
        self._failed = False
        self.relay.ready()

    def drain(self) -> None:
        """Send on what waits, and pass on every answer to it."""
        if not self._expected:
            return
        self.relay.backend.send(self._waiting + wire.message(b"H"))
        self._waiting = bytearray()
        for kind, data in self.relay.backend.messages():
            expected = self._expected[0]
            if kind == b"E":
                self._failed = True
                for skipped in reversed(self._expected):
                    if skipped.undo:
                        _put(*skipped.undo)
                self._expected.clear()
            elif kind in _COMPLETE:
                self._expected.popleft()
            own = expected.refusal if kind == b"E" else None
            self.relay.show(kind, own.message() if own else data, expected.sent)
            if not self._expected:
                return


def _put(named: dict[str, Any], name: str, meant: Any) -> None:
    if meant is None:
        named.pop(name, None)
    else:
        named[name] = meant


def _invalid(error: ValueError) -> Refusal:
    """What PostgreSQL says of a string that does not end, or is no text."""
    if isinstance(error, UnicodeError):
        return Refusal("22021", 'invalid byte sequence for encoding "UTF8"')
    return Refusal("08P01", str(error))
