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
from sparkify_assets.resources.embedded.records import read_blocks
from sparkify_assets.resources.landing_zone import ObjectStore, SourceError
from sparkify_assets.tables import TABLES

#: So much of an object is looked at, in bytes as stored: some hundred events.
START_BYTES = 128 * 1024


def expected_fields(dataset: Dataset) -> dict[str, str]:
    """The fields that a load reads -> the types of their columns, as `sql/ddl` declares them."""
    types = list(TABLES[f"staging_{dataset}"].types.items())[:-1]  # the last is the partition's
    if dataset == "songs":
        return dict(types)
    paths = json.loads((sql.FOLDER / "copy/log_json_path.json").read_text("utf-8"))["jsonpaths"]
    names = [re.sub(r"^\$\['(\w+)'\]$", r"\1", path) for path in paths]
    return {name: type_ for name, (_, type_) in zip(names, types, strict=True)}


def unexpected(dataset: Dataset, source: ObjectStore, keys: Sequence[str]) -> list[dict[str, Any]]:
    """The unknown and the missing fields in the first records of some objects: what each is, in how many records,
    where it was first seen and what is written there. An object that has gone meanwhile is passed over.
    """
    expected = expected_fields(dataset).keys()
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for key in keys:
        records = _first_records(source, key)
        for shape, number in Counter(map(tuple, records)).items():
            names = set(shape)
            for name, kind in _differences(names, expected):
                entry = {"field": name, "is": kind, "records": 0, "object": key, "example": ""}
                if (kind, name) not in found and kind == "unknown":
                    entry["example"] = _example(next(record[name] for record in records if name in record))
                found.setdefault((kind, name), entry)["records"] += number
    return [found[name] for name in sorted(found, reverse=True)]


def _differences(names: Set[str], expected: Set[str]) -> Iterator[tuple[str, str]]:
    yield from ((name, "unknown") for name in names - expected)
    yield from ((name, "missing") for name in expected - names)


def _example(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:200]


def _first_records(source: ObjectStore, key: str) -> list[dict[str, Any]]:
    """The records at the start of an object. One that is cut is left out, as is whatever is no record: that is in the
    quarantine.
    """
    try:
        data = start_of_text(key, source.read_start(key, START_BYTES), START_BYTES)
    except (SourceError, Unreadable):
        return []
    whole_lines = data[: data.rfind(b"\n") + 1] or data if len(data) >= START_BYTES else data
    return [
        value
        for block in read_blocks(BytesIO(whole_lines))
        for value in block.values
        if isinstance(value, dict)
    ]
