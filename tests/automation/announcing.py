"""A bucket of moto's server that notifies a queue, and the sensor of that queue as Dagster's daemon drives it.

moto runs in this process, so that a test can let time pass for messages that are hidden.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import boto3
import botocore.endpoint
import dagster as dg
import pytest
from moto.server import ThreadedMotoServer
from moto.sqs.models import Message, Queue, sqs_backends

from sparkify_assets.definitions import build_defs
from sparkify_assets.load.loader import Loader
from sparkify_assets.source.queue import ArrivalQueue, open_queue
from sparkify_assets.source.urls import open_store

REGION = "us-west-2"
ACCOUNT = "123456789012"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "emulated",
    "AWS_SECRET_ACCESS_KEY": "emulated",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}

#: How often a message is received before SQS gives it up.
MAX_RECEIVED = 3


class Place(Protocol):
    """Where a source is, and the queue that is told of it."""

    source: str
    url: str


class Announcing:
    """A bucket below whose prefix `landing/` the source is, its queue, and the dead-letter queue behind that."""

    def __init__(self, address: str, prefix: str = "landing") -> None:
        self.address, self.prefix = address, prefix
        self.name = f"landing-{uuid.uuid4().hex[:8]}"  # servers of one process share what they hold
        self.source = f"s3://{self.name}/{prefix}"
        self.s3, self.sqs = self._client("s3"), self._client("sqs")
        self.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.dead = self._queue(f"{self.name}-dead")
        self.url = self._queue(
            f"{self.name}-arrivals",
            RedrivePolicy=json.dumps(
                {
                    "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}-dead",
                    "maxReceiveCount": MAX_RECEIVED,
                }
            ),
        )

    def _client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "emulated", "aws_secret_access_key": "emulated"}
        return boto3.client(service, endpoint_url=self.address, region_name=REGION, **keys)

    def _queue(self, name: str, **attributes: str) -> str:
        url: str = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def notify(self) -> None:
        """Have the bucket notify the queue of what comes and goes below the prefix, as the module of Terraform does."""
        self.s3.put_bucket_notification_configuration(
            Bucket=self.name,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}-arrivals",
                        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
                        "Filter": {
                            "Key": {"FilterRules": [{"Name": "prefix", "Value": f"{self.prefix}/{folder}"}]}
                        },
                    }
                    for folder in ("song_data/", "log_data/")
                ]
            },
        )

    def notify_by_eventbridge(self) -> None:
        """Have a rule of EventBridge pass the bucket's events on, as the module does for a shared bucket."""
        events = self._client("events")
        pattern = {
            "source": ["aws.s3"],
            "detail-type": ["Object Created", "Object Deleted"],
            "detail": {"bucket": {"name": [self.name]}},
        }
        events.put_rule(Name=self.name, EventPattern=json.dumps(pattern))
        target = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}-arrivals"
        events.put_targets(Rule=self.name, Targets=[{"Id": "queue", "Arn": target}])
        self.s3.put_bucket_notification_configuration(
            Bucket=self.name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )

    def put(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.name, Key=f"{self.prefix}/{key}", Body=content)

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.name, Key=f"{self.prefix}/{key}")

    def send(self, body: str) -> None:
        """Put a message into the queue, without the call of moto's that counts all messages of the queue each time."""
        message = Message(str(uuid.uuid4()), body)
        message.mark_sent()
        self._queue_of(f"{self.name}-arrivals").add_message(message)

    def notification(self, key: str, event: str = "ObjectCreated:Put") -> str:
        """A notification as S3 writes it, with what is used of it."""
        return json.dumps(
            {
                "Records": [
                    {
                        "eventName": event,
                        "s3": {"bucket": {"name": self.name}, "object": {"key": f"{self.prefix}/{key}"}},
                    }
                ]
            }
        )

    @property
    def messages(self) -> list[Any]:
        """All messages of the queue, hidden ones too."""
        return self._queue_of(f"{self.name}-arrivals")._messages

    @property
    def dead_letters(self) -> list[str]:
        return [message.body for message in self._queue_of(f"{self.name}-dead")._messages]

    @staticmethod
    def _queue_of(name: str) -> Queue:
        return sqs_backends[ACCOUNT][REGION].queues[name]

    def let_time_pass(self) -> None:
        """Every hidden message can be received again."""
        for message in self.messages:
            message.visible_at = 0.0


@contextmanager
def announcing(patch: pytest.MonkeyPatch) -> Iterator[Announcing]:
    """A bucket and a queue on a server of their own, to which the environment's variables lead."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request buries all else
    _, port = server.get_host_and_port()
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}.items():
        patch.setenv(name, value)
    yield Announcing(f"http://127.0.0.1:{port}")
    server.stop()


def announced_loader(loader: Loader, place: Place, **changes: Any) -> Loader:
    """The loader of a test, from the bucket instead of a folder, for the days of one month."""
    month = {"first_day": date(2018, 11, 1), "last_day": date(2018, 11, 30)}
    settings = replace(loader.settings, **{"source": place.source, "queue": place.url, **month, **changes})
    return replace(loader, settings=settings, source=open_store(place.source))


class Daemon:
    """The sensor of the queue as Dagster's daemon drives it: what a tick requests is recorded together with its cursor.

    Each run is recorded by its key once, and loads when `work` is called.
    """

    def __init__(self, loader: Loader, instance: dg.DagsterInstance) -> None:
        self.loader, self.instance = loader, instance
        self.location = build_defs(loader.settings, loader=loader)
        self.repository = self.location.get_repository_def()
        self.sensor = self.repository.get_sensor_def("queue_arrivals")
        self.cursor: str | None = None
        self.skipped: str | None = None
        self.recorded: dict[str, dg.RunRequest] = {}
        self.waiting: list[dg.RunRequest] = []

    @classmethod
    def reborn(cls, dead: Daemon) -> Daemon:
        """Another process, which finds what Dagster has recorded."""
        daemon = cls(dead.loader, dead.instance)
        daemon.cursor, daemon.recorded, daemon.waiting = dead.cursor, dead.recorded, dead.waiting
        return daemon

    @property
    def queue(self) -> ArrivalQueue:
        """The queue that the sensor asks."""
        return open_queue(self.loader.settings)

    @contextmanager
    def queue_away(self) -> Iterator[None]:
        """For a while, nobody answers where the queue is."""
        here = self.queue.client
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")
            del self.queue.client
            yield
        self.queue.client = here

    def begin(self) -> None:
        """The first ticks, over a bucket where nothing is yet. The run that they request would find nothing to do."""
        (request,) = self.tick()
        assert request.job_name == "load"
        self.waiting.clear()
        self.settle()  # with S3's test of the way, which it sends when it is told to notify the queue

    def evaluate(self) -> dg.SensorExecutionData:  # type: ignore[name-defined]
        """One tick, of which nothing is recorded yet."""
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=self.repository,
            resources={"loader": self.loader},
        )
        return self.sensor.evaluate_tick(context)

    def record(self, data: Any) -> Sequence[dg.RunRequest]:
        """What Dagster's daemon does with a tick that ended: the runs and the cursor."""
        self.cursor, self.skipped = data.cursor, data.skip_message
        requested = data.run_requests or []
        new = [request for request in requested if request.run_key not in self.recorded]
        self.recorded |= {request.run_key or "": request for request in new}
        self.waiting += new
        return requested

    def tick(self) -> Sequence[dg.RunRequest]:
        return self.record(self.evaluate())

    def work(self) -> None:
        """Execute the runs that wait."""
        while self.waiting:
            request = self.waiting.pop(0)
            result = self.location.resolve_job_def(request.job_name or "").execute_in_process(
                instance=self.instance,
                run_config=request.run_config,
                tags={**request.tags, "dagster/sensor_name": self.sensor.name},
                partition_key=request.partition_key,
                raise_on_error=False,
            )
            assert result.success, [event.message for event in result.all_events if event.is_failure]

    def settle(self, ticks: int = 30) -> None:
        """Tick and work until a tick finds nothing to do."""
        for _ in range(ticks):
            self.tick()
            self.work()
            if self.skipped == "Nothing new.":
                return
        raise AssertionError(f"still not settled: {self.skipped}")


@contextmanager
def calls_of_aws(hook: Callable[[str], None] = lambda _: None) -> Iterator[list[str]]:
    """The operations of AWS that any client calls meanwhile. `hook` is called before and after each."""
    calls: list[str] = []
    send = botocore.endpoint.Endpoint.make_request

    def make_request(self: Any, operation_model: Any, request_dict: Any) -> Any:
        calls.append(operation_model.name)
        hook(f"before {operation_model.name}")
        answer = send(self, operation_model, request_dict)
        hook(f"after {operation_model.name}")
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.endpoint.Endpoint, "make_request", make_request)
        yield calls


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a sample, by key."""
    found = [path for name in ("song_data", "log_data") for path in (folder / name).rglob("*.json")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}


def day(sample: dict[str, bytes], number: int) -> str:
    """The key of a day of events."""
    return next(key for key in sample if key.endswith(f"2018-11-0{number}-events.json"))


def in_step(daemon: Daemon) -> bool:
    """Whether the ledger holds the source exactly, by a listing of all of it."""
    return not daemon.loader.plan().difference.changed
