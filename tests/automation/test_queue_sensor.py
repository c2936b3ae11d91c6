"""A source that announces what lands in it: messages of moto's S3, ticks over a real ledger, real loads.

Right is what a listing of the whole source finds: nothing that differs from the ledger.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.instigation_logger import InstigationLogger
from dagster._core.test_utils import create_run_for_test, freeze_time

from sparkify_assets.defs import queue_sensor
from sparkify_assets.defs.announced import Announced, ReceiptFile
from sparkify_assets.defs.maintenance import CHECK
from sparkify_assets.defs.queue_sensor import MAX_NAMED
from sparkify_assets.load import plan
from sparkify_assets.load.loader import Loader
from sparkify_assets.model.datasets import Partition
from sparkify_assets.warehouse.connection import Warehouse
from tests.automation.announcing import (
    MAX_RECEIVED,
    Announcing,
    Daemon,
    announced_loader,
    calls_of_aws,
    day,
    in_step,
)


def test_what_comes_changes_and_goes_is_loaded_and_its_messages_are_deleted(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    for key, content in sample.items():
        place.put(key, content)
    requests = daemon.tick()
    assert {request.job_name for request in requests} == {"songs_on_arrival", "events_on_arrival"}
    assert len(place.messages) == len(sample)  # until what they say is recorded
    daemon.work()
    daemon.settle()
    assert not place.messages
    assert in_step(daemon)

    place.put(day(sample, 1), sample[day(sample, 1)] * 2)
    place.delete(day(sample, 2))
    daemon.settle()
    assert not place.messages
    assert in_step(daemon)
    with calls_of_aws() as calls:
        daemon.tick()
    assert calls == ["ReceiveMessage"]  # what is deleted is not deleted again


def test_events_of_eventbridge_are_read_as_they_come(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    place.put(day(sample, 2), sample[day(sample, 2)])
    daemon.settle()
    place.notify_by_eventbridge()
    key = day(sample, 1).replace("-events", "-events a+b")
    place.put(key, sample[day(sample, 1)])
    assert [json.loads(message.body)["detail-type"] for message in place.messages] == ["Object Created"]
    daemon.settle()
    assert in_step(daemon)
    place.delete(key)
    assert [json.loads(message.body)["detail-type"] for message in place.messages] == ["Object Deleted"]
    daemon.settle()
    assert in_step(daemon)
    assert not place.messages


def test_the_first_tick_has_everything_compared_that_nobody_announced(
    loader: Loader, place: Announcing, instance: dg.DagsterInstance, sample: dict[str, bytes]
) -> None:
    """Also after the cursor was reset in the web UI, or was about another source."""
    for key, content in sample.items():
        place.put(key, content)
    place.messages.clear()
    daemon = Daemon(announced_loader(loader, place), instance)
    (request,) = daemon.tick()
    assert request.job_name == "load"
    daemon.work()
    assert in_step(daemon)
    assert not daemon.tick()
    settings = daemon.loader.settings
    others = [replace(settings, queue="another"), replace(settings, first_day=date(2018, 1, 1))]
    for cursor in (None, "{", "7", *(Announced.of(other).to_cursor() for other in others)):
        daemon.cursor = cursor
        (again,) = daemon.tick()
        assert again.job_name == "load"
        assert again.run_key != request.run_key


def test_an_idle_tick_is_one_call_and_asks_the_warehouse_nothing(daemon: Daemon) -> None:
    """It depends on no number of objects, because nothing is listed."""
    daemon.loader.warehouse = Warehouse("postgresql://nobody@127.0.0.1:1/nothing", Path("/nowhere"))
    with calls_of_aws() as calls:
        assert not daemon.tick()
    assert daemon.skipped == "Nothing new."
    assert calls == ["ReceiveMessage"]


def test_only_the_folders_of_what_is_announced_are_listed(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    place.put(day(sample, 1), sample[day(sample, 1)])
    place.put(day(sample, 2), sample[day(sample, 2)])
    listed: list[str] = []
    client = daemon.loader.source.client  # type: ignore[attr-defined]
    client.meta.events.register(
        "provide-client-params.s3.ListObjectsV2", lambda params, **_: listed.append(params.get("Prefix", ""))
    )
    with calls_of_aws() as calls:
        daemon.tick()
    # the second call finds the queue empty; a month has files in its folder, and may have some outside
    assert calls == ["ReceiveMessage"] * 2 + ["ListObjectsV2"] * 2
    assert listed == ["landing/log_data/2018/11/", "landing/log_data/2018-11-"]
    listed.clear()
    daemon.work()
    assert in_step(daemon)
    assert set(listed[:-1]) == {
        "landing/log_data/2018/11/",
        "landing/log_data/2018-11-",
    }  # the last is of in_step


def test_messages_that_come_twice_or_late_change_nothing(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    for key in (day(sample, 1), day(sample, 2)):
        place.put(key, sample[key])
    daemon.settle()
    before = dict(daemon.recorded)
    for key in (day(sample, 2), day(sample, 1), day(sample, 2)):
        place.send(place.notification(key))
        place.send(place.notification(key, "ObjectRemoved:Delete"))
    assert not daemon.tick()
    assert daemon.skipped == "Nothing to load: what was announced is in the ledger."
    daemon.settle()
    assert daemon.recorded == before
    assert not place.messages


def test_a_run_in_progress_is_waited_for_and_nothing_is_listed_meanwhile(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    run = create_run_for_test(
        daemon.instance, job_name="events_on_arrival", status=dg.DagsterRunStatus.STARTED
    )
    place.put(day(sample, 1), sample[day(sample, 1)])
    with calls_of_aws() as calls:
        assert not daemon.tick()
        assert not daemon.tick()
    assert daemon.skipped == f"Waits for run {run.run_id[:8]}; whatever arrives meanwhile is loaded together."
    assert calls == ["ReceiveMessage", "ReceiveMessage", "DeleteMessageBatch", "ReceiveMessage"]
    daemon.instance.report_run_canceled(run)
    daemon.settle()
    assert in_step(daemon)


def test_a_load_that_failed_is_requested_again_although_its_message_is_gone(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put(day(sample, 1), sample[day(sample, 1)])
    (request,) = daemon.tick()
    daemon.waiting.clear()
    tags = {**request.tags, "dagster/sensor_name": "queue_arrivals"}
    run = create_run_for_test(
        daemon.instance, job_name=request.job_name, status=dg.DagsterRunStatus.STARTED, tags=tags
    )
    daemon.instance.report_run_failed(run, "the warehouse was away")
    assert not daemon.tick()
    assert not place.messages
    assert "failed; again in" in (daemon.skipped or "")
    now = queue_sensor.time.time() + 120
    monkeypatch.setattr("time.time", lambda: now)
    (again,) = daemon.tick()
    assert again.run_key != request.run_key


def test_poison_is_named_and_left_for_the_dead_letter_queue(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside it, messages about other places are deleted, and what is right is loaded."""
    logged: list[str] = []
    monkeypatch.setattr(InstigationLogger, "info", lambda _, line: logged.append(line))
    place.send("hello")
    place.send(place.notification("x").replace(place.name, "another-bucket"))
    place.send(place.notification("notes.txt"))
    place.send(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": place.name}))
    place.put(day(sample, 1), sample[day(sample, 1)])
    assert len(daemon.tick()) == 1
    assert [line.split(" of ")[0] for line in logged] == ["Ignored 2", "Left 1"]
    daemon.work()
    for _ in range(MAX_RECEIVED - 1):
        place.let_time_pass()
        daemon.tick()
        assert "Left 1 of 1 messages for the dead-letter queue" in (daemon.skipped or "")
        assert "no JSON" in (daemon.skipped or "")
    place.let_time_pass()
    daemon.settle()
    assert place.dead_letters == ["hello"]
    assert not place.messages
    assert in_step(daemon)


def test_of_much_that_is_ignored_or_left_little_is_named(daemon: Daemon, place: Announcing) -> None:
    place.send(place.notification("x").replace(place.name, "another-bucket"))
    assert not daemon.tick()
    assert daemon.skipped == "Ignored 1 of 1 messages, which are not about the source."
    for _ in range(MAX_NAMED + 1):
        place.send("hello")
    assert not daemon.tick()
    assert (daemon.skipped or "").startswith(f"Left {MAX_NAMED + 1} of {MAX_NAMED + 1} messages")
    assert (daemon.skipped or "").count("no JSON") == MAX_NAMED


def test_many_files_at_once_are_waited_for(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For some ticks, and not for ever; those in which nothing comes do not count."""
    monkeypatch.setattr(queue_sensor, "MAX_DEBOUNCED_POLLS", 2)
    for _ in range(3):
        daemon.tick()
    place.put(day(sample, 2), sample[day(sample, 2)])
    for _ in range(2):
        for number in range(60):
            place.send(place.notification(f"song_data/A/B/C/TR{number}.json"))
        assert not daemon.tick()
        assert daemon.skipped == "Many files are arriving; waits until all are there."
    for number in range(60):
        place.send(place.notification(f"song_data/A/B/C/TR{number}.json"))
    assert len(daemon.tick()) == 1
    daemon.work()
    daemon.settle()
    for number in range(60):
        place.send(place.notification(f"song_data/A/B/C/TR{number}.json"))
    place.put(day(sample, 1), sample[day(sample, 1)])
    assert not daemon.tick()
    assert daemon.skipped == "Many files are arriving; waits until all are there."
    assert len(daemon.tick()) == 1  # the day; no song is there


def test_a_tick_that_has_no_time_left_leaves_the_rest_to_the_next(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It receives and lists something in any case, and what it did not list stays noted."""
    monkeypatch.setattr(queue_sensor, "TICK_SECONDS", 0)
    for key, content in sample.items():
        place.put(key, content)
    for _ in range(10):
        place.send(place.notification(day(sample, 1)))
    with calls_of_aws() as calls:
        daemon.tick()
    assert calls == ["ReceiveMessage"] + ["ListObjectsV2"] * 2  # of the month, and of no song
    daemon.work()
    for _ in range(10):  # without a second announcement
        daemon.tick()
        daemon.work()
    assert daemon.skipped == "Nothing new."
    assert not place.messages
    assert in_step(daemon)


def test_a_listing_without_anything_that_is_known_is_not_believed(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    """The deletions stay noted until somebody accepts them, or the files are back."""
    for key, content in sample.items():
        place.put(key, content)
    daemon.settle()
    for key in sample:
        place.delete(key)
    for _ in range(3):
        assert not daemon.tick()
        assert (daemon.skipped or "").startswith("Nothing is loaded: the listing is empty, while the ")
    assert not place.messages
    place.put(day(sample, 1), sample[day(sample, 1)])
    daemon.settle()
    assert in_step(daemon)


@pytest.mark.parametrize(("interval", "hidden"), [(5, 300), (600, 1260), (86_400, 43_200)])
def test_what_is_received_is_hidden_until_the_next_tick_is_over(interval: int, hidden: int) -> None:
    """Within the limit of SQS."""
    assert queue_sensor.hidden_seconds(interval) == hidden


def test_each_call_hides_what_it_receives(daemon: Daemon) -> None:
    asked: list[int] = []
    daemon.queue.client.meta.events.register(
        "provide-client-params.sqs.ReceiveMessage",
        lambda params, **_: asked.append(params["VisibilityTimeout"]),
    )
    daemon.tick()
    assert asked == [300]


def test_a_cursor_says_what_was_announced_and_a_broken_file_of_handles_nothing(loader: Loader) -> None:
    announced = Announced.of(loader.settings)
    days = ("2018-11-01", "2018-11-02", "2018-11-03", "2018-11-05")
    announced.partitions = {Partition("songs", "AB"), *(Partition("events", key) for key in days)}
    announced.put_off = 2
    assert Announced.from_cursor(announced.to_cursor(), loader.settings) == announced

    file = ReceiptFile(loader.settings)
    with file.locked():
        file.write("id", ["a", "b"])
        assert file.recorded_by("id") == ["a", "b"]
        assert file.recorded_by("another") == []
        for content in ("", "[]", '{"cursor": "id"}', '{"cursor": "id", "handles": 7}'):
            file.path.write_text(content)
            assert file.recorded_by("id") == []


def test_a_day_that_begins_later_is_waited_for(
    loader: Loader, place: Announcing, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is tomorrow already, its files land; no load takes them yet, and nobody tells of them again."""
    daemon = Daemon(announced_loader(loader, place, last_day=None), instance)
    daemon.begin()
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    key = f"log_data/{tomorrow:%Y/%m}/{tomorrow}-events.json"
    place.put(key, b"{}")
    place.send(place.notification(key))
    for _ in range(2):
        assert not daemon.tick()
        assert daemon.skipped == f"{tomorrow}: not begun yet; what came is loaded then."
    assert not place.messages
    with calls_of_aws() as calls:
        daemon.tick()
    assert calls == ["ReceiveMessage"]

    begun = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return begun

    for module in (queue_sensor, plan):
        monkeypatch.setattr(module, "datetime", Clock)
    with freeze_time(begun):  # Dagster's own clock
        (request,) = daemon.tick()
    assert request.partition_key == str(tomorrow)

    settings, after = daemon.loader.settings, tomorrow + timedelta(days=1)
    for last_day, waits in ((None, True), (after, False)):  # whoever says where the days end wants them now
        changed = replace(settings, last_day=last_day)
        assert queue_sensor.begins_later(Partition("events", str(after)), changed) == waits


def test_what_nobody_announced_is_found_at_night_with_a_warning_and_loaded(
    daemon: Daemon, place: Announcing, sample: dict[str, bytes]
) -> None:
    place.put(day(sample, 1), sample[day(sample, 1)])
    place.messages.clear()
    place.send("hello")
    assert not daemon.tick()
    reconciled = daemon.location.resolve_job_def("reconcile").execute_in_process(instance=daemon.instance)
    (check,) = [c for c in reconciled.get_asset_check_evaluations() if not c.passed]
    assert (check.check_name, check.severity) == (CHECK, dg.AssetCheckSeverity.WARN)
    assert "2018-11-01" in str(check.metadata["sample"])
    assert (check.metadata["messages_waiting"].value, check.metadata["dead_letters"].value) == (1, 0)
    schedules = {item.name: item for item in daemon.repository.schedule_defs}
    assert schedules["daily_reconcile"].cron_schedule == "30 2 * * *"
    assert schedules["daily_load"].cron_schedule == "0 3 * * *"
    context = dg.build_schedule_context(repository_def=daemon.repository)
    (request,) = schedules["daily_load"].evaluate_tick(context).run_requests or []
    daemon.waiting.append(request)
    daemon.work()
    assert in_step(daemon)


def test_two_looks_at_once_do_not_mix(daemon: Daemon) -> None:
    with ReceiptFile(daemon.loader.settings).locked():
        assert not daemon.tick()
    assert daemon.skipped == "An earlier look at the queue has not ended yet."
