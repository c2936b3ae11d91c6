"""Stages a batch: COPY into temporary tables, and what cannot be staged into the quarantine.

Belongs here: what is read, how, and what becomes of each record. Does not: what readers see (`publish`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from psycopg2.extensions import AsIs

from sparkify_assets.load.client_checks import client_findings, spread
from sparkify_assets.load.compact import (
    DAY_FIELD,
    SMALL_DAY_BYTES,
    Origin,
    Parts,
    compact_days,
    compact_songs,
    event_jsonpaths,
)
from sparkify_assets.load.progress import Progress, Staging
from sparkify_assets.load.quarantine import UNREADABLE, Reject, Rejected, located, with_raw
from sparkify_assets.load.results import Batch, StagedPartition
from sparkify_assets.model.datasets import Partition
from sparkify_assets.model.fields import expected_fields
from sparkify_assets.model.merges import BEFORE_THE_LOCK, MERGES
from sparkify_assets.settings import Settings
from sparkify_assets.source.content import START_BYTES, Form, Unreadable, form_of, text_of
from sparkify_assets.source.sampling import unexpected
from sparkify_assets.source.store import ObjectStore, SourceError, SourceObject
from sparkify_assets.warehouse.errors import CopyFailed
from sparkify_assets.warehouse.transaction import Copied, Transaction

#: The columns by which a rejected record is found again: column of the temporary table -> key in the record.
_EVENT_FIELDS = {
    "page": "page", "auth": "auth", "user_id": "userId", "session_id": "sessionId",
    "item_in_session": "itemInSession", "ts": "ts",
}  # fmt: skip
_SONG_FIELDS = {"song_id": "song_id", "artist_id": "artist_id", "title": "title"}


class Address(NamedTuple):
    """Where COPY reads an object of the source, or a part of a compaction: its URL, its size there, and its key."""

    url: str
    size: int
    key: str
    packed: bool


class Reading(NamedTuple):
    """What a COPY reads, and where a line of it comes from, by the key of its address."""

    addresses: Sequence[Address]
    origin: Callable[[str | None, int], Origin]


class TooManyRefused(CopyFailed):
    """A COPY rejected as many records as MAXERROR allows and gave up. `partitions` are those that it was reading."""

    def __init__(self, error: CopyFailed, partitions: Sequence[Partition]) -> None:
        super().__init__(error)
        self.partitions = partitions


@dataclass
class Stager:
    """Stages batches from a source in the temporary tables `incoming_events` and `incoming_songs`."""

    settings: Settings
    source: ObjectStore
    work: ObjectStore
    progress: Progress
    _counted: Staging = field(init=False)

    def stage(self, transaction: Transaction, batch: Batch) -> list[StagedPartition]:
        """Stage a batch and return, for each partition, what was staged and what was rejected.

        Raises CopyFailed for an object that COPY cannot read at all, TooManyRefused, and SourceError if the work area
        cannot be written or the source is unavailable.
        """
        self._counted = Staging(batch, self.progress)
        transaction.run("ddl/incoming_batch")
        staged = (self._events if batch.dataset == "events" else self._songs)(transaction, batch)
        transaction.run(f"analyze/incoming_{batch.dataset}")
        if not batch.kept:  # else published rows will come along
            for name, _ in MERGES[batch.dataset]:
                if name in BEFORE_THE_LOCK:
                    transaction.run(name)
                    batch.ahead.add(name)
        for item in staged:
            item.findings = client_findings(item)
        return staged

    def _events(self, transaction: Transaction, batch: Batch) -> list[StagedPartition]:
        read, copies = self._small_days(transaction, batch)
        others = [partition for partition in batch.objects if partition.key not in read]
        jsonpaths = self._write(batch, "log_json_path.json", event_jsonpaths()) if others else ""
        for partition in others:
            copied = self._day(transaction, batch, partition, jsonpaths)
            read[partition.key] = sum(one.rows + one.refused for one in copied)
            copies |= copied
            size = sum(item.size for item in batch.objects[partition])
            self._counted.read(size, read[partition.key])
            self._counted.copied(size)
        rejected = {partition.key: batch.unreadable_of(partition) for partition in batch.objects}
        for day, unreadable in rejected.items():
            read[day] += len(unreadable.rejects)
        self._add_refused(transaction, copies, rejected)
        for day, faults in groupby(
            transaction.each("copy/faulty_events"), key=lambda row: str(row["event_date"])
        ):
            keys = [item.key for item in batch.readable(batch.objects[Partition("events", day)])]
            before = rejected[day].rejects
            rejected[day].add(
                located(self.source, keys, faults, _EVENT_FIELDS, expected_fields("events"), before)
            )
        looked_at = spread([item.key for items in batch.objects.values() for item in batch.readable(items)])
        return [
            StagedPartition(
                partition=partition,
                objects=objects,
                content_hashes={item.key: self._hash(item) for item in objects},
                records_read=read[partition.key],
                rows_staged=read[partition.key] - len(rejected[partition.key].rejects),
                rejects=rejected[partition.key].rejects,
                records_of=rejected[partition.key].records_of,
                unexpected_fields=unexpected(
                    "events", self.source, (item.key for item in objects if item.key in looked_at)
                ),
            )
            for partition, objects in batch.objects.items()
        ]

    def _small_days(
        self, transaction: Transaction, batch: Batch
    ) -> tuple[dict[str, int], dict[Copied, Reading]]:
        """Stage the small days of a batch by one COPY. Returns those that could be compacted, each with the number of
        its records, and the COPY.
        """
        days = {partition.key: batch.readable(objects) for partition, objects in batch.objects.items()}
        small = {day: items for day, items in days.items() if sum(o.size for o in items) <= SMALL_DAY_BYTES}
        parts = Parts(self.work, f"{batch.id}/events", batch.written)
        read: dict[str, int] = {}
        for day, records in compact_days(self.source, parts, small):
            read[day] = records
            self._counted.read(sum(item.size for item in small[day]), records)
        if not parts.objects:
            return read, {}
        jsonpaths = self._write(batch, "compacted_log_json_path.json", event_jsonpaths(DAY_FIELD))
        addresses = self._addresses_of(parts)
        partitions = [Partition("events", day) for day in read]
        transaction.run("ddl/arriving_events")
        copied = self._copy(
            transaction, "copy/events_compacted", batch, "events", addresses, partitions, jsonpaths
        )
        transaction.run("copy/incoming_events", batch_id=batch.id, event_date=None)
        self._counted.copied()
        return read, {copied: Reading(addresses, parts.origin)}

    def _day(
        self, transaction: Transaction, batch: Batch, partition: Partition, jsonpaths: str
    ) -> dict[Copied, Reading]:
        """Stage a day by COPYs from the source: one, and one more if only some of its objects are compressed."""
        addresses = self._addresses(batch, batch.readable(batch.objects[partition]))
        if not addresses:
            return {}
        transaction.run("ddl/arriving_events")
        copies: dict[Copied, Reading] = {}
        for name, packed in (("copy/events", False), ("copy/events_gzip", True)):
            if chosen := [address for address in addresses if address.packed == packed]:
                label = f"{partition.key}{'-gzip' * packed}"
                copied = self._copy(transaction, name, batch, label, chosen, [partition], jsonpaths)
                copies[copied] = Reading(chosen, partial(Origin, partition.key))
        transaction.run("copy/incoming_events", batch_id=batch.id, event_date=partition.key)
        return copies

    def _songs(self, transaction: Transaction, batch: Batch) -> list[StagedPartition]:
        readable = {partition.key: batch.readable(objects) for partition, objects in batch.objects.items()}
        parts = Parts(self.work, f"{batch.id}/songs", batch.written)
        compacted = compact_songs(self.source, parts, batch.id, readable, self._counted.read)
        rejected = compacted.rejected
        for partition in batch.objects:
            rejected[partition.key].add(batch.unreadable_of(partition))
            compacted.records[partition.key] += len(batch.unreadable_of(partition).rejects)
        if parts.objects:
            addresses = self._addresses_of(parts)
            copied = self._copy(transaction, "copy/songs", batch, "songs", addresses, list(batch.objects))
            self._add_refused(transaction, {copied: Reading(addresses, parts.origin)}, rejected)
        transaction.run("copy/incoming_songs")
        self._counted.copied()
        for prefix, faults in groupby(transaction.each("copy/faulty_songs"), key=itemgetter("song_prefix")):
            keys = [item.key for item in batch.readable(batch.objects[Partition("songs", prefix)])]
            before = rejected[prefix].rejects
            rejected[prefix].add(
                located(self.source, keys, faults, _SONG_FIELDS, expected_fields("songs"), before)
            )
        staged = dict(transaction.rows("copy/staged_songs"))
        return [
            StagedPartition(
                partition=partition,
                objects=objects,
                content_hashes={item.key: compacted.content_hashes.get(item.key) for item in objects},
                records_read=compacted.records[partition.key],
                rows_staged=staged.get(partition.key, 0),
                rejects=rejected[partition.key].rejects,
                records_of=rejected[partition.key].records_of,
                unexpected_fields=compacted.fields[partition.key].rows,
            )
            for partition, objects in batch.objects.items()
        ]

    def _copy(
        self,
        transaction: Transaction,
        name: str,
        batch: Batch,
        label: str,
        addresses: Sequence[Address],
        partitions: Sequence[Partition],
        jsonpaths: str | None = None,
    ) -> Copied:
        try:
            return transaction.copy(
                name,
                manifest=self._write(
                    batch, f"{label}.manifest", manifest({a.url: a.size for a in addresses})
                ),
                jsonpaths=jsonpaths,
                iam_role=_role(self.settings.iam_role),
                region=self.work.region or self.settings.region,
            )
        except CopyFailed as error:
            if error.of_records:
                raise TooManyRefused(error, partitions) from None
            raise

    def _addresses_of(self, parts: Parts) -> list[Address]:
        return [Address(self.work.url_of(o.key), o.size, o.key, packed=False) for o in parts.objects]

    def _addresses(self, batch: Batch, objects: Sequence[SourceObject]) -> list[Address]:
        """Where COPY can read the objects: in the source, or copied to the work area below the batch's id. Objects
        whose first bytes say that COPY could not read them are added to the batch's unreadable ones.
        """
        sizes = {item.key: item.size for item in objects}
        found = []
        for key, data in self.source.read_many(list(sizes), START_BYTES if self._copy_reads_source else None):
            try:
                if isinstance(data, SourceError):
                    raise data
                form = form_of(key, data[:START_BYTES])
                if form.marked or not self._copy_reads_source:
                    found.append(self._relayed(batch, key, data, form))
                else:
                    found.append(Address(self.source.url_of(key), sizes[key], key, form.packed))
            except (Unreadable, SourceError) as error:
                if isinstance(error, SourceError) and not error.of_object:
                    raise
                batch.unreadable[key] = f"{UNREADABLE}{error}"
        batch.packed.update(address.key for address in found if address.packed)
        return found

    def _relayed(self, batch: Batch, key: str, data: bytes, form: Form) -> Address:
        """Copy an object to the work area. If it begins with a byte order mark, only the text after the mark is copied,
        because no page of AWS says that COPY skips the mark when it reads JSON.
        """
        if form.marked:
            data = text_of(key, self.source.read(key) if self._copy_reads_source else data)
        packed = form.packed and not form.marked
        return Address(self._write(batch, key, data), len(data), key, packed)

    @property
    def _copy_reads_source(self) -> bool:
        """Whether COPY can read the source itself. It has no parameter to accept requester-pays charges
        (https://docs.aws.amazon.com/redshift/latest/dg/r_COPY-alphabetical-parm-list.html), and its REGION is that of
        the manifest and of all that the manifest names
        (https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source-s3.html#copy-region).
        """
        regions = {self.source.region, self.work.region} - {None}
        return not self.settings.requester_pays and len(regions) < 2

    def _write(self, batch: Batch, name: str, content: bytes) -> str:
        """Write an object of a batch into the work area, where it stays until the batch is staged."""
        key = f"{batch.id}/{name}"
        batch.written.append(key)
        return self.work.write(key, content)

    def _hash(self, item: SourceObject) -> str | None:
        """The content hash of an object. None if it has just been deleted, which the listing before the commit will
        notice.
        """
        try:
            return self.source.content_hash(item)
        except SourceError:
            return None

    def _add_refused(
        self, transaction: Transaction, copies: Mapping[Copied, Reading], rejected: Mapping[str, Rejected]
    ) -> None:
        """Add the records that COPYs rejected to those of their partitions."""
        for key, rejects in groupby(_refused(transaction, copies), key=itemgetter(0)):
            rejected[key].add(with_raw(self.source, (reject for _, reject in rejects)))


def _refused(transaction: Transaction, copies: Mapping[Copied, Reading]) -> Iterator[tuple[str, Reject]]:
    """The records that COPYs rejected, each with its partition and at its position in the source, object by object."""
    keys = {copied: {a.url: a.key for a in reading.addresses} for copied, reading in copies.items()}
    for copied, url, line, column, reason in transaction.load_errors(list(copies)):
        origin = copies[copied].origin(_key_at(url, keys[copied]), line)
        yield origin.partition_key, Reject(origin.object_key, origin.line, column or None, reason, None)


def _role(name: str) -> str | AsIs:
    """What COPY takes as IAM_ROLE: an ARN, or the keyword for the cluster's default role
    (https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-authorization.html).
    """
    return AsIs(name) if name == "default" else name


def _key_at(address: str, keys: Mapping[str, str]) -> str | None:
    """The key of an object that COPY names. The load-error tables keep 256 bytes of its URL
    (https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html).
    """
    if address in keys:
        return keys[address]
    likely = [key for whole, key in keys.items() if whole.startswith(address)]
    return likely[0] if len(likely) == 1 else None


def manifest(sizes: Mapping[str, int]) -> bytes:
    """The manifest that COPY reads: exactly the objects at these addresses, each mandatory and of this size
    (https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html).
    """
    entries = [
        {"url": url, "mandatory": True, "meta": {"content_length": size}} for url, size in sizes.items()
    ]
    return json.dumps({"entries": entries}).encode()
