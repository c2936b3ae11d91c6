"""What the next load would do, found out without writing anything, in the warehouse or here.

Belongs here: the answer. Does not: what a load has to do (`load.plan`), estimates (`effort`), what is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sparkify_assets.inspection.effort import Past, Records, RecordsToCome, seconds_of
from sparkify_assets.inspection.status import reasons
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.plan import LoadPlan
from sparkify_assets.load.results import in_batches
from sparkify_assets.load.selection import Selection
from sparkify_assets.load.statements import statements_of
from sparkify_assets.model import queries
from sparkify_assets.model.datasets import DATASETS, Dataset, Partition, named
from sparkify_assets.source.store import SourceObject
from sparkify_assets.warehouse.connection import Warehouse

#: What an hour of so much of a unit costs in US dollars, None if that is unknown.
Price = Callable[[str, float], float | None]

#: What a workgroup bills at least for, in seconds:
#: https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-billing.html
LEAST_BILLED_SECONDS = 60.0


@dataclass(frozen=True)
class PlannedPartition:
    """One partition to load. `because` it is new, changed, gone (its rows are withdrawn), blocked by other rules, asked
    for although it has not changed (again), or, in a rebuild, made by other rules. `records` is None if nothing tells.
    """

    dataset: Dataset
    partition: str
    because: str
    files: int
    bytes: int
    records: int | None
    records_known: bool


@dataclass
class NextLoad:
    """What the next load would do. `records` sums up those of the partitions, None if one of them is unknown.

    `seconds` is judged by the `from_loads` loads that the ledger remembers, None if it remembers none. Only Redshift
    has `statements` and `usd`, which is None if its price or the time is unknown. `blocked` waits for its source or the
    rules to change; objects of `kept` are gone from the source, and their rows stay. `rebuilds` is whether the star is
    made again from staging, without reading the source.
    """

    source: str
    warehouse: str
    rebuilds: bool
    partitions: list[PlannedPartition]
    files: int = 0
    bytes: int = 0
    days: int = 0
    prefixes: int = 0
    records: int | None = 0
    records_known: bool = True
    batches: int = 0
    statements: int | None = None
    seconds: float | None = None
    from_loads: int = 0
    usd: float | None = None
    usd_per_hour: float | None = None
    capacity: str = ""
    blocked: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    inseparable: list[str] = field(default_factory=list)
    outside: Mapping[str, str] = field(default_factory=dict)
    unrecognised: list[str] = field(default_factory=list)
    hidden: int = 0
    layout: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.files = sum(item.files for item in self.partitions)
        self.bytes = sum(item.bytes for item in self.partitions)
        self.days = sum(item.dataset == "events" for item in self.partitions)
        self.prefixes = sum(item.dataset == "songs" for item in self.partitions)
        counts = [item.records for item in self.partitions]
        self.records = None if None in counts else sum(filter(None, counts))
        self.records_known = all(item.records_known for item in self.partitions)


def next_load(loader: Loader, asked: Selection, price: Price, *, accept_deletions: bool = False) -> NextLoad:
    """What a load that is asked for so would do. Raises what that load would raise before it reads anything:
    SelectionError, DeletionsRefused, WrongSource, SourceError, WarehouseError.
    """
    plan, chosen = asked.planned(loader, looking=True, accept_deletions=accept_deletions)
    objects = {p: plan.to_read(p) for p in chosen}
    why: Mapping[Partition, str] = {}
    past = Past()
    with loader.warehouse.looking() as look:
        if look:
            past, why = Past.of(look), reasons(look)
    to_come = RecordsToCome(plan, past, loader.source)
    found = NextLoad(
        source=loader.source.url,
        warehouse=loader.warehouse.url,
        rebuilds=False,
        partitions=[_planned(plan, p, items, to_come.of(p, items)) for p, items in objects.items()],
        blocked={str(p): why.get(p, "") for p in plan.blocked()},
        kept={str(p): f"{named(change.deleted)} stays loaded" for p, change in sorted(plan.kept.items())},
        inseparable=[str(p) for p in plan.inseparable],
        outside=plan.outside,
        unrecognised=sorted(plan.difference.unrecognised),
        hidden=plan.difference.hidden,
        layout=list(plan.layout),
    )
    _add_effort(found, loader, objects, past)
    _add_cost(found, loader.warehouse, price)
    return found


def next_rebuild(loader: Loader, price: Price) -> NextLoad:
    """What `sparkify load --republish` would do: make the star again from every published partition, if other rules
    than today's have made it. How long that takes is not recorded. Raises WarehouseError.
    """
    rows: list[dict[str, Any]] = []
    with loader.warehouse.looking() as look:
        if look:
            rows = [row for row in look.records("ledger/current_loads") if row["state"] == "published"]
    outdated = any(row["star_rules"] != queries.rules().star for row in rows)
    found = NextLoad(
        source=loader.source.url,
        warehouse=loader.warehouse.url,
        rebuilds=True,
        partitions=[
            PlannedPartition(
                row["dataset"], row["partition_key"], "made by other rules", 0, 0, row["rows_staged"], True
            )
            for row in rows
            if outdated
        ],
    )
    _add_cost(found, loader.warehouse, price)
    return found


def _planned(
    plan: LoadPlan, partition: Partition, objects: Sequence[SourceObject], records: Records
) -> PlannedPartition:
    if partition not in plan.known:
        because = "new"
    elif partition in plan.difference.changed:
        because = "changed" if plan.difference.listed.get(partition) else "gone"
    else:
        because = "blocked by other rules" if partition in plan.pending(partition.dataset) else "again"
    size = sum(item.size for item in objects)
    return PlannedPartition(*partition, because, len(objects), size, records.number, records.known)


def _add_effort(
    found: NextLoad, loader: Loader, objects: Mapping[Partition, list[SourceObject]], past: Past
) -> None:
    """Add the batches, their statements on Redshift, and how long they will take."""
    seconds: list[float | None] = []
    statements = 0
    loads: set[str] = set()
    for dataset in DATASETS:
        batches = list(in_batches({p: items for p, items in objects.items() if p.dataset == dataset}))
        found.batches += len(batches)
        statements += sum(statements_of(dataset, batch, loader.settings) for batch in batches)
        sizes = [sum(item.size for items in batch.values() for item in items) for batch in batches]
        before = past.batches.get(dataset, ())
        seconds.append(seconds_of(before, sizes))
        loads |= {batch.load for batch in before} if batches else set()
    known = [one for one in seconds if one is not None]
    found.seconds = round(sum(known), 3) if len(known) == len(seconds) else None
    found.from_loads = len(loads) if found.seconds is not None else 0
    found.statements = statements if loader.warehouse.redshift else None


def _add_cost(found: NextLoad, warehouse: Warehouse, price: Price) -> None:
    """Add what Redshift costs for as long as the load takes."""
    if not (warehouse.redshift and found.partitions):
        return
    unit, amount = warehouse.redshift.find().capacity
    found.capacity = f"{amount} × {unit}"
    found.usd_per_hour = price(unit, amount)
    if found.usd_per_hour is not None and found.seconds is not None:
        billed = max(found.seconds, LEAST_BILLED_SECONDS) if unit == "RPU" else found.seconds
        found.usd = found.usd_per_hour * billed / 3600
