"""The tables as software-defined assets: thin, over `loading`.

The tables that one load publishes together are one multi-asset (https://docs.dagster.io/guides/build/assets), so that
choosing one takes the set and a batch is always whole. Days are materialized by single-run ranges; each published day
is recorded with its own rows, and a day that was blocked fails the run at its end, by name.
"""

# No postponed annotations here: Dagster reads the config classes of a step from them.
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from sparkify_assets.batches import BatchResult, PartitionResult
from sparkify_assets.checks import CHECKS, Check, Violation, violations
from sparkify_assets.loading import Loader
from sparkify_assets.partitions import Dataset, event_days
from sparkify_assets.settings import Settings
from sparkify_assets.tables import ASSETS, asset_spec

#: One load at a time, over all runs (https://docs.dagster.io/guides/operate/managing-concurrency).
POOL = "sparkify_load"


class LoadConfig(dg.Config):
    """How a load chooses among the partitions that it was asked for."""

    only_changed: bool = False
    """Leave out partitions whose objects are loaded in the version that is there."""
    accept_deletions: bool = False
    """Believe a listing that lacks much of what is known."""


class SongsConfig(LoadConfig):
    """A load of songs, which Dagster does not partition."""

    prefixes: list[str] = Field(default_factory=list)
    """Prefixes of song_data such as AB; none: all."""


def load_assets(settings: Settings, pool: str | None = POOL) -> list[dg.AssetsDefinition]:
    """The assets of both loads, in the pool in which one waits for the other."""

    @dg.multi_asset(
        name="load_songs",
        specs=_specs("songs"),
        check_specs=_check_specs("songs"),
        can_subset=False,
        pool=pool,
    )
    def load_songs(
        context: dg.AssetExecutionContext, config: SongsConfig, loader: dg.ResourceParam[Loader]
    ) -> Iterator[Any]:
        loader.run_id = context.run.run_id
        results = list(
            loader.load(
                "songs",
                set(config.prefixes) or None,
                reload=not config.only_changed,
                accept_deletions=config.accept_deletions,
            )
        )
        for asset in ASSETS["songs"]:
            yield dg.MaterializeResult(asset, metadata=_songs_metadata(asset, results))
        yield from _check_results("songs", loader, results)
        _fail_if_blocked(results)

    @dg.multi_asset(
        name="load_events",
        specs=_specs("events"),
        check_specs=_check_specs("events"),
        partitions_def=event_days(settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=False,
        pool=pool,
    )
    def load_events(
        context: dg.AssetExecutionContext, config: LoadConfig, loader: dg.ResourceParam[Loader]
    ) -> Iterator[Any]:
        loader.run_id = context.run.run_id
        results: list[BatchResult] = []
        for result in loader.load(
            "events",
            set(context.partition_keys),
            reload=not config.only_changed,
            accept_deletions=config.accept_deletions,
        ):
            results.append(result)
            for event in _day_materializations(result):
                context.log_event(event)
        yield from _check_results("events", loader, results)
        _fail_if_blocked(results)

    return [load_songs, load_events]


def _specs(dataset: Dataset) -> list[dg.AssetSpec]:
    # Days are recorded one by one, as far as they were published: the step itself yields no output for them.
    return [asset_spec(asset, skippable=dataset == "events") for asset in ASSETS[dataset]]


def _check_specs(dataset: Dataset) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(check.name, asset=check.asset, description=check.description, blocking=check.blocks)
        for check in CHECKS
        if check.dataset == dataset
    ]


def _published(result: BatchResult) -> list[PartitionResult]:
    return [item for item in result.partitions if item.state in ("published", "withdrawn")]


def _day_materializations(result: BatchResult) -> Iterator[dg.AssetMaterialization]:
    days = _published(result)
    seconds = sum(result.seconds.values()) / max(len(days), 1)
    for item in days:
        for asset in ASSETS["events"]:
            metadata: dict[str, Any] = {"seconds": round(seconds, 3), "objects": item.objects}
            if asset == "staging_events":
                metadata |= {
                    "dagster/partition_row_count": item.rows_staged,
                    "records_read": item.records_read,
                    "quarantined": item.rows_quarantined,
                    "bytes": item.bytes,
                }
            elif asset in result.changes:
                changes = result.changes[asset]
                metadata |= {
                    "inserted_in_batch": changes.inserted,
                    "updated_in_batch": changes.updated,
                    "deleted_in_batch": changes.deleted,
                }
            if asset == "songplays" and item.partition.key in result.plays:
                metadata["dagster/partition_row_count"] = result.plays[item.partition.key]
            yield dg.AssetMaterialization(asset, partition=item.partition.key, metadata=metadata)


def _songs_metadata(asset: str, results: Sequence[BatchResult]) -> dict[str, Any]:
    items = [item for result in results for item in _published(result)]
    metadata: dict[str, Any] = {"prefixes": len(items)}
    if asset == "staging_songs":
        metadata |= {
            "records_read": sum(item.records_read for item in items),
            "rows_staged": sum(item.rows_staged for item in items),
            "quarantined": sum(item.rows_quarantined for item in items),
            "bytes": sum(item.bytes for item in items),
        }
    else:
        metadata |= {
            kind: sum(getattr(result.changes[asset], kind) for result in results if asset in result.changes)
            for kind in ("inserted", "updated", "deleted")
        }
    if asset == "songs":
        days = sorted({day for result in results for day in result.rematched_days})
        metadata["days_matched_again"] = dg.MetadataValue.json(days)
    return metadata


def _check_results(
    dataset: Dataset, loader: Loader, results: Sequence[BatchResult]
) -> Iterator[dg.AssetCheckResult]:
    """The gates as they went inside the transactions; the warnings, asked now about what was published."""
    published = [item.partition.key for result in results for item in _published(result)]
    refused = [violation for result in results for violation in result.violations]
    for check in CHECKS:
        if check.dataset != dataset:
            continue
        found = [violation for violation in refused if violation.check == check.name]
        if not check.blocks and published:
            with loader.warehouse.transaction(lock=False) as transaction:
                found = violations(transaction, check, min(published), max(published), loader.settings)
        yield _check_result(check, found, len(published))


def _check_result(check: Check, found: Sequence[Violation], partitions: int) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"partitions": partitions, "violations": sum(item.count for item in found)}
    sample = [row for violation in found for row in violation.sample][:20]
    if sample:
        metadata["sample"] = dg.MetadataValue.table(
            [dg.TableRecord(data={name: value or "" for name, value in row.items()}) for row in sample]
        )
    return dg.AssetCheckResult(
        check_name=check.name,
        asset_key=check.asset,
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if check.blocks else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def _fail_if_blocked(results: Sequence[BatchResult]) -> None:
    blocked = [item for result in results for item in result.partitions if item.state == "blocked"]
    if blocked:
        raise dg.Failure(
            description=f"blocked: {', '.join(str(item.partition) for item in blocked)}",
            metadata={str(item.partition): dg.MetadataValue.json(item.verdict or "") for item in blocked},
            allow_retries=False,
        )
