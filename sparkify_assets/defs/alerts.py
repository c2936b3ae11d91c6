"""One readable alert for each run that failed or found something exposed, in the log and at a webhook if one is set
(https://docs.dagster.io/guides/automate/sensors/run-status-sensors).

Belongs here: the text of an alert and sending it. Does not: why a run failed (`run_errors`).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg
import requests
from tenacity import retry, stop_after_attempt, wait_exponential

from sparkify_assets.defs.partitions import ONE_PARTITION, RANGE_END, RANGE_START
from sparkify_assets.defs.run_errors import reason_of
from sparkify_assets.settings import Settings

#: The job whose check says what is exposed (`infra.jobs`).
DRIFT_JOB = "detect_drift"

#: How many seconds a webhook may take to answer.
TIMEOUT_SECONDS = 10


def failure_alert(settings: Settings) -> dg.SensorDefinition:
    """The sensor that sends an alert for each failed run."""

    @dg.run_failure_sensor(
        name="failure_alert",
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=dg.DefaultSensorStatus[settings.at_first],
        description="Sends an alert for every failed run: what failed, why, and where to look.",
    )
    def failure_alert(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        if run.tags.get("dagster/will_retry") == "true":
            return
        failures = [event.step_failure_data for event in context.get_step_failure_events()]
        reasons = [reason_of(failure) for failure in failures]
        text = alert_text(run, reasons or [context.failure_event.message or ""], settings.page)
        context.log.error(text)
        if settings.alert_webhook:
            send(settings.alert_webhook, text)

    return failure_alert


def exposure_alert(settings: Settings) -> dg.SensorDefinition:
    """The sensor that sends an alert for each look for drift that found something open which nobody declared: the run
    succeeds, and its check fails as an error.
    """

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="exposure_alert",
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=dg.DefaultSensorStatus[settings.at_first],
        description="Sends an alert for what a look for drift found exposed: to whom, and where to look.",
    )
    def exposure_alert(context: dg.RunStatusSensorContext) -> None:
        run = context.dagster_run
        if run.job_name != DRIFT_JOB:
            return
        records = context.instance.get_records_for_run(
            run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
        for record in records:
            event = record.event_log_entry.dagster_event
            found = event.asset_check_evaluation_data if event else None
            if found and not found.passed and found.severity == dg.AssetCheckSeverity.ERROR:
                where = found.metadata["environment"].value
                text = "\n".join(
                    [
                        f"Sparkify: environment {where}. {found.description}",
                        f"{settings.page}/runs/{run.run_id}",
                    ]
                )
                context.log.error(text)
                if settings.alert_webhook:
                    send(settings.alert_webhook, text)

    return exposure_alert


def alert_text(run: dg.DagsterRun, reasons: Sequence[str], page: str) -> str:
    """The alert: the job, its days, each reason once and without Dagster's wrapping, and a link."""
    tags = run.tags
    first = tags.get(RANGE_START) or tags.get(ONE_PARTITION)
    last = tags.get(RANGE_END, first)
    days = "" if not first else f" for {first}" if first == last else f" for {first} to {last}"
    lines = dict.fromkeys(line for reason in reasons for line in reason.strip().splitlines())
    name = (
        "a materialization" if run.job_name.startswith("__") else run.job_name
    )  # Dagster's name for one of no job
    return "\n".join([f"Sparkify: {name}{days} failed.", *lines, f"{page}/runs/{run.run_id}"])


@retry(stop=stop_after_attempt(3), wait=wait_exponential(multiplier=0.5, max=5), reraise=True)
def send(address: str, text: str) -> None:
    """Post the alert as Slack and compatible services accept it. Raises requests.RequestException."""
    requests.post(address, json={"text": text}, timeout=TIMEOUT_SECONDS).raise_for_status()
