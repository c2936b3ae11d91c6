"""Publishes staged rows: the merges, the blocking checks and the ledger in one transaction.

Belongs here: the one transaction that changes what readers see. Does not: reading objects (`stage`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sparkify_assets.errors import SparkifyError
from sparkify_assets.load import ledger
from sparkify_assets.load.audit import violations
from sparkify_assets.load.results import (
    MAX_REJECTS,
    Batch,
    BatchResult,
    Changes,
    PartitionResult,
    StagedPartition,
)
from sparkify_assets.model import queries
from sparkify_assets.model.checks import Check, Violation, gates, warning_queries
from sparkify_assets.model.datasets import (
    DATASETS,
    EVENTS_FOLDER,
    SONGS_FOLDER,
    Dataset,
    Partition,
    beginnings_of,
    named,
    partition_of,
)
from sparkify_assets.model.merges import BOUNDED_BY_TIME, MERGES, NOT_REBUILT
from sparkify_assets.settings import Settings
from sparkify_assets.source.store import ObjectStore
from sparkify_assets.warehouse.connection import Session, Warehouse
from sparkify_assets.warehouse.errors import is_conflict
from sparkify_assets.warehouse.transaction import Transaction

#: If more prefixes than this would have to be listed again, the whole data set is listed instead.
MAX_LISTINGS = 32

#: A batch with at least this share of a table's rows makes the planner's statistics stale; this is Redshift's own
#: threshold
#: (https://docs.aws.amazon.com/redshift/latest/dg/r_ANALYZE.html, analyze_threshold_percent).
ANALYZE_SHARE = 0.1


class SourceChanged(SparkifyError):
    """An object was overwritten or deleted while it was read; the batch was rolled back."""


class RulesRefused(SparkifyError):
    """The star rebuilt by today's SQL does not pass the blocking checks. Nothing was changed."""


class NotBlocked(SparkifyError):
    """There is nothing to release: the partition is not blocked."""


@dataclass
class Publisher:
    """Publishes batches into a warehouse. `source` is listed again before each commit. `tell` is called with the share
    of a batch's work that is done.
    """

    settings: Settings
    warehouse: Warehouse
    source: ObjectStore
    tell: Callable[[float], None] = lambda _share: None

    def publish(self, session: Session, batch: Batch, staged: Sequence[StagedPartition]) -> BatchResult:
        """Publish the partitions of a batch that pass and block the others, in one transaction.

        Which partitions pass is found out by trying: if a blocking check fails, the transaction is rolled back and
        repeated without the partitions that failed it. Raises SourceChanged, with everything rolled back, if an object
        was overwritten or deleted while it was read.
        """
        failed = dict(batch.refused)
        started = time.perf_counter()

        def once() -> BatchResult | dict[str, list[Violation]]:
            try:
                with session.transaction() as transaction:
                    return self._publish(transaction, batch, staged, failed, started)
            except _GatesFailed as refusal:
                return refusal.by_partition

        while not isinstance(outcome := self.warehouse.retried(once, is_conflict), BatchResult):
            failed |= outcome
        outcome.violations = [violation for found in failed.values() for violation in found]
        return outcome

    def _publish(
        self,
        transaction: Transaction,
        batch: Batch,
        staged: Sequence[StagedPartition],
        failed: Mapping[str, list[Violation]],
        started: float,
    ) -> BatchResult:
        result = BatchResult([])
        known = ledger.known_partitions(transaction, [item.partition for item in staged])
        staged = batch.without_loaded(staged, known)
        keys = [item.partition.key for item in staged]
        if not keys:
            return result
        ledger.discard_blocked(transaction, batch.dataset, keys)
        ledger.record(transaction, batch.id, staged, rules=queries.rules(), run_id=batch.run_id)
        for item in staged:
            if item.partition in batch.kept and item.partition in known:
                ledger.keep(transaction, batch.id, item.partition)
        for key, found in failed.items():
            ledger.block(transaction, batch.id, batch.dataset, key, verdict(found))
        publishing = [key for key in keys if key not in failed]
        if publishing:
            self._merge(transaction, batch, publishing, None, result)
            self.tell(0.8)
            self._audit(transaction, batch.dataset, publishing)
            self.tell(0.9)
            self._warn(transaction, batch.dataset, publishing, result)
        result.warnings += [found for item in staged for found in item.findings]
        self._verify_versions(batch, staged)
        result.partitions = self._outcomes(transaction, batch, staged)
        result.seconds = {"stage": batch.stage_seconds, "publish": time.perf_counter() - started}
        ledger.record_batch(transaction, batch, result)
        return result

    def release(self, partition: Partition, reason: str) -> BatchResult:
        """Publish a blocked partition as it is, whatever its checks say, and record the reason in the ledger.

        Raises NotBlocked.
        """
        return self.warehouse.retried(lambda: self._release(partition, reason))

    def _release(self, partition: Partition, reason: str) -> BatchResult:
        result = BatchResult([])
        with self.warehouse.transaction() as transaction:
            was = ledger.known_partitions(transaction, [partition]).get(partition)
            if was is None or was.state != "blocked":
                raise NotBlocked(f"{partition} is not blocked")
            batch = Batch(partition.dataset, {partition: []}, {}, id=was.batch_id)
            transaction.run("ddl/incoming_batch")
            transaction.run(
                f"ledger/release_{partition.dataset}", batch_id=batch.id, partition_key=partition.key
            )
            self._merge(transaction, batch, [partition.key], reason, result)
            self._warn(transaction, batch.dataset, [partition.key], result)
            result.partitions = [
                p for p in self._outcomes(transaction, batch, ()) if p.partition == partition
            ]
        return result

    def republish(self) -> dict[str, Changes]:
        """Rebuild the star from staging by today's SQL, in one transaction, and return what changed in each table.

        Raises RulesRefused, with nothing changed, if the result does not pass the blocking checks. The checks of a
        released partition are not asked again.
        """
        return self.warehouse.retried(self._republish)

    def _republish(self) -> dict[str, Changes]:
        with self.warehouse.transaction() as transaction:
            return self.rebuild_and_audit(transaction)

    def rebuild_and_audit(self, transaction: Transaction) -> dict[str, Changes]:
        """Rebuild the star in an open transaction, as `republish` does."""
        for table in queries.star():
            transaction.run(f"reconcile/former_{table}")
        bounds = self.rebuild(transaction)
        changes = {
            table: Changes(**transaction.records(f"reconcile/changes_{table}")[0]) for table in queries.star()
        }
        transaction.run("ledger/republished", star_rules=queries.rules().star)
        released = {Partition(*row) for row in transaction.rows("ledger/released")}
        failed = [
            violation
            for dataset, (first, last) in bounds.items()
            for gate in gates(dataset, self.settings)
            for violation in violations(transaction, gate, first, last, self.settings)
            if Partition(dataset, violation.partition_key) not in released
        ]
        if failed:
            raise RulesRefused(f"the rebuilt star does not pass: {_in_one_line(failed)}; nothing was changed")
        for dataset in bounds:
            keys = [key for (key,) in transaction.rows("ledger/published_keys", dataset=dataset)]
            self._ask_again(transaction, dataset, keys, warning_queries(dataset, self.settings))
        return changes

    def rebuild(self, transaction: Transaction) -> dict[Dataset, tuple[str, str]]:
        """Empty the star and rebuild it from staging. Returns the first and last published partition by data set."""
        bounds: dict[Dataset, tuple[str, str]] = {
            dataset: (first, last) for dataset, first, last in transaction.rows("ledger/published_bounds")
        }
        first, last = bounds.get("events", ("0001-01-01", "0001-01-01"))
        transaction.run("ddl/incoming_batch")
        for dataset in DATASETS:
            transaction.run(f"merge/republish_{dataset}")
            parameters: dict[str, Any] = {"first": first, "last": last}
            for name, table in MERGES[dataset]:
                if (
                    name in NOT_REBUILT
                    or name.startswith("analyze/")
                    or (dataset, table) == ("songs", "songplays")
                ):
                    continue
                self._run_merge(transaction, name, parameters)
        return bounds

    def _merge(
        self,
        transaction: Transaction,
        batch: Batch,
        keys: Sequence[str],
        release: str | None,
        result: BatchResult,
    ) -> None:
        parameters: dict[str, Any] = {"batch_id": batch.id, "first": min(keys), "last": max(keys)}
        share = transaction.value("ledger/batch_share", batch_id=batch.id, dataset=batch.dataset)
        for number, (name, table) in enumerate(merges := MERGES[batch.dataset]):
            self.tell(0.8 * number / len(merges))
            if name in batch.ahead or (name.startswith("analyze/") and share < ANALYZE_SHARE):
                continue
            self._run_merge(transaction, name, parameters)
            if table:
                result.changes[table] = Changes(*transaction.cursor.fetchall()[0])
        result.plays = {str(day): plays for day, plays in transaction.rows("merge/plays_by_day")}
        if batch.dataset == "songs":
            result.rematched_days = list(result.plays)
        transaction.run("ledger/publish", batch_id=batch.id, release_reason=release)

    def _run_merge(self, transaction: Transaction, name: str, parameters: dict[str, Any]) -> None:
        """Run a merge. The time that the touched plays span is asked for once and added to the parameters."""
        if name in BOUNDED_BY_TIME and "first_ts" not in parameters:
            parameters |= reach_of_plays(transaction)
        transaction.run(name, **parameters)

    def _audit(self, transaction: Transaction, dataset: Dataset, keys: Sequence[str]) -> None:
        failed: dict[str, list[Violation]] = {}
        for gate in gates(dataset, self.settings):
            for violation in violations(transaction, gate, min(keys), max(keys), self.settings):
                if violation.partition_key in keys:
                    failed.setdefault(violation.partition_key, []).append(violation)
        if failed:
            raise _GatesFailed(failed)

    def _warn(
        self, transaction: Transaction, dataset: Dataset, keys: Sequence[str], result: BatchResult
    ) -> None:
        """Ask the warning checks about the partitions that were just published. After songs, also ask the checks of
        plays about the days whose plays were matched again.
        """
        checks = warning_queries(dataset, self.settings)
        result.warnings += self._ask_again(transaction, dataset, keys, checks)
        if result.rematched_days:
            of_plays = [c for c in warning_queries("events", self.settings) if c.asset == "songplays"]
            result.warnings += self._ask_again(transaction, "events", result.rematched_days, of_plays)

    def _ask_again(
        self, transaction: Transaction, dataset: Dataset, keys: Sequence[str], checks: Sequence[Check]
    ) -> list[Violation]:
        """Ask some warning checks about published partitions, and replace in the ledger what they found before."""
        found = [
            violation
            for check in checks
            for violation in violations(transaction, check, min(keys), max(keys), self.settings, set(keys))
        ]
        if checks:
            ledger.replace_warnings(transaction, dataset, keys, checks, found)
        return found

    def _verify_versions(self, batch: Batch, staged: Sequence[StagedPartition]) -> None:
        """List the partitions again: what was read must be exactly what is there, in the same versions.

        A manifest cannot pin versions, and a listing may be older than what another load has published since.
        """
        now: dict[Partition, dict[str, str]] = {item.partition: {} for item in staged}
        beginnings = {beginning for partition in now for beginning in beginnings_of(partition)}
        if len(beginnings) > MAX_LISTINGS:
            beginnings = {EVENTS_FOLDER if batch.dataset == "events" else SONGS_FOLDER}
        for beginning in beginnings:
            for item in self.source.list(beginning):
                partition = partition_of(item.key)
                if partition in now:
                    now[partition][item.key] = item.version_token
        for part in staged:
            there, read = now[part.partition], {o.key: o.version_token for o in part.objects}
            if part.partition in batch.kept:
                there = {key: token for key, token in there.items() if key in read}
            differing = sorted(key for key, _ in there.items() ^ read.items())
            if differing:
                raise SourceChanged(
                    f"{differing[0]} came, went or was overwritten while {part.partition} was read"
                )

    def _outcomes(
        self, transaction: Transaction, batch: Batch, staged: Sequence[StagedPartition]
    ) -> list[PartitionResult]:
        rejects = {item.partition.key: list(islice(item.rejects, MAX_REJECTS)) for item in staged}
        sizes = dict(transaction.rows("ledger/batch_bytes", batch_id=batch.id))
        return [
            PartitionResult(
                partition=Partition(batch.dataset, state.key),
                state=state.state,
                objects=state.objects,
                bytes=sizes.get(state.key, 0),
                records_read=state.records_read,
                rows_staged=state.rows_staged,
                rows_quarantined=state.rows_quarantined,
                verdict=state.verdict,
                rejects=rejects.get(state.key, ()),
            )
            for state in ledger.batch(transaction, batch.id)
        ]


class _GatesFailed(Exception):
    def __init__(self, by_partition: dict[str, list[Violation]]) -> None:
        super().__init__("gates failed")
        self.by_partition = by_partition


def reach_of_plays(transaction: Transaction) -> dict[str, int]:
    """The first and last ts, in milliseconds since 1970 (UTC), that a record of a touched play can have; an empty range
    if no play is touched. A time is computed from ts in double precision, which is off by up to 16 µs before the year
    1684 and after 2255, so the range is a millisecond wider at each end.
    """
    ((first, last),) = transaction.rows("merge/reach_of_plays")
    if first is None:
        return {"first_ts": 0, "last_ts": -1}
    return {"first_ts": _milliseconds(first) - 1, "last_ts": _milliseconds(last) + 1}


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1)) // timedelta(milliseconds=1)  # noqa: DTZ001 - the warehouse's times are UTC


def verdict(found: Sequence[Violation]) -> str:
    """Why a partition is blocked, as JSON: for each check the number of offending rows and a sample of them."""
    return json.dumps(
        [{"check": v.check, "violations": v.count, "sample": v.sample} for v in found],
        default=str,
        ensure_ascii=False,
    )


def _in_one_line(found: Sequence[Violation]) -> str:
    """What checks found, with how much of it and where."""
    of_check: dict[str, list[Violation]] = {}
    for violation in found:
        of_check.setdefault(violation.check, []).append(violation)
    return ", ".join(
        f"{check} ({sum(v.count for v in group):,} in {named([v.partition_key for v in group])})"
        for check, group in of_check.items()
    )
