"""A client of the wire protocol: it sends what it is told, message by message, and shows every message that comes back.

The formats are those of https://www.postgresql.org/docs/18/protocol-message-formats.html.
"""

from __future__ import annotations

import hashlib
import socket
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

SYNC, FLUSH, TERMINATE = (kind + b"\0\0\0\4" for kind in (b"S", b"H", b"X"))

Message = tuple[str, bytes]


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def query(text: str) -> bytes:
    return message(b"Q", text.encode() + b"\0")


def parse(text: str, name: str = "", types: tuple[int, ...] = ()) -> bytes:
    given = struct.pack(f"!h{len(types)}i", len(types), *types)
    return message(b"P", name.encode() + b"\0" + text.encode() + b"\0" + given)


def bind(
    *values: bytes | None, name: str = "", portal: str = "", binary: bool = False, binary_result: bool = False
) -> bytes:
    sent = b"".join(
        b"\xff" * 4 if value is None else struct.pack("!i", len(value)) + value for value in values
    )
    return message(
        b"B",
        portal.encode() + b"\0" + name.encode() + b"\0" + struct.pack("!hhh", 1, binary, len(values)) + sent
        + struct.pack("!hh", 1, binary_result),
    )  # fmt: skip


def describe(kind: str, name: str = "") -> bytes:
    return message(b"D", kind.encode() + name.encode() + b"\0")


def execute(portal: str = "", rows: int = 0) -> bytes:
    return message(b"E", portal.encode() + b"\0" + struct.pack("!i", rows))


def close(kind: str, name: str = "") -> bytes:
    return message(b"C", kind.encode() + name.encode() + b"\0")


def start(version: int = 3 << 16, **parameters: str) -> bytes:
    given = b"".join(name.encode() + b"\0" + value.encode() + b"\0" for name, value in parameters.items())
    body = struct.pack("!i", version) + given + b"\0"
    return struct.pack("!i", len(body) + 4) + body


class Client:
    """A connection; with a user, one that has logged in."""

    def __init__(self, port: int, user: str = "", password: str = "secret", **parameters: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.stream: BinaryIO = self.socket.makefile("rb")
        self.begun: list[Message] = []
        if user:
            self.send(start(user=user, **parameters))
            self.begun = self.log_in(user, password)

    def log_in(self, user: str, password: str) -> list[Message]:
        """Answer the server's question for the password; what comes after it."""
        [*_, (kind, asked)] = self.until("RE")
        if kind == "R":
            inner = hashlib.md5((password + user).encode()).hexdigest()
            answer = "md5" + hashlib.md5(inner.encode() + asked[4:]).hexdigest()
            self.send(message(b"p", answer.encode() + b"\0"))
            return self.until("ZE")
        return [(kind, asked)]

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(messages))

    def read(self) -> Message | None:
        """The next message; None at the end."""
        head = self.stream.read(5)
        if len(head) < 5:
            return None
        return chr(head[0]), self.stream.read(int.from_bytes(head[1:]) - 4)

    def until(self, kinds: str) -> list[Message]:
        """The messages up to the first of these kinds, or to the end."""
        found = []
        while received := self.read():
            found.append(received)
            if received[0] in kinds:
                break
        return found

    def ask(self, *messages: bytes) -> list[Message]:
        """Send messages; what comes back up to ReadyForQuery."""
        self.send(*messages)
        return self.until("Z")

    def kinds(self, *messages: bytes) -> str:
        """The kinds of what comes back."""
        return "".join(kind for kind, _ in self.ask(*messages))

    def rows(self, text: str) -> list[tuple[str | None, ...]]:
        """The rows of a query."""
        return [row(body) for kind, body in self.ask(query(text)) if kind == "D"]

    def close(self) -> None:
        self.stream.close()
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def values(body: bytes) -> list[bytes | None]:
    """The values of a DataRow."""
    found: list[bytes | None] = []
    at = 2
    for _ in range(int.from_bytes(body[:2])):
        length = int.from_bytes(body[at : at + 4], signed=True)
        at += 4
        found.append(None if length < 0 else body[at : at + length])
        at += max(length, 0)
    return found


def row(body: bytes) -> tuple[str | None, ...]:
    return tuple(None if value is None else value.decode() for value in values(body))


def columns(body: bytes) -> list[tuple[str, int, int, int]]:
    """The columns of a RowDescription: name, type, modifier, format."""
    found, at = [], 2
    for _ in range(int.from_bytes(body[:2])):
        end = body.index(b"\0", at)
        _, _, oid, _, modifier, form = struct.unpack("!ihihih", body[end + 1 : end + 19])
        found.append((body[at:end].decode(), oid, modifier, form))
        at = end + 19
    return found


def error(messages: list[Message]) -> dict[str, str]:
    """The fields of the only error among messages."""
    [body] = [body for kind, body in messages if kind == "E"]
    return {field[:1].decode(): field[1:].decode() for field in body.split(b"\0") if field}


def tags(messages: list[Message]) -> list[str]:
    return [body[:-1].decode() for kind, body in messages if kind == "C"]


def statuses(messages: list[Message]) -> dict[str, str]:
    pairs: Iterator[Any] = (body[:-1].decode().split("\0") for kind, body in messages if kind == "S")
    return dict(pairs)
