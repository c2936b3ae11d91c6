"""The server's side of PostgreSQL's wire protocol, as far as psycopg2 and psql use it: the simple query protocol.

Belongs here: reading and writing messages (https://www.postgresql.org/docs/18/protocol-message-formats.html). Does not
belong here: what they mean.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from typing import BinaryIO

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST, VERSION_3 = 80877103, 80877104, 80877102, 196608


def read_start(stream: BinaryIO) -> tuple[int, bytes]:
    """The first message of a client, which has no type: its code and body; (0, b"") at the end."""
    head = stream.read(8)
    if len(head) < 8:
        return 0, b""
    length, code = struct.unpack("!ii", head)
    return code, stream.read(length - 8)


def read_message(stream: BinaryIO) -> tuple[bytes, bytes]:
    """A message's type and body; (b"", b"") at the end."""
    head = stream.read(5)
    if len(head) < 5:
        return b"", b""
    return head[:1], stream.read(int.from_bytes(head[1:]) - 4)


def parameters(body: bytes) -> dict[str, str]:
    """The parameters of a start-up message."""
    words = [word.decode() for word in body.split(b"\0")]
    return {name: value for name, value in zip(words[::2], words[1::2], strict=False) if name}


def message(kind: bytes, *parts: bytes | str | int) -> bytes:
    """A message: numbers as four bytes, strings with a terminating zero."""
    body = b"".join(
        part if isinstance(part, bytes) else struct.pack("!i", part) if isinstance(part, int) else text(part)
        for part in parts
    )
    return kind + struct.pack("!i", len(body) + 4) + body


def text(value: str) -> bytes:
    """A string with a terminating zero."""
    return value.encode() + b"\0"


def ready(status: bytes) -> bytes:
    """ReadyForQuery: I is idle, T in a transaction, E in a failed transaction."""
    return message(b"Z", status)


def notice(kind: bytes, fields: Mapping[str, str]) -> bytes:
    """An error (E) or a notice (N), with its fields by their letters."""
    return message(kind, b"".join(key.encode() + text(value) for key, value in fields.items()), b"\0")


def row_description(columns: Sequence[tuple[str, int]]) -> bytes:
    """The names and types of a result's columns, all in text format."""
    parts = [text(name) + struct.pack("!ihihih", 0, 0, oid, -1, -1, 0) for name, oid in columns]
    return message(b"T", struct.pack("!h", len(columns)), *parts)


def data_row(values: Sequence[str | None]) -> bytes:
    """A row, each value as text; None is null."""
    parts = [
        b"\xff\xff\xff\xff" if v is None else struct.pack("!i", len(b := v.encode())) + b for v in values
    ]
    return message(b"D", struct.pack("!h", len(values)), *parts)


def md5_answer(user: str, password: str, salt: bytes) -> str:
    """What a client answers to AuthenticationMD5Password."""
    inner = hashlib.md5((password + user).encode()).hexdigest()  # noqa: S324 - required by the protocol
    return "md5" + hashlib.md5(inner.encode() + salt).hexdigest()  # noqa: S324 - required by the protocol
