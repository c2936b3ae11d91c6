"""What starts by itself: the schedules (https://docs.dagster.io/guides/automate/schedules), and their wiring with the
sensors and the checks. Times are UTC, and each schedule and sensor can be switched in the web UI.

The schedules follow one another on purpose: the source is loaded before it is reconciled, or after it where a queue
announces what lands, and late days come last.

Belongs here: what runs when. Does not: what the sensors (`sensors`) and the checks (`freshness`, `maintenance`) do.
"""

from __future__ import annotations

import dagster as dg

from sparkify_assets.defs.alerts import exposure_alert, failure_alert
from sparkify_assets.defs.arrival_runs import load_everything
from sparkify_assets.defs.freshness import freshness_check
from sparkify_assets.defs.maintenance import maintain_warehouse, reconcile_source
from sparkify_assets.defs.queue_sensor import queue_sensor
from sparkify_assets.defs.sensors import arrival_sensors
from sparkify_assets.settings import Settings


def automation_defs(settings: Settings, load: dg.UnresolvedAssetJobDefinition) -> dg.Definitions:
    """Sensors, schedules, and the checks and jobs that they start. `load` is the job that loads songs and days."""
    late = freshness_check(settings)
    reconcile = dg.define_asset_job(
        "reconcile",
        selection=dg.AssetSelection.checks(reconcile_source),
        description="Compares the whole source with the ledger; the sensors then load what is missing.",
    )
    freshness = dg.define_asset_job(
        "check_freshness",
        selection=dg.AssetSelection.checks(late),
        description="Names the days that are late.",
    )
    status = dg.DefaultScheduleStatus[settings.at_first]

    @dg.schedule(
        job=load,
        cron_schedule="0 3 * * *",
        default_status=status,
        description="Loads whatever has changed, in case a sensor was switched off or failed.",
    )
    def daily_load() -> dg.RunRequest:
        return load_everything(settings)

    refresh = dg.AutomationConditionSensorDefinition(
        "refresh",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus[settings.at_first],
        description="Makes answers, profiles and the report again when their inputs have changed.",
    )

    def daily(name: str, job: str, cron: str, text: str) -> dg.ScheduleDefinition:
        return dg.ScheduleDefinition(
            name, cron_schedule=cron, job_name=job, default_status=status, description=text
        )

    arrivals = [queue_sensor(settings, load)] if settings.queue else arrival_sensors(settings)
    # A load would hide what the queue has missed, so that is looked for before.
    reconciles_at = "30 2 * * *" if settings.queue else "0 4 * * *"
    return dg.Definitions(
        sensors=[*arrivals, refresh, failure_alert(settings), exposure_alert(settings)],
        schedules=[
            daily_load,
            daily(
                "daily_reconcile", "reconcile", reconciles_at, "Compares the whole source with the ledger."
            ),
            daily("daily_maintenance", "maintain_warehouse", "30 4 * * *", "Runs VACUUM and ANALYZE."),
            daily(
                "daily_analytics",
                "analytics",
                "0 5 * * *",
                "Makes all answers, profiles and the report again.",
            ),
            daily("daily_freshness", "check_freshness", "0 7 * * *", "Names the days that are late."),
        ],
        jobs=[reconcile, freshness, maintain_warehouse],
        asset_checks=[reconcile_source, late],
    )
