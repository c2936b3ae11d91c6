"""From the objects of a batch to rows that wait: COPY into tables of the session's own, and rejects into quarantine.

Belongs here: what is read, how, and what becomes of each record. Does not: what readers see (`publishing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg2.extensions import AsIs

from sparkify_assets import sql
from sparkify_assets.arrivals import SourceObject
from sparkify_assets.loading.batches import Batch
from sparkify_assets.loading.compaction import Compacted, compact
from sparkify_assets.loading.ledger import StagedPartition
from sparkify_assets.loading.quarantine import Reject, Rejected, located, with_raw
from sparkify_assets.partitions import Dataset, Partition
from sparkify_assets.resources.embedded import CopyError
from sparkify_assets.resources.landing_zone import ObjectStore, SourceError, manifest
from sparkify_assets.resources.redshift import Transaction
from sparkify_assets.settings import Settings

#: What finds a record of a fault again: column of `incoming` -> key in the record.
_EVENT_FIELDS = {
    "page": "page", "auth": "auth", "user_id": "userId", "session_id": "sessionId",
    "item_in_session": "itemInSession", "ts": "ts",
}  # fmt: skip
_SONG_FIELDS = {"song_id": "song_id", "artist_id": "artist_id", "title": "title"}


#: Called with a phase (`incoming`, `publish`), partitions done and partitions in all.
Progress = Callable[[str, Dataset, int, int], None]


@dataclass
class Bringer:
    """Brings batches from a source to `incoming_events` and `incoming_songs`."""

    settings: Settings
    source: ObjectStore
    work: ObjectStore
    progress: Progress

    def bring(self, transaction: Transaction, batch: Batch) -> list[StagedPartition]:
        """Copy a batch; what became of each partition's records.

        Raises CopyError for an object that COPY cannot read at all, SourceError where the work area cannot be written,
        or the source is away.
        """
        transaction.run("ddl/incoming_batch")
        staged = (self._events if batch.dataset == "events" else self._songs)(transaction, batch)
        transaction.run(f"analyze/incoming_{batch.dataset}")
        return staged

    def _events(self, transaction: Transaction, batch: Batch) -> list[StagedPartition]:
        jsonpaths = self._write(
            batch, "log_json_path.json", (sql.FOLDER / "copy/log_json_path.json").read_bytes()
        )
        copied: dict[Partition, int] = {}
        rejected: dict[Partition, Rejected] = {}
        for done, (partition, objects) in enumerate(batch.objects.items(), 1):
            self.progress("incoming", "events", done, len(batch.objects))
            rejected[partition] = batch.unreadable_of(partition)
            copied[partition] = 0
            transaction.run("ddl/arriving_events")
            for name, packed in (("copy/events", False), ("copy/events_gzip", True)):
                chosen = [o for o in batch.readable(objects) if o.key.endswith(".gz") == packed]
                if chosen:
                    label = f"{partition.key}{'-gzip' * packed}"
                    store, objects_there = self._within_reach(batch, chosen)
                    self._copy(transaction, name, batch, label, store, objects_there, jsonpaths)
                    copied[partition] += transaction.value("copy/copied_rows")
                    rejects = self._refused(transaction, store, objects_there)
                    rejected[partition].add(with_raw(self.source, [_at_source(batch, r) for r in rejects]))
            transaction.run(
                "copy/incoming_events", batch_id=batch.id, event_date=date.fromisoformat(partition.key)
            )
        read = {
            partition: copied[partition] + len(rejected[partition].rejects) for partition in batch.objects
        }
        faults: dict[str, list[dict[str, Any]]] = {}
        for fault in transaction.records("copy/faulty_events"):
            faults.setdefault(str(fault["event_date"]), []).append(fault)
        for day, found in faults.items():
            partition = Partition("events", day)
            keys = [item.key for item in batch.readable(batch.objects[partition])]
            before = rejected[partition].rejects
            rejected[partition].add(located(self.source, keys, found, _EVENT_FIELDS, before))
        staged = {str(day): rows for day, rows in transaction.rows("copy/staged_events")}
        return [
            StagedPartition(
                partition=partition,
                objects=objects,
                content_hashes={item.key: self._hash(item) for item in objects},
                records_read=read[partition],
                rows_staged=staged.get(partition.key, 0),
                rejects=rejected[partition].rejects,
                records_of=rejected[partition].records_of,
            )
            for partition, objects in batch.objects.items()
        ]

    def _songs(self, transaction: Transaction, batch: Batch) -> list[StagedPartition]:
        compacted = compact(self.source, self.work, batch.id, {p.key: o for p, o in batch.objects.items()})
        batch.written.extend(part.key for part in compacted.parts)
        rejected = compacted.rejected
        if compacted.parts:
            self._copy(transaction, "copy/songs", batch, "songs", self.work, compacted.parts)
            for prefix, rejects in self._refused_songs(transaction, compacted).items():
                rejected[prefix].add(with_raw(self.source, rejects))
        transaction.run("copy/incoming_songs")
        faults: dict[str, list[dict[str, Any]]] = {}
        for fault in transaction.records("copy/faulty_songs"):
            faults.setdefault(fault["song_prefix"], []).append(fault)
        for prefix, found in faults.items():
            keys = [item.key for item in batch.readable(batch.objects[Partition("songs", prefix)])]
            before = rejected[prefix].rejects
            rejected[prefix].add(located(self.source, keys, found, _SONG_FIELDS, before))
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
            )
            for partition, objects in batch.objects.items()
        ]

    def _copy(
        self,
        transaction: Transaction,
        name: str,
        batch: Batch,
        label: str,
        store: ObjectStore,
        objects: Sequence[SourceObject],
        jsonpaths: str | None = None,
    ) -> None:
        transaction.run(
            name,
            manifest=self._write(batch, f"{label}.manifest", manifest(store, objects)),
            jsonpaths=jsonpaths,
            iam_role=_role(self.settings.iam_role),
            region=self.work.region or self.settings.region,
        )

    def _within_reach(
        self, batch: Batch, objects: Sequence[SourceObject]
    ) -> tuple[ObjectStore, Sequence[SourceObject]]:
        """The objects where COPY can read them: in the source, or copied to the work area, below the batch's id."""
        if self._copy_reads_source:
            return self.source, objects
        copies = []
        for key, data in self.source.read_many([item.key for item in objects]):
            if isinstance(data, SourceError):
                raise CopyError(str(data), self.source.url_of(key))
            self._write(batch, key, data)
            copies.append(SourceObject(f"{batch.id}/{key}", "", len(data)))
        return self.work, copies

    @property
    def _copy_reads_source(self) -> bool:
        """COPY has no parameter by which it would agree to pay for a request
        (https://docs.aws.amazon.com/redshift/latest/dg/r_COPY-alphabetical-parm-list.html), and its REGION is that of
        the manifest and of all that the manifest names
        (https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source-s3.html#copy-region).
        """
        regions = {self.source.region, self.work.region} - {None}
        return not self.settings.requester_pays and len(regions) < 2

    def _write(self, batch: Batch, name: str, content: bytes) -> str:
        """Write an object of a batch into the work area, where it stays until its batch is incoming."""
        key = f"{batch.id}/{name}"
        batch.written.append(key)
        return self.work.write(key, content)

    def _hash(self, item: SourceObject) -> str | None:
        """The content hash of an object; None where it has just gone, which the listing before commit will see."""
        try:
            return self.source.content_hash(item)
        except SourceError:
            return None

    def _refused(
        self, transaction: Transaction, store: ObjectStore, objects: Sequence[SourceObject]
    ) -> list[Reject]:
        """What the last COPY refused of these objects."""
        addresses = {store.url_of(item.key): item.key for item in objects}
        return [
            Reject(
                _key_at(url.rstrip(), addresses), line, (column or "").strip() or None, reason.strip(), None
            )
            for url, line, column, reason in transaction.load_errors()
        ]

    def _refused_songs(self, transaction: Transaction, compacted: Compacted) -> dict[str, list[Reject]]:
        """What COPY refused of compacted objects, each at its place in the source."""
        refused: dict[str, list[Reject]] = {}
        for reject in self._refused(transaction, self.work, compacted.parts):
            origin = compacted.origins[reject.object_key or ""][(reject.position or 1) - 1]
            refused.setdefault(origin.prefix, []).append(
                reject._replace(object_key=origin.object_key, position=origin.position)
            )
        return refused


def _at_source(batch: Batch, reject: Reject) -> Reject:
    """A reject of an object of the source, wherever COPY has read it."""
    key = reject.object_key
    return reject._replace(object_key=key.removeprefix(f"{batch.id}/")) if key else reject


def _role(name: str) -> str | AsIs:
    """What COPY takes as IAM_ROLE: an ARN, or the keyword for the cluster's default role
    (https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-authorization.html).
    """
    return AsIs(name) if name == "default" else name


def _key_at(address: str, addresses: Mapping[str, str]) -> str | None:
    """The key of an object that COPY names; the load-error tables keep 256 bytes of its address
    (https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html).
    """
    if address in addresses:
        return addresses[address]
    likely = [key for whole, key in addresses.items() if whole.startswith(address)]
    return likely[0] if len(likely) == 1 else None
