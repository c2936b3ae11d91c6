"""Records that could not be staged: where each of them is in its object, and its text.

COPY names the line of a record that it rejects, and our own rules name only its values. Both become the same kind of
row, with the record's own text, by reading the few objects concerned once more.
"""

from __future__ import annotations

import codecs
import json
import os
import tempfile
import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from redshift_local import Record, parse_value, read_records
from sparkify_assets.source.content import Unreadable, text_of
from sparkify_assets.source.sampling import as_written
from sparkify_assets.source.store import ObjectStore, SourceError


class Reject(NamedTuple):
    """One rejected record. `position` is the line that the record ends on, or None if it is not known; if `raw` is None
    too, the whole object was rejected.
    """

    object_key: str | None
    position: int | None
    column: str | None
    reason: str
    raw: str | None

    @property
    def is_whole_object(self) -> bool:
        """Whether the object itself could not be read, rather than one of its records."""
        return self.position is None and self.raw is None and self.reason.startswith(UNREADABLE)


#: The beginning of the reason if an object cannot be read at all.
UNREADABLE = "unreadable object: "


class Rejects:
    """Any number of rejects in order: the latest in memory, the others in a temporary file, which is open only while it
    is written or read.
    """

    def __init__(self) -> None:
        self._latest: list[Reject] = []
        self._bytes = 0
        self._count = 0
        self._file: Path | None = None

    def append(self, reject: Reject) -> None:
        """Add a reject after the others."""
        self._latest.append(reject)
        self._count += 1
        self._bytes += len(reject.raw or "")
        if self._bytes > _REJECT_BYTES or len(self._latest) > _REJECT_ROWS:
            self._put_away()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Reject]:
        if self._file:
            with self._file.open() as lines:
                for line in lines:
                    yield Reject(*json.loads(line))
        yield from list(self._latest)

    def _put_away(self) -> None:
        if self._file is None:
            handle, name = tempfile.mkstemp(prefix="sparkify-rejects-")
            os.close(handle)
            self._file = Path(name)
            weakref.finalize(self, self._file.unlink, missing_ok=True)
        with self._file.open("a") as lines:
            lines.writelines(json.dumps(reject) + "\n" for reject in self._latest)
        self._latest, self._bytes = [], 0


#: How much of a partition's rejects stays in memory: bytes of their records, and their number.
_REJECT_BYTES, _REJECT_ROWS = 64 * 1024, 500


@dataclass
class Rejected:
    """Records that could not be staged, and how many records each of their objects holds. An object that cannot be read
    at all counts as one record, here as everywhere.
    """

    rejects: Rejects = field(default_factory=Rejects)
    records_of: dict[str, int] = field(default_factory=dict)

    def add(self, other: Rejected) -> None:
        """Add what was found elsewhere in the same partition."""
        for reject in other.rejects:
            self.rejects.append(reject)
        self.records_of |= other.records_of

    @classmethod
    def unreadable(cls, key: str, reason: str) -> Rejected:
        """An object that cannot be read at all."""
        rejected = cls(records_of={key: 1})
        rejected.rejects.append(Reject(key, None, None, reason, None))
        return rejected


_KINDS = {
    list: "a JSON array", str: "a JSON string", int: "a number", float: "a number", bool: "a boolean",
    type(None): "null",
}  # fmt: skip

#: The fault that sql/copy/incoming_events.sql gives to a record of which COPY makes nothing but nulls.
NO_VALUES = "none of the expected fields has a value"

#: How many keys are named of a record that has none of the expected ones.
_KEYS_SHOWN = 5

#: How much of a record or of a value is enough to recognise it, in characters.
_SHOWN = 200


def shown(reject: Reject) -> dict[str, Any]:
    """A reject as it is displayed: file, line, column, value, reason, and the beginning of the record."""
    return {
        "file": reject.object_key,
        "line": reject.position,
        "column": reject.column,
        "value": _value_of(reject),
        "reason": reject.reason,
        "record": reject.raw and reject.raw[:_SHOWN],
    }


def _value_of(reject: Reject) -> str | None:
    """The value of the column that COPY rejected. A field is the column's name in another style."""
    try:
        record = parse_value((reject.raw or "").encode("utf-8", "backslashreplace"))
    except ValueError:
        return None
    if not isinstance(record, dict) or not reject.column:
        return None
    column = reject.column.replace("_", "")
    values = [value for name, value in record.items() if name.lower().replace("_", "") == column]
    return as_written(values[0])[:_SHOWN] if values else None


def unreadable(store: ObjectStore, keys: Iterable[str]) -> dict[str, str]:
    """Which of these objects cannot be read, and why. Raises SourceError if no object is at fault."""
    faults: dict[str, str] = {}
    for key in keys:
        try:
            text_of(key, store.read(key))
        except Unreadable as error:
            faults[key] = str(error)
        except SourceError as error:
            if not error.of_object:
                raise
            faults[key] = str(error)
    return faults


def with_raw(store: ObjectStore, rejects: Iterable[Reject]) -> Rejected:
    """Add the text of their records to the rejects of COPY, which come object by object and in the order of their
    lines; if there is no JSON object at the position, say what is there. A reject whose object was rewritten meanwhile
    keeps its reason and has no text. Each object is read once.
    """
    rejected = Rejected()
    for key, of_object in groupby(rejects, key=attrgetter("object_key")):
        lines = groupby(_records(store, key) if key is not None else (), key=attrgetter("line"))
        number, at = 0, 0
        written: list[Record] = []
        for reject in of_object:
            while at < (reject.position or 0) and (following := next(lines, None)):
                at, written = following[0], list(following[1])
                number += len(written)
            rejected.rejects.append(_as_found(reject, written if at == reject.position else []))
        if number := number + sum(1 for _, records in lines for _ in records):
            rejected.records_of[key] = number
    return rejected


def _as_found(reject: Reject, written: list[Record]) -> Reject:
    """A reject of COPY with the text at its position, where several records may end on one line, and the load-error
    tables have no order among them. COPY names a column for a record that is an object, and none for any other; the
    local COPY gives the reason that reading the record gives again.
    """
    likely = [record for record in written if isinstance(record.value, dict) == bool(reject.column)]
    told = [record for record in likely if str(record.value) == reject.reason]
    record = next(iter(told or likely or written), None)
    if record is None:
        return reject
    written.remove(record)
    said = reject.reason if isinstance(record.value, dict) else what_is_no_object(record) or reject.reason
    return reject._replace(reason=said, raw=record.raw.decode("utf-8", "backslashreplace"))


def what_is_no_object(record: Record) -> str | None:
    """What is written where an object should be; None if it is not JSON, or is an object that is too long."""
    if record.raw == codecs.BOM_UTF8:
        return "a byte order mark that does not begin the object"
    try:
        value = parse_value(record.raw)
    except ValueError:
        return None
    what = _KINDS.get(type(value))
    return what and f"{what}; expected one object after another"


def located(
    store: ObjectStore,
    keys: Iterable[str],
    faults: Iterable[Mapping[str, Any]],
    fields: Mapping[str, str],
    expected: Mapping[str, str],
    refused: Iterable[Reject] = (),
) -> Rejected:
    """Find records again by their values.

    `faults` are rows with a `fault` and the values of the columns of `fields` (column -> key in the record). `expected`
    are all keys that COPY knows, with the types of their columns. Each row is found once, and never at the position of
    a record that COPY itself `refused`. A row that is not found keeps its values as text and has no position.
    """
    taken = {(reject.object_key, reject.position) for reject in refused}
    wanted: dict[tuple[str | bool | None, ...], list[str]] = defaultdict(list)
    for row in faults:
        wanted[(row["fault"] == NO_VALUES, *(_text(row[column]) for column in fields))].append(row["fault"])
    any_is_empty = any(is_empty for is_empty, *_ in wanted)
    missing = sum(map(len, wanted.values()))
    rejected = Rejected()
    numbers: dict[str, int] = {}
    for key in keys:
        if not missing:
            break
        for number, (line, record, raw) in enumerate(_records(store, key), 1):
            numbers[key] = number
            if not isinstance(record, dict) or (key, line) in taken:
                continue
            is_empty = any_is_empty and _is_empty(record, expected)
            values = (is_empty, *(_text(record.get(name)) for name in fields.values()))
            if wanted.get(values):
                missing -= 1
                reason = _with_keys(wanted[values].pop(), record, expected)
                text = raw.decode("utf-8", "backslashreplace")
                rejected.rejects.append(Reject(key, line, None, reason, text))
                rejected.records_of[key] = number
    for values, reasons in wanted.items():
        for reason in reasons:
            shown = json.dumps(dict(zip(fields.values(), values[1:], strict=True)), ensure_ascii=False)
            rejected.rejects.append(Reject(None, None, None, reason, shown))
    rejected.records_of = {key: numbers[key] for key in rejected.records_of}
    return rejected


def _is_empty(record: Mapping[str, Any], expected: Mapping[str, str]) -> bool:
    """Whether COPY makes a row of nulls of the record: blanks in a number are null, while '' in a text is a value."""
    return all(
        (value := record.get(name)) is None
        or (isinstance(value, str) and not value.strip() and not type_.startswith("varchar"))
        for name, type_ in expected.items()
    )


def _with_keys(reason: str, record: Mapping[str, Any], expected: Mapping[str, str]) -> str:
    """The reason, with the keys of the record if they may explain it: COPY matches keys by case."""
    others = {name.lower(): name for name in record if name not in expected}
    missed = [name for name in expected if name not in record and name.lower() in others]
    if missed:
        found = ", ".join(others[name.lower()] for name in missed)
        return f"{reason}; keys match only when case is ignored: {found}; expected {', '.join(missed)}"
    if record.keys() & expected.keys():
        return reason
    names = ", ".join([*list(record)[:_KEYS_SHOWN], *["…"] * (len(record) > _KEYS_SHOWN)])
    return f"{reason}; its keys are {names}" if record else f"{reason}; it has no keys"


def _records(store: ObjectStore, key: str) -> Iterator[Record]:
    try:
        text = text_of(key, store.read(key))
    except (SourceError, Unreadable):
        return
    yield from read_records(BytesIO(text))


def _text(value: Any) -> str | None:
    """A value in a form that compares: numbers by their value, '' and blanks as null, and arrays and objects, which
    COPY writes into a column as they are written in the file, by what they mean.
    """
    if value is None:
        return None
    if isinstance(value, dict | list | bool):
        return "".join(as_written(value).split())
    text = str(value).strip()
    if text[:1] in ("{", "["):
        try:
            return _text(parse_value(text.encode()))
        except ValueError:
            return "".join(text.split())
    for number in (int, float):
        with suppress(ValueError):
            return str(number(text))
    return text or None
