"""The fields of the source's records compared with those that a load reads, from a sample of the source's objects.

COPY silently leaves out fields that it does not know and fills missing ones with nulls
(https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html). Here both are named.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from io import BytesIO
from typing import Any, NamedTuple

from redshift_local import Record, read_records
from sparkify_assets.model.datasets import Dataset
from sparkify_assets.model.fields import expected_fields
from sparkify_assets.source.content import Unreadable, start_of_text
from sparkify_assets.source.store import ObjectStore, SourceError

#: How much of an object is read, in bytes as stored: several hundred events.
START_BYTES = 128 * 1024

#: How many times as long the text of a compressed object may be.
MAX_UNPACKED = 64

#: How many fields are named at most. Where every record has names of its own, more of them would say no more.
MAX_FIELDS = 100

#: What follows each key of an object in JSON.
_NAMED = re.compile(rb'"[ \t\r\n]*:')


class UnexpectedFields:
    """Collects the unknown, missing and duplicate fields of the records that it sees."""

    def __init__(self, dataset: Dataset) -> None:
        self._expected = expected_fields(dataset).keys()
        self._found: dict[tuple[str, str], dict[str, Any]] = {}

    def see(self, key: str, record: Mapping[str, Any], raw: bytes) -> None:
        """Take note of a record of an object, given with its text. A record without any expected field is ignored,
        because it is of another kind.
        """
        names = record.keys()
        if names.isdisjoint(self._expected):
            return
        for name, values in _duplicates(record, raw):
            self._note("duplicate", name, key, ", ".join(map(as_written, values)))
        if names == self._expected:
            return
        for name, kind in _differences(names, self._expected):
            self._note(kind, name, key, as_written(record[name]) if kind == "unknown" else "")

    def _note(self, kind: str, name: str, key: str, example: str) -> None:
        if (kind, name) not in self._found:
            if len(self._found) == MAX_FIELDS:
                return
            self._found[kind, name] = {
                "field": name, "is": kind, "records": 0, "object": key, "example": example[:200],
            }  # fmt: skip
        self._found[kind, name]["records"] += 1

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each field with its fault, the number of records, and the first object and value; unknown fields first."""
        return [self._found[name] for name in sorted(self._found, reverse=True)]


def unexpected(dataset: Dataset, source: ObjectStore, keys: Iterable[str]) -> list[dict[str, Any]]:
    """The unknown, missing and duplicate fields in the first records of some objects, as `UnexpectedFields.rows` has
    them. An object that has gone in the meantime is ignored.
    """
    found = UnexpectedFields(dataset)
    for key in keys:
        for record in _first_records(source, key):
            found.see(key, record.value, record.raw)
    return found.rows


class Density(NamedTuple):
    """How many records the beginnings of so many objects hold, in so many bytes as stored."""

    records: int
    objects: int
    bytes: float


def density(source: ObjectStore, keys: Iterable[str]) -> Density:
    """How densely records lie at the beginning of some objects. An object that cannot be read is left out."""
    found = Density(0, 0, 0.0)
    for key in keys:
        try:
            start = source.read_start(key, START_BYTES)
            text = start_of_text(key, start, MAX_UNPACKED * START_BYTES)
        except (SourceError, Unreadable):
            continue
        whole = text[: text.rfind(b"\n") + 1] or text if len(start) >= START_BYTES else text
        records = sum(1 for _ in read_records(BytesIO(whole)))
        share = len(whole) / len(text) if text else 0.0
        found = Density(found.records + records, found.objects + 1, found.bytes + len(start) * share)
    return found


def as_written(value: Any) -> str:
    """A value of a record as JSON that can be printed and stored, however deeply it is nested."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "nested too deep to be shown"
    return text.encode("utf-8", "backslashreplace").decode()


def _differences(names: Set[str], expected: Set[str]) -> Iterator[tuple[str, str]]:
    yield from ((name, "unknown") for name in names if name not in expected)
    yield from ((name, "missing") for name in expected if name not in names)


def _duplicates(record: Mapping[str, Any], raw: bytes) -> Iterator[tuple[str, list[Any]]]:
    """The keys that an object has more than once, with their values, of which COPY silently takes one."""
    if len(_NAMED.findall(raw)) == len(record):
        return  # no key is repeated, which is nearly always so, and the record need not be parsed again
    try:
        pairs = json.loads(raw, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return
    for name, number in Counter(name for name, _ in pairs).items():
        if number > 1:
            yield name, [value for other, value in pairs if other == name]


def _first_records(source: ObjectStore, key: str) -> list[Record]:
    """The records at the start of an object. A record that is cut off is left out, and so is what is not a record:
    that goes to quarantine.
    """
    try:
        data = start_of_text(key, source.read_start(key, START_BYTES), START_BYTES)
    except (SourceError, Unreadable):
        return []
    whole_lines = data[: data.rfind(b"\n") + 1] or data if len(data) >= START_BYTES else data
    return [record for record in read_records(BytesIO(whole_lines)) if isinstance(record.value, dict)]
