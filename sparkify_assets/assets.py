"""The tables as software-defined assets: thin, over `loading`.

The tables that one load publishes together are one multi-asset (https://docs.dagster.io/guides/build/assets), so that
choosing one takes the set and a batch is always whole. Days are materialized by single-run ranges; each published day
is recorded with its own rows, and a day that was blocked fails the run at its end, by name.
"""

# No postponed annotations here: Dagster reads the config classes of a step from them.
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
import psycopg2
from pydantic import Field

from sparkify_assets.checks import ALL_CHECKS, Check, Violation
from sparkify_assets.loading import Loader
from sparkify_assets.loading.batches import MOST_REJECTS, BatchResult, PartitionResult
from sparkify_assets.loading.quarantine import shown
from sparkify_assets.partitions import Dataset, event_days
from sparkify_assets.resources.landing_zone import SourceError
from sparkify_assets.resources.redshift import LockTimeout, WarehouseError
from sparkify_assets.resources.redshift_errors import is_transient
from sparkify_assets.runs import PROCESS_TAG
from sparkify_assets.settings import Settings
from sparkify_assets.tables import ASSETS, asset_spec, shown_rows

#: One load at a time, over all runs (https://docs.dagster.io/guides/operate/managing-concurrency).
POOL = "sparkify_load"


#: How often a step is run again for an error that may pass, and after how many seconds.
MOST_RETRIES, RETRY_SECONDS = 3, 20.0


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
        check_specs=_check_specs("songs", settings),
        can_subset=False,
        pool=pool,
    )
    def load_songs(
        context: dg.AssetExecutionContext, config: SongsConfig, loader: dg.ResourceParam[Loader]
    ) -> Iterator[Any]:
        loader.run_id = context.run.run_id
        with _tried_again(context):
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
        for day in sorted({day for result in results for day in result.rematched_days}):
            # Their rows changed though their files did not: what is made from plays has to know.
            context.log_event(
                dg.AssetMaterialization("songplays", partition=day, metadata={"matched_again": True})
            )
        yield from _check_results("songs", settings, results)
        _fail_if_blocked(loader, results)

    @dg.multi_asset(
        name="load_events",
        specs=_specs("events"),
        check_specs=_check_specs("events", settings),
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
        with _tried_again(context):
            for result in loader.load(
                "events",
                set(context.partition_keys),
                reload=not config.only_changed,
                accept_deletions=config.accept_deletions,
            ):
                results.append(result)
                for event in _day_materializations(result):
                    context.log_event(event)
        for found in _check_results("events", settings, results):
            yield from _about_all_days(found)
        _fail_if_blocked(loader, results)

    return [load_songs, load_events]


@contextmanager
def _tried_again(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Has Dagster run the step again where that can help: S3 or the warehouse was away. Somebody who waits at the
    command line decides for himself.
    """
    try:
        yield
    except (SourceError, WarehouseError, psycopg2.Error) as error:
        if may_pass(error) and PROCESS_TAG not in context.run.tags:
            raise dg.RetryRequested(MOST_RETRIES, RETRY_SECONDS) from error
        raise


def may_pass(error: Exception) -> bool:
    """Whether a load that failed with this error may succeed a little later, though nobody changes anything."""
    if isinstance(error, SourceError):
        return error.passing
    if isinstance(error, WarehouseError):
        return not isinstance(error, LockTimeout)  # it has waited long enough
    return is_transient(error)


def _specs(dataset: Dataset) -> list[dg.AssetSpec]:
    # Days are recorded one by one, as far as they were published: the step itself yields no output for them.
    return [asset_spec(asset, skippable=dataset == "events") for asset in ASSETS[dataset]]


def _check_specs(dataset: Dataset, settings: Settings) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            check.name, asset=check.asset, description=check.description, blocking=check.blocks(settings)
        )
        for check in ALL_CHECKS
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
                    **_rejected([item]),
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
            **_rejected(items),
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


def _rejected(items: Iterable[PartitionResult]) -> dict[str, Any]:
    """The first records in quarantine as a table, if there are any; `sparkify rejects` has all."""
    rows = [shown(reject) for item in items for reject in item.rejects][:MOST_REJECTS]
    return {"rejected": shown_rows(rows)} if rows else {}


def _check_results(
    dataset: Dataset, settings: Settings, results: Sequence[BatchResult]
) -> Iterator[dg.AssetCheckResult]:
    """The checks as they went inside the transactions, one result for all partitions of the run."""
    published = sum(len(_published(result)) for result in results)
    found = [violation for result in results for violation in (*result.violations, *result.warnings)]
    for check in ALL_CHECKS:
        if check.dataset == dataset:
            of_check = [violation for violation in found if violation.check == check.name]
            yield _check_result(check, check.blocks(settings), of_check, published)


def _about_all_days(found: dg.AssetCheckResult) -> Iterator[dg.Output[None] | dg.AssetCheckEvaluation]:
    """A check's result without the materialization that it is about.

    In a run of one day Dagster would name that day's, and its page shows a result only if that is the latest of all
    days: what blocked an older day would not be seen there.
    """
    assert found.asset_key
    assert found.check_name
    yield dg.Output(None, f"{found.asset_key.to_python_identifier()}_{found.check_name}")
    yield dg.AssetCheckEvaluation(
        asset_key=found.asset_key,
        check_name=found.check_name,
        passed=found.passed,
        severity=found.severity,
        metadata=found.metadata,
    )


def _check_result(
    check: Check, blocks: bool, found: Sequence[Violation], partitions: int
) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"published": partitions, "violations": sum(item.count for item in found)}
    sample = [row for violation in found for row in violation.sample][:20]
    if sample:
        metadata["sample"] = shown_rows(sample)
    return dg.AssetCheckResult(
        check_name=check.name,
        asset_key=check.asset,
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def _fail_if_blocked(loader: Loader, results: Sequence[BatchResult]) -> None:
    blocked = [item for result in results for item in result.partitions if item.state == "blocked"]
    if blocked:
        raise dg.Failure(
            description="\n".join(_why_blocked(loader, item) for item in blocked),
            metadata={
                **{str(item.partition): dg.MetadataValue.json(item.verdict or "") for item in blocked},
                **_rejected(blocked),
            },
            allow_retries=False,
        )


def _why_blocked(loader: Loader, item: PartitionResult) -> str:
    """A line that names the checks, and the first record in quarantine, if there is one, by file, line and reason."""
    checks = json.loads(item.verdict or "[]")
    said = ", ".join(f"{check['check']} ({check['violations']})" for check in checks)
    with loader.warehouse.transaction(lock=False) as transaction:
        rejects = transaction.records("ledger/quarantined", partition_key=item.partition.key, object_key=None)
    first = next((row for row in rejects if row["state"] == "blocked"), None)
    where = f"; {first['object_key']}, line {first['position']}: {first['reason']}" if first else ""
    return f"blocked: {item.partition} by {said}{where}"
