"""What was loaded, as the warehouse itself records it: the single source of truth about loads.

Belongs here: reading and writing `ledger.*`. Does not: deciding what to load (`source.changes`) or loading it
(`loader`).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from sparkify_assets.load.results import (
    Batch,
    BatchResult,
    Changes,
    PartitionResult,
    RunResult,
    StagedPartition,
)
from sparkify_assets.model import queries
from sparkify_assets.model.checks import CHECKS, CLIENT_CHECKS, Check, Violation
from sparkify_assets.model.datasets import Dataset, Partition
from sparkify_assets.source.changes import KnownPartition
from sparkify_assets.warehouse.transaction import Transaction

#: The widths of the text columns of ledger.quarantine, in bytes.
_REASON_BYTES, _RAW_BYTES = 1024, 65535

#: The width of ledger.warnings.sample in bytes, and how many characters of a value it shows.
_SAMPLE_BYTES, _VALUE_CHARACTERS = 8192, 200


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
    """The version of each partition, or of the given ones, that was staged last, whether published or not."""
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
    """Discard the blocked versions of these partitions, because a newer version replaces them."""
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
    """Write a batch with its objects, rejected records and findings into the ledger, in state `incoming`."""
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
    """Carry over what is published of a partition into the batch: rows, objects, rejected records, counts."""
    seen = tuple(check.name for check in CLIENT_CHECKS)
    of = {"batch_id": batch_id, "dataset": partition.dataset, "partition_key": partition.key}
    transaction.run("ledger/keep", check_names=seen, **of)
    transaction.run(f"ledger/keep_{partition.dataset}", batch_id=batch_id, partition_key=partition.key)


def block(transaction: Transaction, batch_id: str, dataset: Dataset, key: str, verdict: str) -> None:
    """Block a partition of a batch and record why. Its rows are kept in the schema `incoming`."""
    transaction.run(
        f"ledger/block_{dataset}", batch_id=batch_id, dataset=dataset, partition_key=key, verdict=verdict
    )


def record_batch(transaction: Transaction, batch: Batch, result: BatchResult) -> None:
    """Record what a batch did, just before it is committed."""
    transaction.run(
        "ledger/insert_batch",
        batch_id=batch.id,
        dataset=batch.dataset,
        run_id=batch.run_id,
        stage_seconds=result.seconds["stage"],
        publish_seconds=result.seconds["publish"],
        changes=json.dumps({table: dataclasses.astuple(rows) for table, rows in result.changes.items()}),
        first_day=min(result.plays, default=None),
        last_day=max(result.plays, default=None),
    )


def of_run(transaction: Transaction, run_id: str) -> RunResult:
    """What a run staged and published, and what the checks that warn found in it."""
    result = RunResult()
    for dataset, key, *values in transaction.rows("ledger/run_loads", run_id=run_id):
        result.partitions.append(PartitionResult(Partition(dataset, key), *values))
    for _, stage, publish, changes in transaction.rows("ledger/run_batches", run_id=run_id):
        result.stage_seconds += stage
        result.publish_seconds += publish
        for table, rows in json.loads(changes).items():
            result.changes[table] = result.changes.get(table, Changes()) + Changes(*rows)
    of_plays = tuple(check.name for check in CHECKS if check.asset == "songplays")
    result.warnings = [
        Violation(check, key, int(count), json.loads(sample))
        for key, check, count, sample in transaction.rows(
            "ledger/run_warnings", run_id=run_id, check_names=of_plays
        )
    ]
    return result


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
    """Replace what these checks found in published partitions by what they have just found."""
    of = {"dataset": dataset, "partition_keys": tuple(keys)}
    transaction.run("ledger/discard_warnings", check_names=tuple(check.name for check in checks), **of)
    if found := list(found):
        batches = dict(transaction.rows("ledger/published_batches", **of))
        rows = [(batches[v.partition_key], dataset, v.partition_key, *_finding(v)) for v in found]
        transaction.insert("ledger/insert_warnings", rows)


def current_warnings(transaction: Transaction) -> list[Violation]:
    """The warnings about every version that is published, or blocked and waiting."""
    return [
        Violation(check, key, int(count), json.loads(sample))
        for key, check, count, sample in transaction.rows("ledger/current_warnings")
    ]


def _finding(found: Violation) -> tuple[str, int, str]:
    """A warning's check, count and sample. The sample is JSON, with as many rows as fit."""
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
    """Text truncated to a width in bytes, without NUL, which no column can hold."""
    if text is None:
        return None
    return (
        text.replace("\x00", "\\u0000").encode("utf-8", "backslashreplace")[:width].decode("utf-8", "ignore")
    )
