"""Compares the source with the ledger: what is loaded, new, changed, blocked, gone or unrecognised."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sparkify_assets.inspection.findings import Outcome, by_check
from sparkify_assets.load import ledger
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import LoadPlan
from sparkify_assets.model.datasets import Partition, named
from sparkify_assets.source.changes import Change
from sparkify_assets.warehouse.connection import Warehouse
from sparkify_assets.warehouse.transaction import Transaction

#: Which rules have changed since a partition was loaded, and what brings it up to date.
OTHER_RULES = {
    "staging": "staged by other rules (load --full applies today's)",
    "star": "made by other rules (load --republish applies today's)",
}


@dataclass
class PartitionStatus:
    """One partition. `state` is loaded, new, changed, gone, kept, incoming, blocked or outside (of the days that the
    settings name); counts are those of the last staged version. `other_rules` names the rules that have changed since
    then: `staging`, which a new load applies, and `star`, which a rebuild of the star applies as well. `outside` says
    which setting leaves a day out.
    """

    dataset: str
    partition: str
    state: str
    objects: int
    records_read: int = 0
    rows_staged: int = 0
    rows_quarantined: int = 0
    new: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    blocked_by: list[dict[str, Any]] = field(default_factory=list)
    other_rules: list[str] = field(default_factory=list)
    released: str | None = None
    outside: str = ""


@dataclass
class Loaded:
    """What readers see: so many days with events, from the first to the newest, and prefixes with songs."""

    days: int = 0
    first_day: str = ""
    newest_day: str = ""
    events: int = 0
    prefixes: int = 0
    songs: int = 0
    rows_quarantined: int = 0

    @classmethod
    def of(cls, loads: Iterable[Mapping[str, Any]]) -> Loaded:
        """Sum up the published versions among these rows of the ledger."""
        published = [row for row in loads if row["state"] == "published"]
        events = {row["partition_key"]: row["rows_staged"] for row in published if row["dataset"] == "events"}
        songs = [row["rows_staged"] for row in published if row["dataset"] == "songs"]
        return cls(
            days=len(events),
            first_day=min(events, default=""),
            newest_day=max(events, default=""),
            events=sum(events.values()),
            prefixes=len(songs),
            songs=sum(songs),
            rows_quarantined=sum(row["rows_quarantined"] for row in published),
        )


@dataclass
class Status:
    """All partitions of the source and of the ledger, the unrecognised objects, the number of hidden files, what is not
    laid out as expected, and what the warning checks found in what is loaded. `warning` says why the listing itself
    should not be trusted. `loaded` sums up what readers see, `files` and `bytes` what the source holds, and `shrunk`
    has what was published with fewer rows than it had before; `why_blocked` says why by the key of the partition.
    `expected` names the checks that are expected to warn.
    """

    source: str
    warehouse: str
    files: int
    bytes: int
    loaded: Loaded
    shrunk: list[dict[str, Any]]
    partitions: list[PartitionStatus]
    why_blocked: dict[str, str]
    unrecognised: list[str]
    hidden: int
    layout: list[str]
    warnings: list[Outcome]
    expected: list[str]
    warning: str | None


def status(loader: Loader, plan: LoadPlan | None = None) -> Status:
    """Compare source and ledger, or use the comparison of a given plan. Nothing is created or written.

    Raises WrongSource, SourceError, WarehouseError.
    """
    plan = plan or loader.plan(looking=True)
    loads: list[dict[str, Any]] = []
    shrunk: list[dict[str, Any]] = []
    why: dict[str, str] = {}
    warnings: list[Outcome] = []
    with loader.warehouse.looking() as look:
        if look:
            loads = look.records("ledger/current_loads")
            shrunk = look.records("ledger/shrunk")
            why = {partition.key: text for partition, text in reasons(look).items()}
            warnings = by_check(ledger.current_warnings(look))
    latest = {Partition(row["dataset"], row["partition_key"]): row for row in loads}
    listed = plan.difference.listed
    partitions = [
        _partition(plan, partition, latest.get(partition))
        for partition in sorted({*latest, *listed}, key=lambda p: (p.dataset != "songs", p.key))
    ]
    return Status(
        source=loader.source.url,
        warehouse=loader.warehouse.url,
        files=plan.difference.listed_objects,
        bytes=sum(item.size for items in listed.values() for item in items),
        loaded=Loaded.of(loads),
        shrunk=shrunk,
        partitions=partitions,
        why_blocked=why,
        unrecognised=sorted(plan.difference.unrecognised),
        hidden=plan.difference.hidden,
        layout=list(plan.layout),
        warnings=warnings,
        expected=sorted(loader.settings.expected_warnings),
        warning=plan.suspicion,
    )


class Blocked(NamedTuple):
    """Why a partition is blocked, and whether records of it are in quarantine."""

    why: str
    rejected: bool


def why_blocked(warehouse: Warehouse) -> dict[Partition, str]:
    """A line for each blocked partition: its checks, the first rejected record with file, line and reason, and the
    files by which published rows would be lost. Raises WarehouseError.
    """
    with warehouse.transaction(lock=False) as transaction:
        return reasons(transaction)


def reasons(transaction: Transaction) -> dict[Partition, str]:
    """The same, asked in a transaction that is there."""
    return {partition: found.why for partition, found in blocked(transaction).items()}


def blocked(transaction: Transaction) -> dict[Partition, Blocked]:
    """The same, with whether something of it is in quarantine."""
    rows = transaction.records("ledger/why_blocked")
    return {
        Partition(row["dataset"], row["partition_key"]): Blocked(_why_blocked(row), bool(row["object_key"]))
        for row in rows
    }


def _why_blocked(row: Mapping[str, Any]) -> str:
    checks = json.loads(row["verdict"] or "[]")
    said = ["by " + ", ".join(map(_found, checks))]
    if row["object_key"]:
        line = f", line {row['position']}" if row["position"] is not None else ""
        said.append(f"{row['object_key']}{line}: {row['reason']}")
    samples = [sample for check in checks for sample in check["sample"]]
    for loss in [sample for sample in samples if int(sample.get("rows_published") or 0)][:1]:
        files = {sample["object_key"] for sample in samples if sample.get("object_key")} - {row["object_key"]}
        where = f"{named(files)}: " if files else ""
        said.append(f"{where}{loss['rows_arriving']} rows would replace {loss['rows_published']}")
    return "; ".join(said)


def _found(check: Mapping[str, Any]) -> str:
    """A check, with the number of its violations where it counts them."""
    return f"{check['check']}{f' ({violations:,} found)' if (violations := check['violations']) > 1 else ''}"


def _partition(plan: LoadPlan, partition: Partition, load: dict[str, Any] | None) -> PartitionStatus:
    change = plan.difference.changed.get(partition) or plan.kept.get(partition, Change())
    listed = plan.difference.listed.get(partition, [])
    result = PartitionStatus(
        dataset=partition.dataset,
        partition=partition.key,
        state=_state(plan, partition, load),
        objects=len(listed),
        outside=plan.outside.get(partition.key, ""),
        new=list(change.new),
        overwritten=list(change.overwritten),
        gone=list(change.gone),
    )
    if load is not None:
        result.records_read = load["records_read"]
        result.rows_staged = load["rows_staged"]
        result.rows_quarantined = load["rows_quarantined"]
        result.other_rules = [
            name for name, rules in plan.rules._asdict().items() if load[f"{name}_rules"] != rules
        ]
        result.released = load["release_reason"]
        if load["state"] == "blocked":
            result.blocked_by = json.loads(load["verdict"] or "[]")
    return result


def _state(plan: LoadPlan, partition: Partition, load: dict[str, Any] | None) -> str:
    if partition.dataset == "events" and partition.key in plan.outside:
        return "outside"
    if load is None:
        return "new"
    if partition in plan.difference.changed:
        return "changed" if plan.difference.listed.get(partition) else "gone"
    if load["state"] == "published":
        return "kept" if partition in plan.kept else "loaded"
    return str(load["state"])
