"""A Redshift cluster's endpoint on loopback: the wire protocol with TLS and temporary credentials in front of the local
Redshift, so that psycopg2, psql and any other client of the simple query protocol can connect to it.

Belongs here: connections, authentication, cancelling, injected failures. Does not belong here: the format of messages
(`wire`), what Redshift does with a statement (`session`).
"""

from __future__ import annotations

import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from redshift_local.endpoint import wire
from redshift_local.endpoint.refusal import Refusal
from redshift_local.endpoint.session import Engine, Result

#: The parameters that Redshift reports. standard_conforming_strings is not one of them: a backslash is an escape there.
_PARAMETERS = {
    "server_version": "8.0.2", "server_encoding": "UNICODE", "client_encoding": "UNICODE", "DateStyle": "ISO, MDY",
    "integer_datetimes": "on", "TimeZone": "UTC",
}  # fmt: skip


@dataclass
class Endpoint:
    """A listening endpoint. `engine` opens a database for a user; `password` returns a user's current password.

    Without a `certificate` nothing is encrypted; with one, connections that are not encrypted are rejected, unless they
    are allowed as `plain`, too.

    `statements` holds what clients sent, in order. If they are set, `before` and `after` are called with each statement
    before it runs and before it is answered; they may raise Refusal (an error of the server) or Cut (the connection is
    lost).
    """

    certificate: ssl.SSLContext | None
    engine: Callable[[str, str], Engine]
    password: Callable[[str], str | None]
    host: str = "127.0.0.1"
    port: int = 0
    plain: bool = False
    statements: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    before: Callable[[str], None] | None = None
    after: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        self._listener = socket.create_server((self.host, self.port))
        self.port = self._listener.getsockname()[1]
        self._open: dict[tuple[int, int], _Session] = {}

    def __enter__(self) -> Endpoint:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def cut_all(self) -> None:
        """Close every connection, as a cluster that restarts does."""
        for session in list(self._open.values()):
            session.cut()
        until = time.monotonic() + 10
        while self._open and time.monotonic() < until:
            time.sleep(0.01)

    def cancel(self, pid: int, key: int) -> None:
        if session := self._open.get((pid, key)):
            session.engine.cancel()

    def register(self, session: _Session) -> None:
        self._open[session.pid, session.key] = session

    def forget(self, session: _Session) -> None:
        self._open.pop((session.pid, session.key), None)

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_Session(self, client).serve, daemon=True).start()


class Cut(Exception):
    """The connection is lost without a message."""


class _Session:
    """One client."""

    engine: Engine

    def __init__(self, endpoint: Endpoint, client: socket.socket) -> None:
        self.endpoint, self.client = endpoint, client
        self.pid, self.key = secrets.randbelow(2**16) + 1, secrets.randbelow(2**31)

    def cut(self) -> None:
        with suppress(OSError):
            self.client.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        with suppress(OSError, ssl.SSLError):
            try:
                if self._begin():
                    self.endpoint.register(self)
                    self._answer_queries()
            finally:
                if hasattr(self, "engine"):
                    self.engine.close()
                self.endpoint.forget(self)
                self.client.close()

    # --- the start

    def _begin(self) -> bool:
        """Handle everything before the first statement; returns whether the client is authenticated."""
        stream = self._stream()
        certificate, encrypted = self.endpoint.certificate, False
        while True:
            code, body = wire.read_start(stream)
            match code:
                case wire.SSL_REQUEST if certificate and not encrypted:
                    self.client.sendall(b"S")
                    self.client = certificate.wrap_socket(self.client, server_side=True)
                    stream, encrypted = self._stream(), True
                case wire.SSL_REQUEST | wire.GSS_REQUEST:
                    self.client.sendall(b"N")
                case wire.CANCEL_REQUEST:
                    self.endpoint.cancel(int.from_bytes(body[:4]), int.from_bytes(body[4:]))
                    return False
                case wire.VERSION_3 if encrypted or self.endpoint.plain or not certificate:
                    return self._log_in(stream, wire.parameters(body))
                case wire.VERSION_3:  # the cluster's parameter require_ssl
                    return self._reject("28000", 'no pg_hba.conf entry for host "127.0.0.1", SSL off')
                case _:
                    return False

    def _log_in(self, stream: BinaryIO, given: dict[str, str]) -> bool:
        user, salt = given["user"], secrets.token_bytes(4)
        self.client.sendall(wire.message(b"R", 5, salt))
        _, answer = wire.read_message(stream)
        password = self.endpoint.password(user)
        if password is None or answer.rstrip(b"\0").decode() != wire.md5_answer(user, password, salt):
            return self._reject("28000", f'password authentication failed for user "{user}"')
        self.endpoint.logins.append(user)
        try:
            self.engine = self.endpoint.engine(given.get("database", user), user.rpartition(":")[2])
        except Refusal as refusal:
            return self._reject(refusal.state, refusal.text)
        self.client.sendall(
            wire.message(b"R", 0)
            + b"".join(wire.message(b"S", name, value) for name, value in _PARAMETERS.items())
            + wire.message(b"K", self.pid, self.key)
            + wire.ready(b"I")
        )
        return True

    def _reject(self, state: str, text: str) -> bool:
        self.client.sendall(wire.notice(b"E", {"S": "FATAL", "C": state, "M": text}))
        return False

    def _stream(self) -> BinaryIO:
        return self.client.makefile("rb")

    # --- statements

    def _answer_queries(self) -> None:
        stream = self._stream()
        while True:
            kind, body = wire.read_message(stream)
            match kind:
                case b"Q":
                    try:
                        answer = self._answer(body[:-1].decode())
                    except Cut:
                        return
                    self.client.sendall(answer)
                case b"X" | b"":
                    return
                case b"H" | b"S":
                    self.client.sendall(wire.ready(self.engine.status))
                case _:
                    refusal = Refusal("0A000", "this endpoint supports the simple query protocol only")
                    self.client.sendall(_error(refusal))

    def _answer(self, statement: str) -> bytes:
        """The answer to one or several statements; of several, the result of the last."""
        self.endpoint.statements.append(statement)
        try:
            if self.endpoint.before:
                self.endpoint.before(statement)
            result = self.engine.run(statement)
            if self.endpoint.after:
                self.endpoint.after(statement)
        except Refusal as refusal:
            self.engine.fail()
            return _error(refusal) + wire.ready(self.engine.status)
        return _rows(result) + wire.ready(self.engine.status)


def _rows(result: Result) -> bytes:
    notices = b"".join(wire.notice(b"N", {"S": "INFO", "C": "00000", "M": text}) for text in result.notices)
    if not result.tag:
        return notices + wire.message(b"I")
    rows = b""
    if result.columns:
        rows = wire.row_description(result.columns) + b"".join(map(wire.data_row, result.rows))
    return notices + rows + wire.message(b"C", result.tag)


def _error(refusal: Refusal) -> bytes:
    fields = {"S": "ERROR", "C": refusal.state, "M": refusal.text}
    return wire.notice(b"E", fields | ({"D": refusal.detail} if refusal.detail else {}))
