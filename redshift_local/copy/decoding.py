"""From the bytes of an object to the UTF-8 that COPY reads: compression, ENCODING, ACCEPTINVCHARS, IGNOREHEADER.

Does not belong here: where the bytes come from (`objects`), what the text means (`records`, `delimited`).
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import re
from typing import IO, Any, Literal

from redshift_local.copy.records import Source

#: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-file-compression.html, but for LZOP
Compression = Literal["gzip", "bzip2", "zstd"]


class DecodingError(ValueError):
    """Bytes that are not what the statement says."""


def decompressed(file: IO[bytes], compression: Compression | None) -> Source:
    """The content of a file. Raises DecodingError if a library for it is missing; reading raises OSError, EOFError."""
    match compression:
        case "gzip":
            return gzip.GzipFile(fileobj=file)
        case "bzip2":
            return bz2.BZ2File(file)
        case "zstd":
            return zstd().CompressedInputStream(zstd().PythonFile(file, mode="r"), "zstd")  # type: ignore[no-any-return]
    return file


def zstd() -> Any:
    """The library that reads and writes Zstandard. Raises DecodingError if it is missing."""
    try:
        import pyarrow
    except ModuleNotFoundError:
        raise DecodingError("ZSTD needs pyarrow: pip install pyarrow") from None
    return pyarrow


#: Where characters are replaced, in a text and by what: code points that are valid UTF-8 and no characters.
#: https://docs.aws.amazon.com/redshift/latest/dg/multi-byte-character-load-errors.html
_NO_CHARACTERS = re.compile(
    "[\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)


def decoded(source: Source, encoding: str, replacement: str | None) -> Source:
    """The text of `source` in UTF-8. With a `replacement`, it stands in place of each invalid byte, and of each byte of
    a code point that is no character, so that every offset stays.
    """
    if encoding == "utf-8" and replacement is None:
        return source
    return _Decoded(source, encoding, replacement)


class _Decoded:
    def __init__(self, source: Source, encoding: str, replacement: str | None) -> None:
        errors = "strict"
        if replacement is not None:
            errors = f"redshift-replace-{ord(replacement)}"
            codecs.register_error(errors, lambda error: (replacement * (error.end - error.start), error.end))  # type: ignore[attr-defined]
        self._source = source
        self._encoding = encoding
        self._replacement = replacement
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self._at_start = True

    def read(self, size: int, /) -> bytes:
        while True:
            chunk = self._source.read(size)
            if self._at_start:
                chunk = self._check_mark(chunk)
            try:
                text = self._decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise DecodingError(f"this is not {self._encoding}: {error.reason}") from None
            if text and self._replacement is not None:
                text = _NO_CHARACTERS.sub(self._replaced, text)
            if text or not chunk:
                return text.encode()

    def _check_mark(self, chunk: bytes) -> bytes:
        """Raise DecodingError unless UTF-16 has a byte order mark: copy-encoding; else drop one that is there."""
        self._at_start = False
        while len(chunk) < 2 and (more := self._source.read(2)):
            chunk += more
        marked = chunk[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        if self._encoding == "utf-16" and chunk and not marked:
            raise DecodingError("ENCODING UTF16 needs a byte order mark")
        return chunk[2:] if marked and self._encoding in ("utf-16-le", "utf-16-be") else chunk

    def _replaced(self, found: re.Match[str]) -> str:
        return (self._replacement or "") * len(found[0].encode())


def without_header(source: Source, lines: int) -> Source:
    """`source` from the line after the first `lines` on."""
    return _Rest(source, lines) if lines else source


class _Rest:
    def __init__(self, source: Source, lines: int) -> None:
        self._source = source
        self._lines = lines

    def read(self, size: int, /) -> bytes:
        while self._lines and (chunk := self._source.read(size)):
            parts = chunk.split(b"\n", self._lines)
            self._lines -= len(parts) - 1
            if not self._lines and parts[-1]:
                return parts[-1]
        self._lines = 0
        return self._source.read(size)
