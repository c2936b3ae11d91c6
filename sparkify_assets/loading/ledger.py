"""What was loaded, as the warehouse itself remembers it: the only truth about loads.

Belongs here: reading and writing `ledger.*`. Does not: deciding what to load (`arrivals`) or loading it (`loading`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sparkify_assets.arrivals import KnownPartition, SourceObject
from sparkify_assets.loading.quarantine import Reject
from sparkify_assets.partitions import Dataset, Partition
from sparkify_assets.resources.redshift import Transaction

#: The widths of ledger.quarantine's text columns, in bytes.
_REASON_BYTES, _RAW_BYTES = 1024, 65535


@dataclass
class StagedPartition:
    """One partition as it was brought to `incoming`: the versions read and what became of their records. `records_of`
    says how many records each object holds that has a reject.
    """

    partition: Partition
    objects: list[SourceObject]
    content_hashes: dict[str, str | None]
    records_read: int
    rows_staged: int
    rejects: list[Reject]
    records_of: dict[str, int]

    def equal_objects(self) -> list[tuple[str, ...]]:
        """The keys of objects with one and the same content, each of which is loaded: a copy, or a file that was
        delivered under two names. What holds no bytes is equal to nothing.
        """
        keys: dict[str, list[str]] = {}
        for item in self.objects:
            if item.size and (content_hash := self.content_hashes.get(item.key)):
                keys.setdefault(content_hash, []).append(item.key)
        return sorted(tuple(sorted(same)) for same in keys.values() if len(same) > 1)


class LoadState(NamedTuple):
    """A partition of a batch as the ledger has it now."""

    key: str
    state: str
    objects: int
    records_read: int
    rows_staged: int
    rows_quarantined: int
    verdict: str | None


def known_partitions(
    transaction: Transaction, only: Collection[Partition] | None = None
) -> dict[Partition, KnownPartition]:
    """What was staged last of each partition, or of some, published or not."""
    known: dict[Partition, tuple[str, str, str, dict[str, str]]] = {}
    rows = transaction.rows(
        "ledger/known_objects",
        everything=only is None,
        datasets=tuple({p.dataset for p in only or ()}) or ("",),
        partition_keys=tuple({p.key for p in only or ()}) or ("",),
    )
    for dataset, key, state, batch_id, sql_hash, object_key, token in rows:
        partition = Partition(dataset, key)
        if partition not in known or known[partition][1] != batch_id:
            known[partition] = (state, batch_id, sql_hash, {})
        if object_key is not None:
            known[partition][3][object_key] = token
    return {partition: KnownPartition(*values) for partition, values in known.items()}


def discard_blocked(transaction: Transaction, dataset: Dataset, keys: Sequence[str]) -> None:
    """Forget what is blocked of these partitions, for a newer version takes its place."""
    if dataset == "events":
        transaction.run("ledger/discard_events", event_dates=tuple(map(date.fromisoformat, keys)))
    else:
        transaction.run("ledger/discard_songs", partition_keys=tuple(keys))
    transaction.run("ledger/discard_loads", dataset=dataset, partition_keys=tuple(keys))


def record(
    transaction: Transaction,
    batch_id: str,
    staged: Iterable[StagedPartition],
    *,
    sql_hash: str,
    run_id: str | None,
) -> None:
    """Write a batch with its objects and rejected records into the ledger, on its way."""
    now = datetime.now(UTC).replace(tzinfo=None)
    loads: list[tuple[Any, ...]] = []
    objects: list[tuple[Any, ...]] = []
    rejects: list[tuple[Any, ...]] = []
    for item in staged:
        place = (batch_id, item.partition.dataset, item.partition.key)
        counts = (len(item.objects), item.records_read, item.rows_staged, len(item.rejects))
        loads.append((*place, "incoming", *counts, sql_hash, run_id, now))
        objects.extend(
            (*place, o.key, o.version_token, o.size, item.content_hashes.get(o.key)) for o in item.objects
        )
        rejects.extend(
            (
                *place,
                r.object_key,
                r.position,
                r.column,
                _fit(r.reason, _REASON_BYTES),
                _fit(r.raw, _RAW_BYTES),
            )
            for r in item.rejects
        )
    transaction.insert("ledger/insert_loads", loads)
    transaction.insert("ledger/insert_objects", objects)
    transaction.insert("ledger/insert_quarantine", rejects)


def keep(transaction: Transaction, batch_id: str, partition: Partition) -> None:
    """Take over, into a partition of a batch, what is published of it: rows, objects, rejected records, counts."""
    transaction.run("ledger/keep", batch_id=batch_id, dataset=partition.dataset, partition_key=partition.key)
    transaction.run(f"ledger/keep_{partition.dataset}", batch_id=batch_id, partition_key=partition.key)


def block(transaction: Transaction, batch_id: str, dataset: Dataset, key: str, verdict: str) -> None:
    """Set a partition of a batch aside, with the reason; its rows stay in `incoming`."""
    transaction.run(
        f"ledger/block_{dataset}", batch_id=batch_id, dataset=dataset, partition_key=key, verdict=verdict
    )


def batch(transaction: Transaction, batch_id: str) -> list[LoadState]:
    """The partitions of a batch as they stand."""
    return [LoadState(*row) for row in transaction.rows("ledger/batch", batch_id=batch_id)]


def _fit(text: str | None, width: int) -> str | None:
    """Text cut to a width in bytes, without the character that no column can hold."""
    if text is None:
        return None
    return (
        text.replace("\x00", "\\u0000").encode("utf-8", "backslashreplace")[:width].decode("utf-8", "ignore")
    )
