"""The JSON objects in a file, as Redshift's COPY finds them: separated by white space, not by lines.

Belongs here: where a record begins and ends, which line it is on, and what is not a record. Does not belong here: how
the values of a record become those of a table (`convert`).

The rules (https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-json): objects or
arrays separated by white space only; anything else before or between them is one error for each instance; an object
has at most 4 MB; the line number of a record is that of the line on which it ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import msgspec

# The values of a block fit the processor's cache. With twice as many bytes, reading takes a fifth longer.
BLOCK_BYTES = 1 << 17
MAX_BYTES = 4 << 20  # of one object

#: The white space of JSON (RFC 8259, section 2); Python's strip would take the vertical tab and the form feed, too.
BLANKS = b" \t\r\n"

_BLANKS = re.compile(rb"[ \t\r\n]*")
_BRACKETS = re.compile(rb'"(?:[^"\\\n]|\\[^\n])*"|["\[\]{}]')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"(?=[ \t\r]|$)')
_TWO_IN_A_LINE = re.compile(rb"\}[ \t\r]*\{")

_decoder = msgspec.json.Decoder()

#: The values of objects separated by white space. Raises ValueError, or RecursionError for deep nesting.
parse_objects: Callable[[bytes], list[Any]] = msgspec.json.Decoder(dict[str, Any]).decode_lines


class Record(NamedTuple):
    """A record, or a fault where one should be: the line (from 1) on which it ends, its value, its text.

    The value is a dict or a list, or what the parser of `read_blocks` made of it. That of a fault is a ValueError that
    says what is wrong.
    """

    line: int
    value: Any
    raw: bytes


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, or b'' at the end."""


@dataclass(frozen=True)
class Block:
    """A part of an object, from the beginning of one record to the end of another.

    `line` is the number of lines before it; `values` are the values of its records. `found` are its records and faults,
    or None if each of its lines is one object.
    """

    data: bytes
    offset: int
    line: int
    values: list[Any]
    found: list[Record] | None

    @property
    def faults(self) -> list[Record]:
        """What is not a record."""
        return [record for record in self.found or () if isinstance(record.value, ValueError)]

    @cached_property
    def records(self) -> list[Record]:
        """All records and faults, in their order."""
        if self.found is not None:
            return self.found
        lines = self.data.split(b"\n")
        return [
            Record(self.line + number, value, raw.strip(BLANKS))
            for number, (value, raw) in enumerate(zip(self.values, lines, strict=False), 1)
        ]

    def record(self, index: int) -> Record:
        """The record of the value at `index`."""
        return self._sound[index]

    @cached_property
    def _sound(self) -> list[Record]:
        return [record for record in self.records if not isinstance(record.value, ValueError)]


def read_blocks(
    source: Source,
    offset: int = 0,
    line: int = 0,
    size: int = BLOCK_BYTES,
    parse: Callable[[bytes], list[Any]] = parse_objects,
) -> Iterator[Block]:
    """Read `source` to its end in blocks of about `size` bytes; `offset` and `line` are its current position.

    `parse` returns the values of objects that are separated by white space. It raises ValueError for any other text,
    or RecursionError, and the records of that text are then parsed one by one. At most two blocks, or the longest
    allowed object, are in memory. Raises the errors of `source`.
    """
    data, final, enough = b"", False, 0
    while not final:
        chunk = source.read(size)
        data, final = data + chunk, not chunk
        if len(data) < enough and not final:
            continue
        end = len(data) if final else data.rfind(b"\n") + 1
        whole, found = data[:end], None
        values = _plain(whole, parse)
        if values is None:
            found, end = _find(data, line, final=final)
            whole = data[:end]
            values = [record.value for record in found if not isinstance(record.value, ValueError)]
        if end:
            yield Block(whole, offset, line, values, found)
            line += data.count(b"\n", 0, end) if found is not None else len(values)
            offset, data = offset + end, data[end:]
        if len(data) > MAX_BYTES:
            data, offset, line, record = _skip(source, data, offset, line, size)
            yield Block(record.raw, offset, line, [], [record])
        # An unfinished record is parsed again only when it is twice as long, so that no text takes quadratic time.
        enough = min(2 * len(data), MAX_BYTES + 1)


def read_records(source: Source) -> Iterator[Record]:
    """Every record and every fault of `source`, in COPY's order. Raises the errors of `source`."""
    for block in read_blocks(source):
        yield from block.records


def parse_value(text: bytes) -> Any:
    """The value of one JSON text, with integers exactly as written. Raises ValueError."""
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error).removeprefix("JSON is malformed: ")) from None
    except RecursionError:
        raise ValueError("nested too deep") from None


def _plain(data: bytes, parse: Callable[[bytes], list[Any]]) -> list[Any] | None:
    """The values of a text in which each line is one object, by one call of the parser; None if it may be different.

    This is exact: with as many objects as lines and no line on which one object follows another, every line break
    separates two objects.
    """
    if len(data) > MAX_BYTES:
        return None
    try:
        values = parse(data)
    except (ValueError, RecursionError):
        return None
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    return values if len(values) == lines and not _TWO_IN_A_LINE.search(data) else None


def _find(data: bytes, line: int, *, final: bool) -> tuple[list[Record], int]:
    """The records and faults in `data`, and the offset after them; `line` is the number of lines before.

    Unless `final`, the last record may continue after the end of `data`; it is then left out.
    """
    records: list[Record] = []
    start = _after_blanks(data, 0)
    counted = 0
    while start < len(data):
        stop, value = _structure(data, start) if data[start] in b"{[" else _stray(data, start, final)
        if stop < 0:
            if not final:
                break
            stop = start + len(data[start : data.find(b"\n{", start) + 1 or len(data)].rstrip(BLANKS))
        line += data.count(b"\n", counted, stop)
        counted = stop
        raw = data[start:stop]
        if len(raw) > MAX_BYTES:
            value = ValueError("the JSON object has more than 4 MB")
        records.append(Record(line + 1, value, raw))
        start = _after_blanks(data, stop)
    return records, start


def _after_blanks(data: bytes, start: int) -> int:
    match = _BLANKS.match(data, start)
    return match.end() if match else start


def _structure(data: bytes, start: int) -> tuple[int, Any]:
    """The object or array that begins at `start`: where it ends (-1 if not in `data`), and its value or fault.

    A fault ends at the bracket that closes it. If there is none before the next line that begins with the same bracket,
    that line is a new record and the fault ends before it; an array without an end also ends before a line that begins
    with an object.
    """
    line_end = data.find(b"\n", start)
    try:
        return _parsed(data, start, line_end if line_end >= 0 else len(data))
    except ValueError:
        pass
    same_start = data.find(b"\n" + data[start : start + 1], start) + 1
    stop = _closing(data, start, same_start or len(data))
    if stop < 0:
        if same_start:
            stop = start + len(
                data[start : data.find(b"\n{", start, same_start) + 1 or same_start].rstrip(BLANKS)
            )
        return stop, ValueError("Invalid JSON: the object does not end")
    try:
        return _parsed(data, start, stop)
    except ValueError as error:
        return stop, ValueError(f"Invalid JSON: {error}")


def _parsed(data: bytes, start: int, stop: int) -> tuple[int, Any]:
    text = data[start:stop].rstrip(BLANKS)
    return start + len(text), parse_value(text)


def _closing(data: bytes, start: int, end: int) -> int:
    """The offset after the bracket that closes the one at `start`; -1 if there is none before `end`."""
    depth = 0
    for match in _BRACKETS.finditer(data, start, end):
        token = match.group()
        if token in b"{[":
            depth += 1
        elif token in b"}]":
            depth -= 1
            if not depth:
                return match.end()
        elif token == b'"':
            return -1  # a string that does not end on its line
    return -1


def _stray(data: bytes, start: int, final: bool) -> tuple[int, ValueError]:
    """The end of text where a record should begin (-1 if not in `data`), and its fault. It ends before a valid object
    that is not part of a string, or with its line.
    """
    fault = ValueError("Invalid JSON: text that belongs to no object")
    line_end = data.find(b"\n", start)
    if line_end < 0 and data[start] in b'"' and not final:
        return -1, fault
    end = line_end if line_end >= 0 else len(data)
    string = _STRING.match(data, start, end)
    brace = data.find(b"{", string.end() if string else start, end)
    while brace >= 0 and (stop := _closing(data, brace, end)) >= 0:
        try:
            parse_value(data[brace:stop])
        except ValueError:
            brace = data.find(b"{", stop, end)
        else:
            return start + len(data[start:brace].rstrip(BLANKS)), fault
    return start + len(data[start:line_end].rstrip(BLANKS)) if line_end >= 0 else -1, fault


def _skip(source: Source, data: bytes, offset: int, line: int, size: int) -> tuple[bytes, int, int, Record]:
    """Skip what is longer than an object may be, up to the next line that begins with an object.

    Returns the data after it, the offset and line there, and the skipped text as a fault.
    """
    raw = data[:MAX_BYTES]
    while (following := data.find(b"\n{") + 1) == 0:
        chunk = source.read(size)
        if not chunk:
            following = len(data)
            break
        offset, line, data = offset + len(data) - 1, line + data.count(b"\n", 0, -1), data[-1:] + chunk
    ended = line + data[:following].rstrip(BLANKS).count(b"\n") + 1
    line += data.count(b"\n", 0, following)
    fault = Record(ended, ValueError("the JSON object has more than 4 MB"), raw)
    return data[following:], offset + following, line, fault
