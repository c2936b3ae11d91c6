"""What the bytes of a source object are: UTF-8 text that may be compressed by gzip and begin with a byte order mark.

The bytes decide, not the name: what was stored with `Content-Encoding: gzip` comes from S3 compressed, whatever its key
says.

Belongs here: the way from bytes to text. Does not: where one record ends and the next begins
(`redshift_local.read_blocks`).
"""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from typing import NamedTuple

#: How many bytes from the start of an object suffice to tell what it is, even after a gzip header with a file name.
START_BYTES = 1024

_GZIP = b"\x1f\x8b"  # https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1
_OTHERS = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"PAR1": "a Parquet file",
}


class Unreadable(ValueError):
    """An object cannot be read at all, for instance because its gzip is broken."""


class Form(NamedTuple):
    """How an object stores its text: whether it is `packed` by gzip and `marked` by a byte order mark."""

    packed: bool
    marked: bool


def form_of(key: str, start: bytes) -> Form:
    """The form of an object that begins with these bytes. Raises Unreadable if COPY cannot read it as text."""
    packed = start.startswith(_GZIP)
    if key.endswith(".gz") and not packed:
        raise Unreadable("no gzip, though its key ends in .gz" if start else "an empty object is no gzip")
    text = _unpacked_start(start, START_BYTES) if packed else start
    if packed and text.startswith(_GZIP):
        raise Unreadable("gzip that was compressed by gzip again")
    for magic, what in _OTHERS.items():
        if text.startswith(magic):
            raise Unreadable(f"{what}; COPY reads JSON, as text or compressed by gzip")
    if encoding := _other_encoding(text):
        raise Unreadable(f"{encoding} text; COPY reads UTF-8")
    return Form(packed, text.startswith(codecs.BOM_UTF8))


def text_of(key: str, data: bytes) -> bytes:
    """The text of a whole object, decompressed and without a byte order mark. Raises Unreadable."""
    packed, _ = form_of(key, data[:START_BYTES])
    if packed:
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise Unreadable(f"gzip: {error}") from None
    return data.removeprefix(codecs.BOM_UTF8)


def start_of_text(key: str, start: bytes, most: int) -> bytes:
    """The text at the start of an object, of a compressed one at most `most` bytes. Raises Unreadable."""
    packed, _ = form_of(key, start)
    text = _unpacked_start(start, most) if packed else start
    return text.removeprefix(codecs.BOM_UTF8)


def _unpacked_start(start: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(start, most)
    except zlib.error as error:
        raise Unreadable(f"gzip: {error}") from None


def _other_encoding(text: bytes) -> str | None:
    """UTF-16 or UTF-32 if the text is so encoded, or None: recognised by the byte order mark, or by the zero bytes in
    JSON's first characters (https://www.rfc-editor.org/rfc/rfc4627#section-3).
    """
    encoding = json.detect_encoding(text)
    if encoding.startswith("utf-8"):
        return None
    marked = text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    if marked or text.decode(encoding, "ignore").lstrip()[:1] in ("{", "["):
        return encoding[:6].upper()
    return None
