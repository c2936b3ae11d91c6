"""The fields of the source's records: those that a load reads, and those that there are.

COPY leaves out what it does not know and fills what is missing with nulls, without a word
(https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html); here both are named.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from io import BytesIO
from typing import Any

from sparkify_assets import sql
from sparkify_assets.content import Unreadable, start_of_text
from sparkify_assets.partitions import Dataset
from sparkify_assets.resources.embedded.records import Record, each_record
from sparkify_assets.resources.landing_zone import ObjectStore, SourceError
from sparkify_assets.tables import TABLES

#: So much of an object is looked at, in bytes as stored: some hundred events.
START_BYTES = 128 * 1024


_NAMED = re.compile(rb'"[ \t\r\n]*:')


def expected_fields(dataset: Dataset) -> dict[str, str]:
    """The fields that a load reads -> the types of their columns, as `sql/ddl` declares them."""
    types = list(TABLES[f"staging_{dataset}"].types.items())[:-1]  # the last is the partition's
    if dataset == "songs":
        return dict(types)
    paths = json.loads((sql.FOLDER / "copy/log_json_path.json").read_text("utf-8"))["jsonpaths"]
    names = [re.sub(r"^\$\['(\w+)'\]$", r"\1", path) for path in paths]
    return {name: type_ for name, (_, type_) in zip(names, types, strict=True)}


def unexpected(dataset: Dataset, source: ObjectStore, keys: Sequence[str]) -> list[dict[str, Any]]:
    """The unknown, the missing and the duplicate fields in the first records of some objects: what each is, in how many
    records, where it was first seen and what is written there. An object that has gone meanwhile is passed over.
    """
    expected = expected_fields(dataset).keys()
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def note(kind: str, name: str, key: str, example: str, records: int) -> None:
        entry = {"field": name, "is": kind, "records": 0, "object": key, "example": example[:200]}
        found.setdefault((kind, name), entry)["records"] += records

    for key in keys:
        records = _first_records(source, key)
        values = [record.value for record in records]
        for shape, number in Counter(map(tuple, values)).items():
            for name, kind in _differences(set(shape), expected):
                first = next((value[name] for value in values if name in value), None)
                note(kind, name, key, as_written(first) if kind == "unknown" else "", number)
        for record in records:
            for name, versions in _duplicates(record):
                note("duplicate", name, key, ", ".join(map(as_written, versions)), 1)
    return [found[name] for name in sorted(found, reverse=True)]


def as_written(value: Any) -> str:
    """A value of a record as JSON that can be shown and stored, however deep it is nested."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "nested too deep to be shown"
    return text.encode("utf-8", "backslashreplace").decode()


def _differences(names: Set[str], expected: Set[str]) -> Iterator[tuple[str, str]]:
    yield from ((name, "unknown") for name in names - expected)
    yield from ((name, "missing") for name in expected - names)


def _duplicates(record: Record) -> Iterator[tuple[str, list[Any]]]:
    """The keys that an object has more than once, with their values; COPY takes one of these without a word."""
    if len(_NAMED.findall(record.raw)) == len(record.value):
        return  # as many keys as are written there: nearly always, and it need not be parsed again
    try:
        pairs = json.loads(record.raw, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return
    for name, number in Counter(name for name, _ in pairs).items():
        if number > 1:
            yield name, [value for other, value in pairs if other == name]


def _first_records(source: ObjectStore, key: str) -> list[Record]:
    """The objects at the start of an object. One that is cut is left out, as is whatever is none: that is in the
    quarantine.
    """
    try:
        data = start_of_text(key, source.read_start(key, START_BYTES), START_BYTES)
    except (SourceError, Unreadable):
        return []
    whole_lines = data[: data.rfind(b"\n") + 1] or data if len(data) >= START_BYTES else data
    return [record for record in each_record(BytesIO(whole_lines)) if isinstance(record.value, dict)]
