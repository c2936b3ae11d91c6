"""Which of several objects holds a record, found by reading them: the warehouse knows the objects of a partition, but
not from which of them a row came.

Belongs here: looking for one record. Does not: which objects there are, and what they mean for a play (`provenance`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from redshift_local import read_records
from sparkify_assets.source.content import Unreadable, text_of
from sparkify_assets.source.store import ObjectStore, SourceError

#: How many bytes are read at most to find a record.
MAX_BYTES = 64 * 1024 * 1024


def holders_first(
    source: ObjectStore, objects: Sequence[dict[str, Any]], wanted: Mapping[str, object]
) -> list[dict[str, Any]]:
    """The objects of a ledger, those first that hold a record with the wanted values, each with the `line` on which it
    ends. It is None for the others, and for all if they are too large to read, or cannot be read.
    """
    lines: dict[str, int] = {}
    if sum(item["size_bytes"] for item in objects) <= MAX_BYTES:
        try:
            for key, content in source.read_many([item["object_key"] for item in objects]):
                if isinstance(content, bytes) and (line := _line_of(key, content, wanted)):
                    lines[key] = line
        except SourceError:
            lines.clear()
    found = [{**item, "line": lines.get(item["object_key"])} for item in objects]
    return sorted(found, key=lambda item: item["line"] is None)


def _line_of(key: str, content: bytes, wanted: Mapping[str, object]) -> int | None:
    """The line of the first record with these values, as text; None if there is none."""
    try:
        text = text_of(key, content)
    except Unreadable:
        return None
    for record in read_records(BytesIO(text)):
        if isinstance(record.value, dict):
            values = {name: str(record.value.get(name)).rstrip() for name in wanted}
            if values == {name: str(value).rstrip() for name, value in wanted.items()}:
                return record.line
    return None
