"""Puts many small objects together into a few large ones, because each COPY, and each object that it opens, costs time.

A song has about 250 bytes, and COPY works best with megabytes: 15,000 single objects took earlier Sparkify projects
four to five minutes. A day of events by itself would need a COPY of its own, which takes Redshift seconds however small
the day is.
Each record keeps its own text and gets what COPY cannot know because only the path of its object says it: a song its
prefix, and an event its day.

Belongs here: what is written for COPY to read, and where each of its lines comes from. Does not: COPY itself (`stage`).
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from typing import Any, NamedTuple

from redshift_local import Record, parse_value, read_records
from sparkify_assets.load.quarantine import UNREADABLE, Reject, Rejected, what_is_no_object
from sparkify_assets.model import queries
from sparkify_assets.source.content import START_BYTES, Form, Unreadable, form_of, text_of
from sparkify_assets.source.sampling import UnexpectedFields
from sparkify_assets.source.store import ObjectStore, SourceError, SourceObject

#: The size of a compacted object in bytes, well within the 1 MB to 1 GB that AWS recommends
#: (https://docs.aws.amazon.com/redshift/latest/dg/c_best-practices-use-multiple-files.html).
PART_BYTES = 32 * 1024 * 1024

#: The largest day that is compacted, in bytes. In the local Redshift, compaction takes as much CPU as the COPY that it
#: saves for a day of 1.4 MB; in Redshift, a COPY takes seconds and this compaction 20 ms. It has to be less than the
#: 4 MB that COPY takes as one JSON object, because the day is added to each
#: (https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-json).
SMALL_DAY_BYTES = 2 * 1024 * 1024

#: The key that compaction adds to an event.
DAY_FIELD = "event_date"

#: What JSON takes as white space within a line (https://www.rfc-editor.org/rfc/rfc8259#section-2).
_BLANKS = b" \t\r"


class Origin(NamedTuple):
    """Where a line that COPY read comes from: the key of its partition, its object, and the line there."""

    partition_key: str
    object_key: str | None
    line: int


class Parts:
    """The objects in the work area in which lines of many objects of the source are put together."""

    def __init__(self, work: ObjectStore, name: str, written: list[str]) -> None:
        """The keys of the objects begin with `name`; each is added to `written` before the object is written."""
        self.objects: list[SourceObject] = []
        self._work = work
        self._name = name
        self._written = written
        self._origins: dict[str, tuple[list[int], list[Origin]]] = {}
        self._begin()

    def _begin(self) -> None:
        self._texts: list[bytes] = []
        self._size = 0
        self._next_line = 1
        self._first_lines: list[int] = []
        self._first_origins: list[Origin] = []

    def add(self, text: bytes, origin: Origin) -> None:
        """Add lines that follow each other in the source, where the first comes from `origin`. Raises SourceError."""
        self._first_lines.append(self._next_line)
        self._first_origins.append(origin)
        self._texts.append(text)
        self._next_line += text.count(b"\n")
        self._size += len(text)
        if self._size >= PART_BYTES:
            self.close()

    def close(self) -> None:
        """Write what was added and is not yet written. Raises SourceError."""
        if self._size:
            key = f"{self._name}-{len(self.objects):05}.json"
            self._written.append(key)
            self._work.write(key, b"".join(self._texts))
            self.objects.append(SourceObject(key, "", self._size))
            self._origins[key] = self._first_lines, self._first_origins
            self._begin()

    def origin(self, key: str | None, line: int) -> Origin:
        """Where a line (from 1) of one of the objects comes from."""
        first_lines, first_origins = self._origins[key or ""]
        index = bisect_right(first_lines, line) - 1
        first = first_origins[index]
        return first._replace(line=first.line + line - first_lines[index])


@dataclass
class CompactedSongs:
    """What was found in the song objects of a batch, by prefix."""

    records: dict[str, int]  # how many were read
    rejected: dict[str, Rejected]  # what is no JSON object
    fields: dict[str, UnexpectedFields]
    content_hashes: dict[str, str] = field(default_factory=dict)  # by the key of the object


def compact_songs(
    source: ObjectStore,
    parts: Parts,
    batch_id: str,
    objects: Mapping[str, Sequence[SourceObject]],
    tell: Callable[[int, int], None] = lambda _size, _records: None,
) -> CompactedSongs:
    """Read the song objects of each prefix and write their records into the parts, one a line. `tell` is called with
    the size and the number of records of each object that was read.

    An object that cannot be read is rejected as a whole. Raises SourceError if the work area cannot be written, or if
    S3 is unavailable or denies access.
    """
    result = CompactedSongs(
        dict.fromkeys(objects, 0),
        {prefix: Rejected() for prefix in objects},
        {prefix: UnexpectedFields("songs") for prefix in objects},
    )
    prefix_of = {item.key: prefix for prefix, items in objects.items() for item in items}
    for key, data in source.read_many(list(prefix_of)):
        prefix = prefix_of[key]
        if isinstance(data, SourceError):
            result.records[prefix] += 1
            result.rejected[prefix].add(Rejected.unreadable(key, f"{UNREADABLE}{data}"))
            continue
        result.content_hashes[key] = "sha256:" + hashlib.sha256(data).hexdigest()
        added = b'"batch_id":"%b","song_prefix":"%b"}' % (batch_id.encode(), prefix.encode())
        read = 0
        rejected = Rejected()
        for record in _records(key, data):
            read += 1
            line, value, raw = record
            if not isinstance(value, dict):
                rejected.rejects.append(_rejected(key, record))
                continue
            result.fields[prefix].see(key, value, raw)
            text = raw.rstrip()[:-1] + (b"," if value else b"") + added
            if b"\n" in text or b"\r" in text:  # valid JSON has them between tokens only
                text = text.replace(b"\n", b" ").replace(b"\r", b" ")
            parts.add(text + b"\n", Origin(prefix, key, line))
        result.records[prefix] += read
        tell(len(data), read)
        if rejected.rejects:
            rejected.records_of[key] = read
            result.rejected[prefix].add(rejected)
    parts.close()
    return result


def _records(key: str, data: bytes) -> Iterator[Record]:
    """The records of a song object, of which there is nearly always one."""
    try:
        content = text_of(key, data)
    except Unreadable as error:
        yield Record(0, error, b"")
        return
    try:
        record = parse_value(content)
    except ValueError:
        yield from read_records(BytesIO(content))
        return
    if isinstance(record, dict):
        yield Record(content[: content.rindex(b"}")].count(b"\n") + 1, record, content.strip())
    else:
        yield from read_records(BytesIO(content))


def _rejected(key: str, record: Record) -> Reject:
    if isinstance(record.value, Unreadable):
        return Reject(key, None, None, f"{UNREADABLE}{record.value}", None)
    reason = what_is_no_object(record) or str(record.value)
    return Reject(key, record.line, None, reason, record.raw.decode("utf-8", "backslashreplace"))


def compact_days(
    source: ObjectStore, parts: Parts, days: Mapping[str, Sequence[SourceObject]]
) -> Iterator[tuple[str, int]]:
    """Read the event objects of each day and write the day's records into the parts, each on a line as before. Yields
    the days that were written, each with the number of its records.

    A day with an object that cannot be read, or of which it is not certain that each line is one record, is left out:
    only COPY itself can say what is in it. Raises SourceError if the work area cannot be written, or if S3 is
    unavailable or denies access.
    """
    day_of = {item.key: day for day, items in days.items() for item in items}
    for day, contents in groupby(source.read_many(list(day_of)), key=lambda read: day_of[read[0]]):
        objects = [(key, _with_day(key, data, day)) for key, data in contents]
        certain = [(key, *compacted) for key, compacted in objects if compacted]
        if len(certain) == len(objects):
            for key, text, _ in certain:
                parts.add(text, Origin(day, key, 1))
            yield day, sum(records for _, _, records in certain)
    parts.close()


def _with_day(key: str, data: bytes | SourceError, day: str) -> tuple[bytes, int] | None:
    """The lines of an object with the day added to each record, and the number of records. None unless the object is
    plain text of which each line is blank or a JSON object that the day can be added to.
    """
    try:
        if isinstance(data, SourceError) or form_of(key, data[:START_BYTES]) != Form(False, False):
            return None
        lines = [line.strip(_BLANKS) for line in data.split(b"\n")]
        if not all(_takes_day(parse_value(line)) for line in lines if line):
            return None
    except ValueError:  # also Unreadable
        return None
    added = b',"%b":"%b"}' % (DAY_FIELD.encode(), day.encode())
    text = b"\n".join([line and line[:-1] + added for line in lines]).rstrip(b"\n")
    if b"\r" in text:  # whether COPY counts it as the end of a line is not documented
        return None
    return text + b"\n" * bool(text), len(lines) - lines.count(b"")


def _takes_day(record: Any) -> bool:
    """Whether a key can be added behind others, and is not there yet."""
    return isinstance(record, dict) and bool(record) and DAY_FIELD not in record


def event_jsonpaths(*added: str) -> bytes:
    """The JSONPaths by which COPY reads an event's keys, and those that compaction `added`."""
    return json.dumps({"jsonpaths": [f"$['{key}']" for key in (*queries.event_keys(), *added)]}).encode()
