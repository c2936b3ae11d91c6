"""The tables as software-defined assets, as a thin layer over `load`.

The tables that one load publishes together are one multi-asset (https://docs.dagster.io/guides/build/assets), so that
selecting one of them selects them all, and a batch is always whole. Days are materialized by single-run ranges. Each
published day is recorded with its own row count, and a blocked day fails the run at its end, by name.
"""

# No postponed annotations here: Dagster reads the config classes of a step from them.
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg
import psycopg2
from pydantic import Field

from sparkify_assets.defs.instance import PROCESS_TAG
from sparkify_assets.defs.metadata import asset_spec, preview_rows
from sparkify_assets.defs.partitions import event_days
from sparkify_assets.defs.run_errors import not_loaded_metadata, read_not_loaded
from sparkify_assets.defs.storage import log_materializations
from sparkify_assets.errors import SparkifyError, describe_error
from sparkify_assets.inspection.status import why_blocked
from sparkify_assets.load.loader import BatchesFailed, Loader
from sparkify_assets.load.quarantine import shown
from sparkify_assets.load.results import MAX_REJECTS, BatchResult, NotLoaded, PartitionResult
from sparkify_assets.model.checks import ALL_CHECKS, Check, Violation
from sparkify_assets.model.datasets import Dataset, named
from sparkify_assets.model.tables import ASSETS
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.errors import is_transient

#: One load at a time, over all runs (https://docs.dagster.io/guides/operate/managing-concurrency).
POOL = "sparkify_load"


#: How often a step is retried after a transient error, and after how many seconds.
MAX_RETRIES, RETRY_SECONDS = 3, 20.0


class LoadConfig(dg.Config):
    """How a load chooses among the requested partitions."""

    only_changed: bool = False
    """Leave out partitions whose objects are loaded in the version that is there."""
    accept_deletions: bool = False
    """Believe a listing that lacks much of what is known."""
    narrow: bool = False
    """List only the folders of the requested partitions, instead of the whole source."""


class SongsConfig(LoadConfig):
    """A load of songs, which Dagster does not partition."""

    prefixes: list[str] = Field(default_factory=list)
    """Prefixes of song_data such as AB; none: all."""


def load_assets(
    settings: Settings, pool: str | None = POOL, days: dg.PartitionsDefinition[str] | None = None
) -> list[dg.AssetsDefinition]:
    """The assets of both loads, in the pool in which one waits for the other. The partitions of events are the given
    days, or all that the settings allow.
    """

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
        results, failed = [], None
        for outcome in _loaded(context, config, loader, "songs", config.prefixes):
            if isinstance(outcome, BatchesFailed):
                failed = outcome
            else:
                results.append(outcome)
        for asset in ASSETS["songs"]:
            yield dg.MaterializeResult(asset, metadata=_songs_metadata(asset, results))
        # Their rows have changed although their files have not, so what is made from plays has to be made again.
        log_materializations(
            context,
            (
                dg.AssetMaterialization("songplays", partition=day, metadata={"matched_again": True})
                for day in sorted({day for result in results for day in result.rematched_days})
            ),
        )
        for found in _check_results("songs", settings, results):
            yield from _apart(found)
        _end(context, loader, "songs", results, failed)

    @dg.multi_asset(
        name="load_events",
        specs=_specs("events"),
        check_specs=_check_specs("events", settings),
        partitions_def=days or event_days(settings),
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=False,
        pool=pool,
    )
    def load_events(
        context: dg.AssetExecutionContext, config: LoadConfig, loader: dg.ResourceParam[Loader]
    ) -> Iterator[Any]:
        results, failed = [], None
        for outcome in _loaded(context, config, loader, "events", context.partition_keys):
            if isinstance(outcome, BatchesFailed):
                failed = outcome
                continue
            results.append(outcome)
            log_materializations(context, _day_materializations(outcome))
        for found in _check_results("events", settings, results):
            yield from _apart(found)
        _end(context, loader, "events", results, failed)

    return [load_songs, load_events]


def load_job() -> Any:
    """The job that loads songs and days in one run."""
    return dg.define_asset_job(
        "load",
        selection=dg.AssetSelection.groups("staging", "sparkify"),
        description="Loads songs and a range of days, songs first: what `sparkify load` runs.",
    )


def _loaded(
    context: dg.AssetExecutionContext,
    config: LoadConfig,
    loader: Loader,
    dataset: Dataset,
    keys: Sequence[str],
) -> Iterator[BatchResult | BatchesFailed]:
    """Yield the batches of a load and, at the end, what could not be loaded.

    If the error is transient, Dagster is asked to retry the step, except in runs of the command line, where a person
    decides. Errors that concern every batch are raised.
    """
    try:
        yield from loader.load(
            dataset,
            set(keys) or None,
            reload=not config.only_changed,
            accept_deletions=config.accept_deletions,
            narrow=config.narrow,
            run_id=context.run.run_id,
        )
    except (SparkifyError, psycopg2.Error) as error:
        waits = PROCESS_TAG not in context.run.tags and context.retry_number < MAX_RETRIES
        if waits and is_transient(error):
            raise dg.RetryRequested(MAX_RETRIES, RETRY_SECONDS) from error
        if not isinstance(error, BatchesFailed):
            raise
        yield error


def _specs(dataset: Dataset) -> list[dg.AssetSpec]:
    # Days are recorded one by one as they are published, so the step itself yields no output for them.
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
                    "unchanged_in_batch": changes.unchanged,
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
            for kind in ("inserted", "updated", "unchanged", "deleted")
        }
    if asset == "songs":
        days = sorted({day for result in results for day in result.rematched_days})
        metadata["days_matched_again"] = dg.MetadataValue.json(days)
    return metadata


def _rejected(items: Iterable[PartitionResult]) -> dict[str, Any]:
    """The first rejected records as a table, if there are any; `sparkify rejects` lists all of them."""
    rows = [shown(reject) for item in items for reject in item.rejects][:MAX_REJECTS]
    return {"rejected": preview_rows(rows)} if rows else {}


def _check_results(
    dataset: Dataset, settings: Settings, results: Sequence[BatchResult]
) -> Iterator[dg.AssetCheckResult]:
    """The results of the checks inside the transactions, one for all partitions of the run."""
    published = sum(len(_published(result)) for result in results)
    found = [violation for result in results for violation in (*result.violations, *result.warnings)]
    for check in ALL_CHECKS:
        if check.dataset == dataset:
            of_check = [violation for violation in found if violation.check == check.name]
            yield _check_result(check, check.blocks(settings), of_check, published)


def _apart(found: dg.AssetCheckResult) -> Iterator[dg.Output[None] | dg.AssetCheckEvaluation]:
    """Report a check's result apart from the materialization that it is about, and apart from the end of the step.

    In a run of one day Dagster would attach the result to that day's materialization, and the web UI shows a result
    only if that is the latest of all days, so that what blocked an older day would not be seen. Besides, it would end
    the step after a failed blocking check, although what the check refused is in no table and keeps nobody from using
    what is.
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
        metadata["sample"] = preview_rows(sample)
    return dg.AssetCheckResult(
        check_name=check.name,
        asset_key=check.asset,
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def _end(
    context: dg.AssetExecutionContext,
    loader: Loader,
    dataset: Dataset,
    results: Sequence[BatchResult],
    failed: BatchesFailed | None,
) -> None:
    """End a step. What could not be loaded fails the run, by name.

    If a step fails, Dagster skips the steps that follow it by lineage. So if another load follows in the same run, the
    failure is kept in the run's events, where every process of the run finds it, and the last load fails.
    """
    published = [item for result in results for item in _published(result)]
    if withdrawn := [item.partition for item in published if not item.objects]:
        context.log.info(f"withdrew {named(withdrawn)}: its files are gone from the source")
    if loaded := [item for item in published if item.objects]:
        read, staged, rejected = (
            sum(getattr(item, counted) for item in loaded)
            for counted in ("records_read", "rows_staged", "rows_quarantined")
        )
        context.log.info(
            f"loaded {named([item.partition for item in loaded])}: {read:,} records read, {staged:,} staged,"
            f" {rejected:,} rejected"
        )
    blocked = [item for result in results for item in result.partitions if item.state == "blocked"]
    found = _not_loaded(loader, blocked, failed)
    if found and dataset == "songs" and _days_follow(context):
        context.log.error("\n".join(map(str, found)))
        context.log_event(dg.AssetObservation("staging_songs", metadata=not_loaded_metadata(found)))
        return
    if found := [*_not_loaded_before(context), *found]:
        metadata = {str(item.partition): dg.MetadataValue.json(item.verdict or "") for item in blocked}
        raise dg.Failure(
            "\n".join(map(str, found)),
            metadata={**metadata, **_rejected(blocked), **not_loaded_metadata(found)},
            allow_retries=False,
        ) from failed


def _not_loaded(
    loader: Loader, blocked: Sequence[PartitionResult], failed: BatchesFailed | None
) -> list[NotLoaded]:
    """What a step could not load: partition by partition what is blocked, batch by batch what failed."""
    reasons = why_blocked(loader.warehouse) if blocked else {}
    return [
        *(NotLoaded([item.partition], True, reasons.get(item.partition, "")) for item in blocked),
        *(
            NotLoaded(sorted(group), False, describe_error(error))
            for group, error in (failed.failures if failed else ())
        ),
    ]


def _days_follow(context: dg.AssetExecutionContext) -> bool:
    """Whether the same run loads days after its songs, in this process or another."""
    plan = context.instance.get_execution_plan_snapshot(str(context.run.execution_plan_snapshot_id))
    return "load_events" in plan.step_keys_to_execute


def _not_loaded_before(context: dg.AssetExecutionContext) -> Iterator[NotLoaded]:
    """What earlier steps of the run could not load."""
    found = context.instance.get_records_for_run(
        context.run.run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION
    )
    for record in found.records:
        if observed := record.asset_observation:
            yield from read_not_loaded(observed.metadata)
