"""The messages of PostgreSQL's wire protocol, version 3.0, as a server reads and writes them.

Belongs here: their format (https://www.postgresql.org/docs/18/protocol-message-formats.html) and their bounds. Does not
belong here: what they mean (`relay`), where they come from (`server`, `backend`).
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
VERSION_3 = 3 << 16

#: The bounds of PostgreSQL: src/include/libpq/protocol.h and pqcomm.h, src/backend/tcop/postgres.c.
_LONGEST_START = 10_000
_LONGEST_PASSWORD = 65_535
_LONGEST = dict.fromkeys((b"Q", b"P", b"B", b"F", b"d"), 2**30 - 2) | dict.fromkeys(
    (b"D", b"E", b"C", b"S", b"H", b"X", b"c", b"f"), 10_000
)
_PIECE = 1 << 20  # bytes


class Violation(Exception):
    """A message that breaks the protocol, after which nothing can be read from the connection."""


def read_start(stream: BinaryIO) -> tuple[int, bytes]:
    """The first message of a client, which has no type: its code and body; (0, b"") at the end. Raises Violation."""
    head = stream.read(8)
    if len(head) < 8:
        return 0, b""
    length, code = struct.unpack("!ii", head)
    return code, _read(stream, length - 8, _LONGEST_START, "invalid length of startup packet")


def read_message(stream: BinaryIO) -> tuple[bytes, bytes]:
    """A message's type and body; (b"", b"") at the end. Raises Violation."""
    head = stream.read(5)
    if len(head) < 5:
        return b"", b""
    if (longest := _LONGEST.get(head[:1])) is None:
        raise Violation(f"invalid frontend message type {head[0]}")
    return head[:1], _read(
        stream, int.from_bytes(head[1:], signed=True) - 4, longest, "invalid message length"
    )


def read_password(stream: BinaryIO) -> bytes:
    """The answer to AuthenticationMD5Password; empty at the end. Raises Violation."""
    head = stream.read(5)
    if len(head) < 5:
        return b""
    if head[:1] != b"p":
        raise Violation(f"expected password response, got message type {head[0]}")
    length = int.from_bytes(head[1:], signed=True) - 4
    return _read(stream, length, _LONGEST_PASSWORD, "invalid message length").rstrip(b"\0")


def _read(stream: BinaryIO, length: int, longest: int, otherwise: str) -> bytes:
    """A body, piece by piece, so that a length that is only claimed takes no memory."""
    if not 0 <= length <= longest:
        raise Violation(otherwise)
    pieces = []
    while length:
        if not (piece := stream.read(min(length, _PIECE))):
            raise ConnectionResetError("the connection ended inside a message")
        pieces.append(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def parameters(body: bytes) -> dict[str, str]:
    """The parameters of a start-up message. Raises Violation."""
    if body[-1:] != b"\0":
        raise Violation("invalid startup packet layout: expected terminator as last byte")
    words = [word.decode("utf-8", "replace") for word in body.split(b"\0")]
    return {name: value for name, value in zip(words[::2], words[1::2], strict=False) if name}


def strings(body: bytes, count: int) -> tuple[list[str], bytes]:
    """The `count` strings that begin a message, and the rest. Raises ValueError if it has not as many, or no text."""
    *found, rest = body.split(b"\0", count)
    if len(found) < count:
        raise ValueError("invalid string in message")
    return [word.decode() for word in found], rest


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
    """An error (E) or a notice (N), with its fields by their letters; empty ones are left out."""
    return message(
        kind, b"".join(key.encode() + text(value) for key, value in fields.items() if value), b"\0"
    )


def fields(body: bytes) -> dict[str, str]:
    """The fields of an error or a notice by their letters."""
    return {field[:1].decode(): field[1:].decode("utf-8", "replace") for field in body.split(b"\0") if field}


def negotiation(unknown: Sequence[str]) -> bytes:
    """NegotiateProtocolVersion: the server speaks 3.0 at most, and does not know these options of the protocol."""
    return message(b"v", VERSION_3, len(unknown), *unknown)


def in_upper_case(description: bytes) -> bytes:
    """A RowDescription with the names of its columns in upper case."""
    count, at, parts = int.from_bytes(description[5:7]), 7, [description[5:7]]
    for _ in range(count):
        end = description.index(b"\0", at)
        parts += [text(description[at:end].decode().upper()), description[end + 1 : end + 19]]
        at = end + 19
    return message(b"T", *parts)


def with_types(description: bytes, known: Callable[[int], int]) -> bytes:
    """A ParameterDescription with the types that a client knows."""
    types = struct.unpack(f"!{int.from_bytes(description[5:7])}i", description[7:])
    return message(b"t", description[5:7], *map(known, types))


def md5_digest(user: str, password: str) -> str:
    """A password as PostgreSQL keeps it: https://www.postgresql.org/docs/18/catalog-pg-authid.html."""
    return "md5" + hashlib.md5((password + user).encode()).hexdigest()  # noqa: S324 - required by the protocol


def md5_answer(user: str, password: str, salt: bytes) -> bytes:
    """What a client answers to AuthenticationMD5Password; `password` may be its digest."""
    kept = password if MD5_DIGEST.fullmatch(password) else md5_digest(user, password)
    outer = hashlib.md5(kept[3:].encode() + salt).hexdigest()  # noqa: S324 - required by the protocol
    return b"md5" + outer.encode()


#: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html: "md5" and the digest of password and user name
MD5_DIGEST = re.compile("md5[0-9a-f]{32}")
