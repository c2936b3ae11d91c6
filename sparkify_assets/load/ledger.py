"""What was loaded, as the warehouse itself remembers it: the only truth about loads.

Belongs here: reading and writing `ledger.*`. Does not: deciding what to load (`source.changes`) or loading it
(`loader`).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sparkify_assets.load.quarantine import Reject, Rejects
from sparkify_assets.model import queries
from sparkify_assets.model.checks import CLIENT_CHECKS, Check, Violation
from sparkify_assets.model.datasets import Dataset, Partition
from sparkify_assets.source.changes import KnownPartition
from sparkify_assets.source.store import SourceObject
from sparkify_assets.warehouse.transaction import Transaction

#: The widths of ledger.quarantine's text columns, in bytes.
_REASON_BYTES, _RAW_BYTES = 1024, 65535

#: That of ledger.warnings.sample, and how much of a value it shows, in characters.
_SAMPLE_BYTES, _VALUE_CHARACTERS = 8192, 200


@dataclass
class StagedPartition:
    """One partition as it was brought to `incoming`: the versions read, what became of their records, and what a person
    should know of them. `records_of` says how many records each object holds that has a reject.
    """

    partition: Partition
    objects: list[SourceObject]
    content_hashes: dict[str, str | None]
    records_read: int
    rows_staged: int
    rejects: Rejects
    records_of: dict[str, int]
    unexpected_fields: list[dict[str, Any]] = field(default_factory=list)  # of fields.UnexpectedFields
    findings: list[Violation] = field(default_factory=list)

    def equal_objects(self) -> list[tuple[str, ...]]:
        """The keys of objects with one and the same content, each of which is loaded: a copy, or a file that was
        delivered under two names. What holds no bytes is equal to nothing.
        """
        keys: dict[str, list[str]] = {}
        for item in self.objects:
            if item.size and (content_hash := self.content_hashes.get(item.key)):
                keys.setdefault(content_hash, []).append(item.key)
        return sorted(tuple(sorted(same)) for same in keys.values() if len(same) > 1)

    def faulty_objects(self) -> Iterator[tuple[str, str, int, str]]:
        """The objects of which nothing was staged: key, fault (`unreadable`, or `refused`: every record of it), how
        many records that are, and why the first of them was refused.
        """
        counts: Counter[str] = Counter()
        first: dict[str, Reject] = {}
        for reject in self.rejects:
            if reject.object_key is not None:
                counts[reject.object_key] += 1
                first.setdefault(reject.object_key, reject)
        for key, count in counts.items():
            if count >= self.records_of.get(key, math.inf):
                fault = "unreadable" if first[key].is_whole_object else "refused"
                yield key, fault, count, first[key].reason


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
    known: dict[Partition, tuple[str, str, queries.Rules, dict[str, str]]] = {}
    rows = transaction.rows(
        "ledger/known_objects",
        everything=only is None,
        datasets=tuple({p.dataset for p in only or ()}) or ("",),
        partition_keys=tuple({p.key for p in only or ()}) or ("",),
    )
    for dataset, key, state, batch_id, staging_rules, star_rules, object_key, token in rows:
        partition = Partition(dataset, key)
        if partition not in known or known[partition][1] != batch_id:
            known[partition] = (state, batch_id, queries.Rules(staging_rules, star_rules), {})
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
    rules: queries.Rules,
    run_id: str | None,
) -> None:
    """Write a batch with its objects, rejected records and findings into the ledger, on its way."""
    now = datetime.now(UTC).replace(tzinfo=None)
    places = {(batch_id, item.partition.dataset, item.partition.key): item for item in staged}
    transaction.insert(
        "ledger/insert_loads",
        (
            (*place, "incoming", len(item.objects), item.records_read, item.rows_staged, len(item.rejects),
             *rules, run_id, now)
            for place, item in places.items()
        ),
    )  # fmt: skip
    transaction.insert(
        "ledger/insert_objects",
        (
            (*place, o.key, o.version_token, o.size, item.content_hashes.get(o.key))
            for place, item in places.items()
            for o in item.objects
        ),
    )
    transaction.insert(
        "ledger/insert_faulty_objects",
        (
            (*place, key, fault, records, _fit(reason, _REASON_BYTES))
            for place, item in places.items()
            for key, fault, records, reason in item.faulty_objects()
        ),
    )
    transaction.insert(
        "ledger/insert_quarantine",
        (
            (
                *place,
                r.object_key,
                r.position,
                r.column,
                _fit(r.reason, _REASON_BYTES),
                _fit(r.raw, _RAW_BYTES),
            )
            for place, item in places.items()
            for r in item.rejects
        ),
    )
    transaction.insert(
        "ledger/insert_warnings",
        ((*place, *_finding(found)) for place, item in places.items() for found in item.findings),
    )


def keep(transaction: Transaction, batch_id: str, partition: Partition) -> None:
    """Take over, into a partition of a batch, what is published of it: rows, objects, rejected records, counts."""
    seen = tuple(check.name for check in CLIENT_CHECKS)
    of = {"batch_id": batch_id, "dataset": partition.dataset, "partition_key": partition.key}
    transaction.run("ledger/keep", check_names=seen, **of)
    transaction.run(f"ledger/keep_{partition.dataset}", batch_id=batch_id, partition_key=partition.key)


def block(transaction: Transaction, batch_id: str, dataset: Dataset, key: str, verdict: str) -> None:
    """Set a partition of a batch aside, with the reason; its rows stay in `incoming`."""
    transaction.run(
        f"ledger/block_{dataset}", batch_id=batch_id, dataset=dataset, partition_key=key, verdict=verdict
    )


def batch(transaction: Transaction, batch_id: str) -> list[LoadState]:
    """The partitions of a batch as they stand."""
    return [LoadState(*row) for row in transaction.rows("ledger/batch", batch_id=batch_id)]


def replace_warnings(
    transaction: Transaction,
    dataset: Dataset,
    keys: Sequence[str],
    checks: Sequence[Check],
    found: Iterable[Violation],
) -> None:
    """Write what these checks have just found in published partitions, in place of what they found there before."""
    of = {"dataset": dataset, "partition_keys": tuple(keys)}
    transaction.run("ledger/discard_warnings", check_names=tuple(check.name for check in checks), **of)
    if found := list(found):
        batches = dict(transaction.rows("ledger/published_batches", **of))
        rows = [(batches[v.partition_key], dataset, v.partition_key, *_finding(v)) for v in found]
        transaction.insert("ledger/insert_warnings", rows)


def current_warnings(transaction: Transaction) -> list[Violation]:
    """What is known to the ledger about every version that readers see or that waits to replace it."""
    return [
        Violation(check, key, int(count), json.loads(sample))
        for key, check, count, sample in transaction.rows("ledger/current_warnings")
    ]


def _finding(found: Violation) -> tuple[str, int, str]:
    """The columns of a warning after its place. The sample is JSON, of as many rows as fit."""
    rows: list[dict[str, str | None]] = []
    text = "[]"
    for row in found.sample:
        rows.append({name: value and value[:_VALUE_CHARACTERS] for name, value in row.items()})
        longer = json.dumps(rows, ensure_ascii=False)
        if len(longer.encode("utf-8", "backslashreplace")) > _SAMPLE_BYTES:
            break
        text = longer
    return found.check, found.count, _fit(text, _SAMPLE_BYTES) or ""


def _fit(text: str | None, width: int) -> str | None:
    """Text cut to a width in bytes, without the character that no column can hold."""
    if text is None:
        return None
    return (
        text.replace("\x00", "\\u0000").encode("utf-8", "backslashreplace")[:width].decode("utf-8", "ignore")
    )
