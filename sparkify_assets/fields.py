"""The fields of the source's records: those that a load reads, and those that there are.

COPY leaves out what it does not know and fills what is missing with nulls, without a word
(https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html); here both are named.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Set
from io import BytesIO
from typing import Any

from sparkify_assets import sql
from sparkify_assets.partitions import Dataset
from sparkify_assets.resources.embedded.records import read_blocks
from sparkify_assets.resources.landing_zone import ObjectStore, SourceError
from sparkify_assets.tables import TABLES

#: So much of an object is looked at, in bytes as stored: some hundred events.
START_BYTES = 128 * 1024

#: As many fields are told apart; where every record has names of its own, the rest would say no more.
MOST_FIELDS = 100


def expected_fields(dataset: Dataset) -> dict[str, str]:
    """The fields that a load reads -> the types of their columns, as `sql/ddl` declares them."""
    types = list(TABLES[f"staging_{dataset}"].types.items())[:-1]  # the last is the partition's
    if dataset == "songs":
        return dict(types)
    paths = json.loads((sql.FOLDER / "copy/log_json_path.json").read_text("utf-8"))["jsonpaths"]
    names = [re.sub(r"^\$\['(\w+)'\]$", r"\1", path) for path in paths]
    return {name: type_ for name, (_, type_) in zip(names, types, strict=True)}


class UnexpectedFields:
    """The unknown and the missing fields of the records that it is shown."""

    def __init__(self, dataset: Dataset) -> None:
        self._expected = expected_fields(dataset).keys()
        self._found: dict[tuple[str, str], dict[str, Any]] = {}

    def see(self, key: str, record: Mapping[str, Any]) -> None:
        """Look at a record of an object. One that has none of the expected fields is no record of this kind."""
        names = record.keys()
        if names == self._expected or names.isdisjoint(self._expected):
            return
        for name, kind in _differences(names, self._expected):
            entry = self._found.get((kind, name))
            if entry is None:
                if len(self._found) == MOST_FIELDS:
                    continue
                example = _example(record[name]) if kind == "unknown" else ""
                entry = {"field": name, "is": kind, "records": 0, "object": key, "example": example}
                self._found[kind, name] = entry
            entry["records"] += 1

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What each field is, in how many records, where it was first seen and what is written there; unknown first."""
        return [self._found[name] for name in sorted(self._found, reverse=True)]


def unexpected(dataset: Dataset, source: ObjectStore, keys: Iterable[str]) -> list[dict[str, Any]]:
    """The unknown and the missing fields in the first records of some objects, as `UnexpectedFields` has them. An
    object that has gone meanwhile is passed over.
    """
    found = UnexpectedFields(dataset)
    for key in keys:
        for record in _first_records(source, key):
            found.see(key, record)
    return found.rows


def _differences(names: Set[str], expected: Set[str]) -> Iterator[tuple[str, str]]:
    yield from ((name, "unknown") for name in names if name not in expected)
    yield from ((name, "missing") for name in expected if name not in names)


def _example(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:200]


def _first_records(source: ObjectStore, key: str) -> list[dict[str, Any]]:
    """The records at the start of an object. One that is cut is left out, as is whatever is no record: that is in the
    quarantine.
    """
    try:
        data = source.read_start(key, START_BYTES)
        if key.endswith(".gz"):
            data = zlib.decompressobj(wbits=31).decompress(data, START_BYTES)
    except (SourceError, zlib.error):
        return []
    whole_lines = data[: data.rfind(b"\n") + 1] or data if len(data) >= START_BYTES else data
    return [
        value
        for block in read_blocks(BytesIO(whole_lines))
        for value in block.values
        if isinstance(value, dict)
    ]
