"""A bad line: a proxy in front of the server that cuts a connection at a chosen message.

It forwards a port of the loopback interface to the server's socket and understands just so much of the protocol as
counting takes: a message of the client is a type, a length and a body, and the first has no type
(https://www.postgresql.org/docs/18/protocol-message-formats.html).
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType


class Proxy:
    """Counts the messages and commits of all its clients since it was last told where to cut, and cuts once."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.counting = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.messages = self.commits = 0
        self.cut = False
        self._before: int | None = None
        self._after_commit: int | None = None

    def cut_before(self, message: int) -> None:
        """Cut the connection that sends the message of this number (from 1 on) instead of forwarding it."""
        self.reset()
        self._before = message

    def cut_after_commit(self, number: int) -> None:
        """Cut the connection whose commit has this number, once the server has answered it."""
        self.reset()
        self._after_commit = number

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                client, _ = self.listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.server)
                line = _Line(self, client, server)
                for forward in (line.to_server, line.to_client):
                    threading.Thread(target=forward, daemon=True).start()


class _Line:
    """One client's connection."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, server
        self.deaf = threading.Event()  # what the server says does not reach the client any more

    def to_server(self) -> None:
        with suppress(OSError), self.client.makefile("rb") as incoming:
            self.server.sendall(_message(incoming, typed=False))
            while message := _message(incoming, typed=True):
                if self._forward(message):
                    break
        self._close(self.server)
        if not self.deaf.is_set():
            self._close(self.client)

    def _forward(self, message: bytes) -> bool:
        """Send one message on, unless the line is cut before it; whether the line is at its end."""
        proxy = self.proxy
        with proxy.counting:
            proxy.messages += 1
            commits = message[:1] == b"Q" and message[5:].upper().startswith(b"COMMIT")
            proxy.commits += commits
            before = proxy.messages == proxy._before
            after = commits and proxy.commits == proxy._after_commit
            proxy.cut = proxy.cut or before
        if before:
            return True
        if after:
            self.deaf.set()
        self.server.sendall(message)
        return False

    def to_client(self) -> None:
        with suppress(OSError):
            while data := self.server.recv(65536):
                if self.deaf.is_set():  # the first thing that comes is the answer to the commit
                    self.proxy.cut = True
                    break
                self.client.sendall(data)
        self._close(self.client)
        self._close(self.server)

    def _close(self, end: socket.socket) -> None:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _message(incoming: object, *, typed: bool) -> bytes:
    """One message whole; b"" at the end."""
    head = incoming.read(5 if typed else 4)  # type: ignore[attr-defined]
    if len(head) < (5 if typed else 4):
        return b""
    length = int.from_bytes(head[-4:])
    return bytes(head + incoming.read(length - 4))  # type: ignore[attr-defined]
