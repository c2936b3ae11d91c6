"""What goes by the clock: the daily load, the reconciliation, maintenance, the late days; and alerts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import dagster as dg
import pytest
from dagster import RunConfig

from sample_data.generate import write_sample
from sparkify_assets.definitions import build_defs
from sparkify_assets.defs.alerts import alert_text
from sparkify_assets.defs.listing_cache import CacheFile
from sparkify_assets.defs.maintenance import CHECK
from sparkify_assets.defs.partitions import RANGE_END, RANGE_START, event_days
from sparkify_assets.inspection.freshness import LoadedDay, late_days, loaded_days
from sparkify_assets.load.loader import Loader
from tests.conftest import Admin, load_all

SIX_HOURS = timedelta(hours=6)
ARRIVED = datetime.fromisoformat("2018-11-09")


@pytest.fixture
def source(source: Path) -> Path:
    write_sample(source, events=600, songs=12, days=6, seed=3)
    return source


def run(loader: Loader, job: str, **run_config: object) -> dg.ExecuteInProcessResult:
    return (
        build_defs(loader.settings, loader=loader)
        .resolve_job_def(job)
        .execute_in_process(
            instance=dg.DagsterInstance.ephemeral(),
            run_config=RunConfig(**run_config),
            raise_on_error=False,  # type: ignore[arg-type]
        )
    )


def _batches(loader: Loader) -> list[tuple[str, int]]:
    """How many batches of each data set were loaded."""
    with Admin(loader.warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute("select dataset, count(*) from ledger.batches group by dataset order by dataset")
        return cursor.fetchall()


def test_every_schedule_and_sensor_starts_as_the_settings_say(loader: Loader) -> None:
    for automation in (True, False):
        location = build_defs(
            replace(loader.settings, automation=automation), loader=loader
        ).get_repository_def()
        states = {
            item.name: item.default_status.value == "RUNNING"
            for item in (*location.sensor_defs, *location.schedule_defs)
        }
        ours = {
            "events_arrivals", "songs_arrivals", "refresh", "failure_alert", "exposure_alert",
            "daily_load", "daily_reconcile", "daily_maintenance", "daily_analytics", "daily_freshness",
        }  # fmt: skip
        assert ours <= states.keys()
        assert {states[name] for name in ours} == {automation}
        assert all(schedule.execution_timezone in (None, "UTC") for schedule in location.schedule_defs)


def test_the_daily_load_covers_every_day_and_does_only_what_is_missing(loader: Loader) -> None:
    loader.settings = replace(loader.settings, last_day=date(2018, 11, 30))
    location = build_defs(loader.settings, loader=loader)
    schedule = location.get_repository_def().get_schedule_def("daily_load")
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2018, 12, 1, 3, tzinfo=UTC),
        repository_def=location.get_repository_def(),
    )
    (request,) = schedule.evaluate_tick(context).run_requests or []
    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("2018-01-01", "2018-11-30")
    result = location.resolve_job_def("load").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(), run_config=request.run_config, tags=request.tags
    )
    assert result.success
    assert not loader.plan().difference.changed

    loaded = _batches(loader)
    assert [dataset for dataset, _ in loaded] == ["events", "songs"]
    location.resolve_job_def("load").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(), run_config=request.run_config, tags=request.tags
    )
    assert _batches(loader) == loaded


def test_reconciliation_names_what_differs_and_has_the_sensors_look_again(
    loader: Loader, source: Path
) -> None:
    load_all(loader)
    stores = {
        asset: CacheFile(loader.settings, dataset)
        for asset, dataset in (("log_data", "events"), ("song_data", "songs"))
    }  # type: ignore[arg-type]
    for store in stores.values():
        store.start([])
    checks = {
        check.asset_key.to_user_string(): check
        for check in run(loader, "reconcile").get_asset_check_evaluations()
    }
    assert {name: check.passed for name, check in checks.items()} == {"log_data": True, "song_data": True}
    assert all(store.path.exists() for store in stores.values())

    (source / "log_data/2018/11/2018-11-02-events.json").unlink()
    (source / "log_data/2018/11/notes.txt").write_text("?")
    checks = {
        check.asset_key.to_user_string(): check
        for check in run(loader, "reconcile").get_asset_check_evaluations()
    }
    assert {name: check.passed for name, check in checks.items()} == {"log_data": False, "song_data": True}
    assert checks["log_data"].check_name == CHECK
    named = json.dumps([record.data for record in checks["log_data"].metadata["sample"].records])  # type: ignore[union-attr]
    assert "2018-11-02" in named
    assert "log_data/2018/11/notes.txt" in named
    assert not stores["log_data"].path.exists()
    assert stores["song_data"].path.exists()


def test_maintenance_runs_outside_of_transactions(loader: Loader) -> None:
    load_all(loader)
    assert run(loader, "maintain_warehouse").success
    with Admin(loader.warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_stat_user_tables where last_analyze is not null")
        ((analyzed,),) = cursor.fetchall()
    assert analyzed >= 9


# A small model of lateness: written down by hand, day by day.
@pytest.mark.parametrize(
    ("loaded", "now", "late"),
    [
        ([], "2018-11-09 12:00", []),
        (["01 23:50", "02 23:59"], "2018-11-03 05:59", []),
        (["01 23:50", "02 23:59"], "2018-11-04 05:59", []),  # the 3rd has until 06:00
        (["01 23:50", "02 23:59"], "2018-11-04 06:01", [("2018-11-03", "not loaded", 6.0)]),
        (["01 23:50", "03 20:00"], "2018-11-04 12:00", [("2018-11-02", "not loaded", 36.0)]),
        (["01 17:59", "02 18:01"], "2018-11-03 06:01", [("2018-11-01", "ends early", 6.0)]),
        (["01 23:50", "02 09:00"], "2018-11-03 05:00", []),  # it may still come
        (["01 23:50", "02 09:00"], "2018-11-03 07:00", [("2018-11-02", "ends early", 15.0)]),
        (["30 23:00"], "2020-01-01 00:00", []),  # after the last day nothing is expected
    ],
)
def test_a_day_is_late_when_it_is_missing_or_ends_early(
    loaded: list[str], now: str, late: list[tuple[str, str, float]]
) -> None:
    days = [
        LoadedDay(date(2018, 11, int(text[:2])), ARRIVED, datetime.fromisoformat(f"2018-11-{text}"))
        for text in loaded
    ]
    found = late_days(days, last=date(2018, 11, 30), now=datetime.fromisoformat(now), allowed=SIX_HOURS)
    assert [(item.day.isoformat(), item.reason, item.hours) for item in found] == late


def test_the_freshness_of_real_days_is_that_of_their_events(loader: Loader, source: Path) -> None:
    load_all(loader)
    newest = {}
    for path in (source / "log_data").rglob("*.json"):
        ts = max(json.loads(line)["ts"] for line in path.read_text().splitlines())
        newest[path.name[:10]] = datetime.fromisoformat("1970-01-01") + timedelta(milliseconds=ts)
    with loader.warehouse.looking() as look:
        assert look
        assert {item.day.isoformat(): item.last_event_at for item in loaded_days(look)} == newest

    (source / "log_data/2018/11/2018-11-03-events.json").unlink()
    load_all(loader)
    loader.settings = replace(loader.settings, last_day=date(2018, 11, 6), late_hours=23.9)
    (check,) = run(loader, "check_freshness").get_asset_check_evaluations()
    assert not check.passed
    assert [record.data["day"] for record in check.metadata["late"].records] == ["2018-11-03"]  # type: ignore[union-attr]


@pytest.fixture
def address() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback that takes alerts, and refuses the first."""
    texts: list[str] = []
    refused: list[bool] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if refused:
                texts.append(body["text"])
            self.send_response(200 if refused else 503)
            self.end_headers()
            refused.append(True)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", texts
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_alert_says_what_failed_why_and_where_to_look(
    loader: Loader, source: Path, address: tuple[str, list[str]]
) -> None:
    """A blocked day: its check, the first bad record with file and line, and the run's page."""
    bad = source / "log_data/2018/11/2018-11-03-events.json"
    bad.write_text('{"ts": "soon"}\n' * 30)
    url, texts = address
    loader.settings = replace(loader.settings, alert_webhook=url, page="https://dagster.example")
    location = build_defs(loader.settings, loader=loader)
    with dg.DagsterInstance.ephemeral() as instance:
        result = location.resolve_job_def("events_on_arrival").execute_in_process(
            instance=instance,
            run_config={"ops": {"load_events": {"config": {"only_changed": True}}}},
            tags={RANGE_START: "2018-11-02", RANGE_END: "2018-11-04"},
            raise_on_error=False,
        )
        sensor = location.get_repository_def().get_sensor_def("failure_alert")
        context = dg.build_run_status_sensor_context(
            sensor_name="failure_alert",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        ).for_run_failure()
        sensor(context)
        retried = context.dagster_run.with_tags({**context.dagster_run.tags, "dagster/will_retry": "true"})
        sensor(
            dg.build_run_status_sensor_context(
                sensor_name="failure_alert",
                dagster_event=result.get_run_failure_event(),
                dagster_instance=instance,
                dagster_run=retried,
            ).for_run_failure()
        )
    (text,) = texts
    first, reason, link = text.splitlines()
    assert first == "Sparkify: events_on_arrival for 2018-11-02 to 2018-11-04 failed."
    assert reason.startswith(
        "blocked: 2018-11-03 by events_objects, events_reject_share;"
        " log_data/2018/11/2018-11-03-events.json, line 1: "
    )
    assert "Value 's'" in reason
    assert link == f"https://dagster.example/runs/{result.run_id}"


def test_an_alert_says_what_many_steps_failed_of_once() -> None:
    run = dg.DagsterRun("__ASSET_JOB", run_id="a-run")
    reasons = ["the tables differ\nmigrate them", "the tables differ\nmigrate them", "a disk is full"]
    assert alert_text(run, reasons, "http://page").splitlines() == [
        "Sparkify: a materialization failed.",
        "the tables differ",
        "migrate them",
        "a disk is full",
        "http://page/runs/a-run",
    ]


@pytest.mark.parametrize(
    ("severity", "alerts"), [(dg.AssetCheckSeverity.ERROR, 1), (dg.AssetCheckSeverity.WARN, 0)]
)
def test_what_a_look_for_drift_finds_exposed_is_an_alert(
    loader: Loader, address: tuple[str, list[str]], severity: dg.AssetCheckSeverity, alerts: int
) -> None:
    """The run succeeds, and its check fails: as an error if something is exposed, as a warning otherwise."""
    url, texts = address
    settings = replace(loader.settings, alert_webhook=url, page="https://dagster.example")

    @dg.asset_check(asset="redshift_cluster", name="matches_its_configuration")
    def check() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(
            passed=False,
            severity=severity,
            description="EXPOSED: the whole internet can reach tcp port 5439",
            metadata={"environment": "prod"},
        )

    job = dg.define_asset_job("detect_drift", selection=dg.AssetSelection.checks(check))
    location = dg.Definitions(assets=[dg.AssetSpec("redshift_cluster")], asset_checks=[check], jobs=[job])
    with dg.DagsterInstance.ephemeral() as instance:
        result = location.resolve_job_def("detect_drift").execute_in_process(instance=instance)
        assert result.success
        sensor = build_defs(settings, loader=loader).get_repository_def().get_sensor_def("exposure_alert")
        sensor(
            dg.build_run_status_sensor_context(
                sensor_name="exposure_alert",
                dagster_event=result.get_run_success_event(),
                dagster_instance=instance,
                dagster_run=result.dagster_run,
            )
        )
    told = f"Sparkify: environment prod. EXPOSED: the whole internet can reach tcp port 5439\nhttps://dagster.example/runs/{result.run_id}"
    assert texts == [told] * alerts


@pytest.mark.parametrize("to_come", [0, 1, 400])
def test_today_and_the_days_up_to_a_last_one_that_is_to_come_exist_for_dagster(
    loader: Loader, to_come: int
) -> None:
    """Else the tick or the load that asks for one of them would fail, and with it all others."""
    today = datetime.now(UTC).date()
    last = today + timedelta(days=to_come)
    days = event_days(replace(loader.settings, last_day=last))
    assert days.get_last_partition_key() == last.isoformat()
    assert days.has_partition_key(today.isoformat())
    assert event_days(replace(loader.settings, last_day=None)).get_last_partition_key() == today.isoformat()
    past = date(2018, 11, 30)
    assert event_days(replace(loader.settings, last_day=past)).get_last_partition_key() == past.isoformat()
