"""Puts many small song objects together into a few large ones, because COPY opens each object anew.

A song has about 250 bytes, and COPY works best with megabytes: 15,000 single objects took earlier Sparkify projects
four to five minutes. Each record keeps its own text and gets the batch and the prefix of its path, which COPY cannot
know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple

from redshift_local import Record, parse_value, read_records
from sparkify_assets.load.quarantine import UNREADABLE, Reject, Rejected, what_is_no_object
from sparkify_assets.source.content import Unreadable, text_of
from sparkify_assets.source.sampling import UnexpectedFields
from sparkify_assets.source.store import ObjectStore, SourceError, SourceObject

#: The size of a compacted object in bytes, well within the 1 MB to 1 GB that AWS recommends
#: (https://docs.aws.amazon.com/redshift/latest/dg/c_best-practices-use-multiple-files.html).
PART_BYTES = 32 * 1024 * 1024


class Origin(NamedTuple):
    """Where a line of a compacted object comes from."""

    prefix: str
    object_key: str
    position: int


@dataclass
class Compacted:
    """The compacted objects of a batch, as written to the work area."""

    parts: list[SourceObject] = field(default_factory=list)
    origins: dict[str, list[Origin]] = field(default_factory=dict)  # key of the part -> origin of each line
    records: dict[str, int] = field(default_factory=dict)  # prefix -> records read
    rejected: dict[str, Rejected] = field(default_factory=dict)  # prefix -> records that are no JSON object
    content_hashes: dict[str, str] = field(default_factory=dict)
    fields: dict[str, UnexpectedFields] = field(default_factory=dict)  # prefix -> those of its records


def compact(
    source: ObjectStore, work: ObjectStore, batch_id: str, objects: Mapping[str, Sequence[SourceObject]]
) -> Compacted:
    """Read the song objects of each prefix and write them as newline-delimited JSON into the work area.

    An object that cannot be read is rejected as a whole. Raises SourceError if the work area cannot be written, or if
    S3 is unavailable or denies access.
    """
    result = Compacted()
    prefix_of = {item.key: prefix for prefix, items in objects.items() for item in items}
    lines: list[bytes] = []
    origins: list[Origin] = []
    size = 0

    def write_part() -> None:
        content = b"\n".join(lines) + b"\n"
        key = f"{batch_id}/songs-{len(result.parts):05}.json"
        work.write(key, content)
        result.parts.append(SourceObject(key, "", len(content)))
        result.origins[key] = origins.copy()
        lines.clear()
        origins.clear()

    result.records = dict.fromkeys(objects, 0)
    result.rejected = {prefix: Rejected() for prefix in objects}
    result.fields = {prefix: UnexpectedFields("songs") for prefix in objects}
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
            position, value, raw = record
            if not isinstance(value, dict):
                rejected.rejects.append(_rejected(key, record))
                continue
            result.fields[prefix].see(key, value, raw)
            line = raw.rstrip()[:-1] + (b"," if value else b"") + added
            if b"\n" in line or b"\r" in line:
                line = line.replace(b"\n", b" ").replace(
                    b"\r", b" "
                )  # valid JSON has them between tokens only
            lines.append(line)
            origins.append(Origin(prefix, key, position))
            size += len(line)
        result.records[prefix] += read
        if rejected.rejects:
            rejected.records_of[key] = read
            result.rejected[prefix].add(rejected)
        if size >= PART_BYTES:
            write_part()
            size = 0
    if lines:
        write_part()
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
