"""An endpoint of the local Redshift on loopback: the wire protocol, with TLS and passwords, so that any client
can connect.

Belongs here: connections, authentication, cancelling, injected failures. Does not belong here: the format of messages
(`wire`), what is done with a client's statements (`relay`, `extended`, `session`).
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

from redshift_local.endpoint import parameters, wire
from redshift_local.endpoint.extended import Extended
from redshift_local.endpoint.refusal import Refusal
from redshift_local.endpoint.relay import Outbox, Relay
from redshift_local.endpoint.session import Engine


@dataclass
class Endpoint:
    """A listening endpoint. `engine` opens a database for a user, with libpq's `options`; `password` returns a user's
    current password.

    Without a `certificate` nothing is encrypted; with one, connections that are not encrypted are rejected, unless they
    are allowed as `plain`, too.

    If it is to `remember`, `statements` and `logins` hold what clients sent and who logged in, in order. If they are
    set, `before` and `after` are called with each statement before it runs and before it is answered; they may raise
    Refusal (an error of the server) or Cut (the connection is lost).
    """

    certificate: ssl.SSLContext | None
    engine: Callable[[str, str, str], Engine]
    password: Callable[[str], str | None]
    host: str = "127.0.0.1"
    port: int = 0
    plain: bool = False
    remember: bool = False
    statements: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    before: Callable[[str], None] | None = None
    after: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        self._listener = socket.create_server((self.host, self.port), backlog=_BACKLOG)
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

    def sessions(self) -> int:
        """How many clients have logged in and not left."""
        return len(self._open)

    def cancel(self, pid: int, key: int) -> None:
        """Cancel what a session runs."""
        if session := self._open.get((pid, key)):
            session.engine.cancel()

    def starts(self, text: str) -> None:
        """Called with each text of a client before it runs."""
        if self.remember:
            self.statements.append(text)
        if self.before:
            self.before(text)

    def register(self, session: _Session, user: str) -> None:
        """Note a session that has begun."""
        self._open[session.pid, session.key] = session
        if self.remember:
            self.logins.append(user)

    def forget(self, session: _Session) -> None:
        """Note a session that has ended."""
        self._open.pop((session.pid, session.key), None)

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_Session(self, client).serve, daemon=True).start()


_BACKLOG = 512  # connections that wait to be accepted
_START_SECONDS = 60  # in which a client has to log in: PostgreSQL's authentication_timeout


class Cut(Exception):
    """The connection is lost without a message."""


class _Session:
    """One client."""

    engine: Engine

    def __init__(self, endpoint: Endpoint, client: socket.socket) -> None:
        self.endpoint, self.client = endpoint, client
        self.pid, self.key = secrets.randbelow(2**16) + 1, secrets.randbelow(2**31)

    def cut(self) -> None:
        """End the connection, whatever it does."""
        with suppress(OSError):
            self.client.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        """Serve the client until it leaves."""
        with suppress(OSError):  # ssl.SSLError, too: the connection is gone
            try:
                self.client.settimeout(_START_SECONDS)
                if stream := self._begin():
                    self.client.settimeout(None)
                    self._answer(stream)
            except Cut:
                pass
            except Refusal as refusal:
                self.client.sendall(refusal.message("FATAL"))
            except wire.Violation as violation:
                self.client.sendall(Refusal("08P01", str(violation)).message("FATAL"))
            finally:
                self.cut()  # closing alone would wait until nothing refers to the socket's stream any more
                self.client.close()
                if hasattr(self, "engine"):
                    self.engine.close()
                self.endpoint.forget(self)

    # --- the start

    def _begin(self) -> BinaryIO | None:
        """Handle everything before the first statement; what the client's messages are read from, if it may send any.

        Raises Refusal, Violation.
        """
        certificate, stream = self.endpoint.certificate, self.client.makefile("rb")
        encrypted = False
        while True:
            code, body = wire.read_start(stream)
            match code:
                case wire.SSL_REQUEST if certificate and not encrypted:
                    self.client.sendall(b"S")
                    self.client = certificate.wrap_socket(self.client, server_side=True)
                    stream, encrypted = self.client.makefile("rb"), True
                case wire.SSL_REQUEST | wire.GSS_REQUEST:
                    self.client.sendall(b"N")
                case wire.CANCEL_REQUEST:
                    self.endpoint.cancel(int.from_bytes(body[:4]), int.from_bytes(body[4:]))
                    return None
                case 0:
                    return None
                case _ if code >> 16 != wire.VERSION_3 >> 16:
                    asked = f"{code >> 16 & 0xFFFF}.{code & 0xFFFF}"
                    raise Refusal(
                        "0A000", f"unsupported frontend protocol {asked}: server supports 3.0 to 3.0"
                    )
                case _ if certificate and not encrypted and not self.endpoint.plain:  # require_ssl
                    raise Refusal("28000", 'no pg_hba.conf entry for host "127.0.0.1", SSL off')
                case _:
                    self._log_in(stream, code, wire.parameters(body))
                    return stream

    def _log_in(self, stream: BinaryIO, version: int, given: dict[str, str]) -> None:
        unknown = [name for name in given if name.startswith("_pq_.")]
        if version != wire.VERSION_3 or unknown:
            self.client.sendall(wire.negotiation(unknown))
        if not (user := given.get("user", "")):
            raise Refusal("28000", "no PostgreSQL user name specified in startup packet")
        salt = secrets.token_bytes(4)
        self.client.sendall(wire.message(b"R", 5, salt))
        answer = wire.read_password(stream)
        password = self.endpoint.password(user)
        if password is None or not secrets.compare_digest(answer, wire.md5_answer(user, password, salt)):
            raise Refusal("28000", f'password authentication failed for user "{user}"')
        options = parameters.options(given)
        self.engine = self.endpoint.engine(given.get("database", user), _database_user(user), options)
        self.engine.backend.watch(self.client.fileno())
        self.endpoint.register(self, user)
        self.client.sendall(
            wire.message(b"R", 0)
            + parameters.first_statuses(
                self.engine.connection.get_parameter_status, self.engine.backend.reports
            )
            + wire.message(b"K", self.pid, self.key)
            + wire.ready(self.engine.backend.status)
        )

    # --- statements

    def _answer(self, stream: BinaryIO) -> None:
        """Answer the client's messages. Raises Violation."""
        relay = Relay(self.engine, Outbox(self.client.sendall), self.endpoint)
        extended = Extended(relay)
        while True:
            kind, body = wire.read_message(stream)
            match kind:
                case b"Q":
                    extended.query(body)
                case b"X" | b"":
                    return
                case b"P" | b"B" | b"D" | b"E" | b"C" | b"H" | b"S":
                    extended.handle(kind, body)
                case b"F":
                    extended.refuse_call()
                case _:  # rows of a COPY that has failed
                    pass


def _database_user(login: str) -> str:
    """The user of the database that a login is: `IAM:` and `IAMA:` are put before a user's name by
    GetClusterCredentials, while `IAMR:` is part of the name of the user that stands for an IAM role
    (https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html). The name is in lower
    case, as CREATE USER and GRANT leave it: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html.
    """
    prefix, _, name = login.rpartition(":")
    return login.lower() if prefix == "IAMR" else name
