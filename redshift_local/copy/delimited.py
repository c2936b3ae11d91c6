"""The rows of a text file: delimited, CSV or of fixed widths, as Redshift's COPY splits it.

Belongs here: where a row and its fields begin and end, quotes, escapes, what is NULL. Does not belong here: how a field
becomes a value (`convert`), which options a statement may combine (`statement`).

The rules: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-csv and
https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html#copy-escape
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from redshift_local.copy.columns import Column
from redshift_local.copy.convert import Row
from redshift_local.copy.records import BLOCK_BYTES, MAX_BYTES, Block, Record, Source
from redshift_local.copy.refusals import Refused, no_utf_8


@dataclass
class Layout:
    """Options of COPY for text files; without `csv` and `widths` it is delimited text."""

    csv: bool = False
    delimiter: str = ""
    quote: str = '"'
    null: str = "\\N"
    escape: bool = False
    remove_quotes: bool = False
    fill_record: bool = False
    ignore_blank_lines: bool = False
    widths: Sequence[int] = ()

    @property
    def separator(self) -> str:
        """The delimiter, or the one of the format if none is given."""
        return self.delimiter or ("," if self.csv else "|")


class Delimited:
    """Reads rows of `columns` from a text file. Its values are texts, or None for NULL."""

    texts = None  # nothing is written otherwise than it is read

    def __init__(self, layout: Layout, columns: Sequence[Column], *, empty_as_null: bool) -> None:
        self._layout = layout
        self._columns = columns
        self._filling = ["" if column.type == "varchar" and not empty_as_null else None for column in columns]
        self._special = _specials(layout)
        self._field = _field_pattern(layout)

    def row(self, value: Row) -> Row:
        """The row of a record, which it is already."""
        return value

    def blocks(self, source: Source, offset: int = 0, line: int = 0) -> Iterator[Block]:
        """The rows of `source` in blocks; `offset` and `line` are its position. Raises the errors of `source`."""
        data, final, enough = b"", False, 0
        while not final:
            chunk = source.read(BLOCK_BYTES)
            data, final = data + chunk, not chunk
            if len(data) < enough and not final:
                continue
            end = len(data) if final else data.rfind(b"\n") + 1
            found: list[Record] | None = None
            values = self._plain(data[:end])
            if values is None:
                found, end = self._records(data[:end], line, final=final or len(data) > MAX_BYTES)
                values = [record.value for record in found if not isinstance(record.value, Refused)]
            if end:
                yield Block(data[:end], offset, line, values, found)
                line += data.count(b"\n", 0, end)
                offset, data = offset + end, data[end:]
            # An unfinished row is read again only when it is twice as long.
            enough = min(2 * len(data), MAX_BYTES + 1)

    def _plain(self, data: bytes) -> list[Row] | None:
        """The rows of a text without quotes, escapes and errors; None if it may be different."""
        if self._layout.widths or any(special in data for special in self._special):
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return None
        if not text:
            return []
        separator, null, width = self._layout.separator, self._layout.null, len(self._columns)
        rows: list[Row] = [
            line.split(separator) for line in text.removesuffix("\n").replace("\r\n", "\n").split("\n")
        ]
        if any(len(row) != width for row in rows) or (width == 1 and self._layout.ignore_blank_lines):
            return None
        if null in text or not null:
            rows = [[None if field == null else field for field in row] for row in rows]
        return rows

    def _records(self, data: bytes, line: int, *, final: bool) -> tuple[list[Record], int]:
        """The rows and faults of `data`, and the offset after them; unless `final`, the last may be left out."""
        text = data.decode(errors="surrogateescape")
        records: list[Record] = []
        start = offset = 0
        while start < len(text):
            fields, end = self._split(text, start)
            if end < 0:
                if not final:
                    break
                end = text.find("\n", start) + 1 or len(text)
            raw = text[start:end].encode(errors="surrogateescape")
            start, offset = end, offset + len(raw)
            line += raw.count(b"\n")
            number = line + (not raw.endswith(b"\n"))
            raw = raw.rstrip(b"\r\n")
            if not raw and self._layout.ignore_blank_lines:
                continue
            records.append(
                Record(number, fields if isinstance(fields, Refused) else self._row(fields, raw), raw)
            )
        return records, offset

    def _split(self, text: str, start: int) -> tuple[list[str | None] | Refused, int]:
        """The fields of the row at `start`, or why there are none, and where the next one begins (-1: later)."""
        if self._layout.widths:
            end = text.find("\n", start) + 1 or len(text)
            return self._cut(text[start:end].rstrip("\r\n")), end
        fields: list[str | None] = []
        while True:
            found = self._field.match(text, start)
            if found is None:
                return self._unmatched(text, start)
            plain, quoted = found["plain"], found["quoted"]
            fields.append(self._unescaped(plain, quoted))
            start = found.end()
            if not found["separator"]:
                complete = found["end"] or (start == len(text) and not text.endswith("\\"))
                return fields, start if complete else -1

    def _unmatched(self, text: str, start: int) -> tuple[Refused, int]:
        """The fault of a field that begins with a quote, which does not end or does not end the field."""
        quote = text[start:].lstrip(" \t")[:1] if text[start : start + 1] in " \t" else text[start]
        end = text.find("\n", start) + 1 or len(text)
        if self._layout.csv and text.count(quote, start) % 2 and text.count(quote, start, end) % 2:
            return Refused(1214, "Delimited value missing end quote"), -1
        reason = (
            "Invalid quote formatting for CSV" if self._layout.csv else "Delimited value missing end quote"
        )
        return Refused(1214, reason), end

    def _unescaped(self, plain: str | None, quoted: str | None) -> str | None:
        layout = self._layout
        text = plain if quoted is None else quoted
        assert text is not None
        if text == layout.null or (layout.escape and layout.null == "\\N" and text == "\\\\N"):
            return None
        if layout.csv:
            return text if quoted is None else text.replace(layout.quote * 2, layout.quote)
        return _ESCAPED.sub(r"\1", text) if layout.escape else text

    def _cut(self, line: str) -> list[str | None]:
        """The fields of a line of fixed widths, which are numbers of characters."""
        fields: list[str | None] = []
        at = 0
        for width in self._layout.widths:
            field = line[at : at + width]
            fields.append(None if field.rstrip() == self._layout.null else field)
            at += width
        return fields

    def _row(self, fields: list[str | None], raw: bytes) -> Row | Refused:
        """The fields as a row of all columns."""
        width = len(self._columns)
        if len(fields) == width + 1 and fields[-1] == "":
            fields = fields[:-1]  # a delimiter at the end of the line
        if len(fields) > width:
            return Refused(1202, "Extra column(s) found")
        if len(fields) < width:
            if not self._layout.fill_record:
                return Refused(1214, "Delimiter not found")
            fields = fields + self._filling[len(fields) :]
        if not raw.isascii():
            for column, field in zip(self._columns, fields, strict=True):
                if field and (fault := no_utf_8(column, field.encode(errors="surrogateescape"))):
                    return fault
        return fields


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _specials(layout: Layout) -> list[bytes]:
    """What makes a text more than lines with delimiters."""
    if layout.csv:
        return [layout.quote.encode()]
    return [b"\\"] * layout.escape + [b"'", b'"'] * layout.remove_quotes


def _field_pattern(layout: Layout) -> re.Pattern[str]:
    """A field and what ends it."""
    separator, quote = re.escape(layout.separator), re.escape(layout.quote)
    blanks = "".join(blank for blank in " \t" if blank != layout.separator)
    quoted = "(?P<quoted>(?!))"
    inside = r"(?!\r\n|\r\Z)"  # not yet the end of the line
    anything = rf"(?:{inside}[^{separator}\n])"
    if layout.csv:
        quoted = rf"[{blanks}]*+{quote}(?P<quoted>(?:[^{quote}]|{quote}{quote})*+){quote}[{blanks}]*+"
        plain = rf"(?P<plain>(?![{blanks}]*+{quote}){anything}*+)"
    elif layout.escape:
        anything = rf"(?:{inside}[^\\{separator}\n]|\\.)"
        plain = rf"(?P<plain>{anything}*+(?:\\\Z)?)"
        if layout.remove_quotes:
            quoted = (
                rf"[{blanks}]*+"
                + r"""(?P<mark>["'])(?P<quoted>(?:(?!(?P=mark))(?:[^\\\n]|\\.))*+)(?P=mark)"""
            )
            plain = rf"(?P<plain>(?![{blanks}]*+[\"']){anything}*+(?:\\\Z)?)"
    elif layout.remove_quotes:
        quoted = rf"[{blanks}]*+" + r"""(?P<mark>["'])(?P<quoted>[^\n]*?)(?P=mark)"""
        plain = rf"(?P<plain>(?![{blanks}]*+[\"']){anything}*+)"
    else:
        plain = rf"(?P<plain>{anything}*+)"
    return re.compile(rf"(?:{quoted}|{plain})(?:(?P<separator>{separator})|(?P<end>\r?\n)|\r?\Z)", re.DOTALL)
