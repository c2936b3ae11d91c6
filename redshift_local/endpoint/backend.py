"""PostgreSQL's side of a session, message by message.

Belongs here: the bytes that go to PostgreSQL and come from it. Does not belong here: what is sent (`relay`, `session`).

The connection is psycopg2's, because COPY and other statements that the local Redshift carries out itself need it.
While libpq waits for nothing, the same socket can carry any other message of the protocol: so portals, binary values,
types and errors are PostgreSQL's own, and a result passes through without being held.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Iterator

from psycopg2.extensions import connection as PlainConnection

from redshift_local.endpoint import wire

_EVER = 1e6  # seconds: libpq needs its socket not to block, and Python then wants a bound
_PIECE = 1 << 16  # bytes
_ROW = b"D"[0]
_HUNG_UP = getattr(select, "POLLRDHUP", select.POLLHUP)


class Backend:
    """The conversation with PostgreSQL; `status` is that of its last ReadyForQuery."""

    def __init__(self, connection: PlainConnection) -> None:
        self._socket = socket.socket(fileno=os.dup(connection.fileno()))
        self._socket.settimeout(_EVER)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._client = -1
        self._buffer, self._at = bytearray(), 0
        self.status = b"I"
        self.reports: dict[str, str] = {}  # parameters that have changed, until somebody takes them

    def watch(self, client: int) -> None:
        """Stop waiting for PostgreSQL when the client, a socket's number, has hung up."""
        self._client = client
        self._poll.register(client, _HUNG_UP)

    def close(self) -> None:
        """Close this side's copy of the socket."""
        self._socket.close()

    def send(self, data: bytes | bytearray) -> None:
        self._socket.sendall(data)

    def query(self, sql: str) -> Iterator[tuple[bytes, bytes]]:
        """Send a text of SQL; the messages of its answer before ReadyForQuery."""
        self.send(wire.message(b"Q", sql))
        for kind, data in self.messages():
            if kind == b"Z":
                return
            yield kind, data

    def run(self, sql: str) -> dict[str, str]:
        """Run a text of SQL for itself; the fields of its error, if it fails."""
        failed: dict[str, str] = {}
        for kind, data in self.query(sql):
            if kind == b"E":
                failed = wire.fields(data[5:])
        return failed

    def resume_pipeline(self) -> None:
        """Take up again the transaction in which PostgreSQL runs what comes before a Sync, after a query of the
        session's own. With no message behind such a query, Sync would not commit (`exec_simple_query`).
        """
        name = wire.text("redshift_local of the session")
        self.send(wire.message(b"P", name + b"\0\0\0") + wire.message(b"C", b"S" + name) + wire.message(b"H"))
        for kind, _ in self.messages():
            if kind in (b"3", b"E"):
                return

    def messages(self) -> Iterator[tuple[bytes, bytes]]:
        """The messages from here on, without end, each as its type and the whole of it; rows come as many as there are,
        and parameters' values go to `reports`.

        Raises ConnectionError if PostgreSQL ends the connection, or if the client does while it is waited for.
        """
        while True:
            buffer, at, end = self._buffer, self._at, len(self._buffer)
            start = at
            while end - at >= 5 and buffer[at] == _ROW:
                after = at + 1 + int.from_bytes(buffer[at + 1 : at + 5])
                if after > end:
                    break
                at = after
            if at > start:
                self._at = at
                yield b"D", bytes(buffer[start:at])
                continue
            if end - at >= 5 and (after := at + 1 + int.from_bytes(buffer[at + 1 : at + 5])) <= end:
                self._at = after
                whole = bytes(buffer[at:after])
                match whole[:1]:
                    case b"S":
                        [name, value], _ = wire.strings(whole[5:], 2)
                        self.reports[name] = value
                        continue
                    case b"Z":
                        self.status = whole[5:]
                yield whole[:1], whole
                continue
            self._receive()

    def _receive(self) -> None:
        for number, _ in self._poll.poll():
            if number == self._client:
                raise ConnectionAbortedError("the client has hung up")
        piece = self._socket.recv(_PIECE)
        if not piece:
            raise ConnectionResetError("PostgreSQL has ended the session")
        del self._buffer[: self._at]
        self._buffer += piece
        self._at = 0
