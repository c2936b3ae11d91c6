"""What S3 announces about the source, as it waits in an SQS queue.

Two ways lead from a bucket to a queue, and both messages are read: notifications of the bucket
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html), also where a topic of SNS
passes them on, and events of EventBridge (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html). A
message is only a hint: it may come twice, late, out of order or never, and nothing of it but the key is used.

Belongs here: receiving, reading and deleting messages. Does not: what a key means (`model.datasets`), what is done
about it, and when a message may be deleted (`defs.queue_sensor`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote_plus, urlsplit

from redshift_local import s3_errors
from sparkify_assets.settings import Settings
from sparkify_assets.source.store import SourceError

#: How many messages one call receives or deletes at most
#: (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
PER_CALL = 10

#: How many seconds a call waits for a message. Long polling asks all of SQS's servers, and costs no more
#: (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html). It is
#: short, because Dagster's daemon evaluates its sensors one after the other unless it is told otherwise.
WAIT_SECONDS = 5

#: How many messages are received at once at most: of the 120,000 that may be in flight
#: (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html), as many as one tick
#: can delete again.
MOST_MESSAGES = 5000

#: For how many seconds a received message is hidden from everybody; then it comes again unless it was deleted.
HIDDEN_SECONDS = 300

#: The attribute that counts the messages that anybody may receive.
_VISIBLE = "ApproximateNumberOfMessages"


class Address(NamedTuple):
    """Where an object is that came or went."""

    bucket: str
    key: str


@dataclass
class Received:
    """What a call of `receive` brought.

    `keys` are those of the source, relative to it. `receipts` has the handle of every message that was understood, by
    the message's id; with `foreign`, the number of those that concern no object of the source. `poison` has the reason
    of each message that was not understood, by its id. `broken` says why receiving ended early, if it did.
    """

    keys: list[str] = field(default_factory=list)
    receipts: dict[str, str] = field(default_factory=dict)
    foreign: int = 0
    poison: dict[str, str] = field(default_factory=dict)
    broken: str = ""


class Depth(NamedTuple):
    """About how many messages are in a queue, received ones included, and how many were given up."""

    waiting: int
    dead: int


def addresses(body: str) -> list[Address]:
    """The objects that a message announces; none where S3 only tests the way. Raises ValueError for any other message.

    Keys are encoded as in a URL in a bucket's notifications, and plain in events of EventBridge.
    """
    try:
        message = json.loads(body)
        if (
            message.get("Type") == "Notification"
        ):  # https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
            message = json.loads(message["Message"])
        if message.get("Event") == "s3:TestEvent":
            return []
        if message.get("source") == "aws.s3":
            detail = message["detail"]
            return [Address(str(detail["bucket"]["name"]), str(detail["object"]["key"]))]
        return [
            Address(str(record["s3"]["bucket"]["name"]), unquote_plus(record["s3"]["object"]["key"]))
            for record in message["Records"]
        ]
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error}") from None
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"no notification of S3 ({type(error).__name__}: {error})") from None


class ArrivalQueue:
    """The queue at a URL, for the source at another. Credentials come from boto3's own chain.

    Raises SourceError wherever SQS cannot be asked; it is transient where another call may succeed.
    """

    def __init__(self, url: str, source: str, region: str) -> None:
        self.url = url
        parts, place = urlsplit(source), urlsplit(url).netloc.split(".")
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/") and parts.path.strip("/") + "/"
        self._region = place[1] if place[0] == "sqs" and len(place) > 2 else region

    @cached_property
    def client(self) -> Any:
        """A client that gives up before Dagster gives up on the tick; the next tick is the next attempt."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "sqs",
            region_name=self._region,
            config=Config(
                connect_timeout=5, read_timeout=WAIT_SECONDS + 10, retries={"total_max_attempts": 1}
            ),
        )

    def receive(
        self, *, hidden: int = HIDDEN_SECONDS, patience: Callable[[], bool] = lambda: True
    ) -> Received:
        """All messages that wait, or as many as `patience` allows; from an empty queue, by one call.

        They stay in the queue, hidden for a while, until they are deleted. A call that fails after others brought
        something ends it: what they brought counts, because each message that is received for nothing is one step
        nearer to the dead-letter queue.
        """
        received = Received()
        try:
            while messages := self._some(hidden, 0 if received.receipts or received.poison else WAIT_SECONDS):
                for message in messages:
                    self._read(message["MessageId"], message["ReceiptHandle"], message["Body"], received)
                if len(received.receipts) + len(received.poison) >= MOST_MESSAGES or not patience():
                    break
        except SourceError as error:
            if not received.receipts:
                raise
            received.broken = str(error)
        return received

    def _some(self, hidden: int, wait: int) -> list[dict[str, Any]]:
        """A few of the messages that wait, by one call."""
        with self._errors():
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=PER_CALL,
                WaitTimeSeconds=wait,
                VisibilityTimeout=hidden,
            )
        return list(answer.get("Messages", []))

    def _read(self, name: str, handle: str, body: str, received: Received) -> None:
        try:
            found = addresses(body)
        except ValueError as error:
            received.poison[name] = str(error)
            return
        received.receipts[name] = handle
        ours = [a.key for a in found if a.bucket == self._bucket and a.key.startswith(self._prefix)]
        received.foreign += not ours
        received.keys += [key[len(self._prefix) :] for key in ours]

    def delete(self, handles: Iterable[str]) -> None:
        """Delete messages by the handles with which they were received. One that SQS cannot delete comes again."""
        left = iter(handles)
        with self._errors():
            while some := list(islice(left, PER_CALL)):
                self.client.delete_message_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {"Id": str(place), "ReceiptHandle": handle} for place, handle in enumerate(some)
                    ],
                )

    def depth(self) -> Depth:
        """How many messages are in the queue, and in the dead-letter queue of the same account behind it."""
        found = self._attributes(self.url)
        waiting = int(found[_VISIBLE]) + int(found["ApproximateNumberOfMessagesNotVisible"])
        if not (policy := found.get("RedrivePolicy")):
            return Depth(waiting, 0)
        name = json.loads(policy)["deadLetterTargetArn"].rpartition(":")[2]
        return Depth(waiting, int(self._attributes(f"{self.url.rpartition('/')[0]}/{name}")[_VISIBLE]))

    def _attributes(self, url: str) -> dict[str, str]:
        with self._errors():
            return dict(self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise an error of boto3 as a SourceError that begins with the queue."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise SourceError(
                f"{self.url}: {s3_errors.describe(error)}",
                transient=s3_errors.is_transient(error),
                denied=s3_errors.is_denied(error),
            ) from None


@lru_cache
def open_queue(settings: Settings) -> ArrivalQueue:
    """The queue that the settings name: one for a process, because its client keeps the connection."""
    return ArrivalQueue(settings.queue, settings.source, settings.region)
