"""The queue of the flood answers as moto's does, and misbehaves as SQS's pages say that SQS may."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.automation.announcing import MAX_RECEIVED, REGION, Announcing
from tests.automation.linear_queue import LinearQueue, served

HIDDEN = 300


@pytest.fixture
def linear() -> LinearQueue:
    return LinearQueue(MAX_RECEIVED)


@pytest.fixture
def client(linear: LinearQueue, place: Announcing) -> Iterator[Any]:
    """`place` sets the credentials."""
    with served(linear) as address:
        yield boto3.client(
            "sqs", endpoint_url=address, region_name=REGION, config=Config(retries={"total_max_attempts": 1})
        )


class Consumer:
    """Receives and deletes at one of the two queues, and remembers the handles of each message by its text."""

    def __init__(self, client: Any, url: str) -> None:
        self.client, self.url = client, url
        self.handles: dict[str, list[str]] = {}

    def drain(self) -> list[str]:
        """The texts of all visible messages."""
        found: list[str] = []
        asked = {"QueueUrl": self.url, "MaxNumberOfMessages": 10, "VisibilityTimeout": HIDDEN}
        while messages := self.client.receive_message(**asked).get("Messages"):
            assert len(messages) <= 10
            for message in messages:
                found.append(message["Body"])
                self.handles.setdefault(message["Body"], []).append(message["ReceiptHandle"])
        return sorted(found)

    def delete(self, texts: list[str], place: int) -> list[str]:
        """Delete messages by the first (0) or the last (-1) handle of each; the texts of those that were deleted."""
        entries = [
            {"Id": str(number), "ReceiptHandle": self.handles[text][place]}
            for number, text in enumerate(texts)
        ]
        answer = self.client.delete_message_batch(QueueUrl=self.url, Entries=entries)
        return sorted(texts[int(item["Id"])] for item in answer["Successful"])

    def counts(self) -> tuple[int, int]:
        """How many messages are visible, and how many are hidden."""
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


def test_it_answers_as_moto_does(place: Announcing, linear: LinearQueue, client: Any) -> None:
    """Whatever is sent, received, deleted or left to time, with old handles and new ones, in any order."""
    chance = random.Random(11)
    here, there = Consumer(client, linear.url), Consumer(place.sqs, place.url)
    sent = 0
    for _ in range(50):
        match chance.choice(["send", "drain", "delete", "time"]):
            case "send":
                for _ in range(chance.randint(1, 12)):
                    sent += 1
                    linear.send(f"message {sent}")
                    place.send(f"message {sent}")
            case "drain":
                assert here.drain() == there.drain()
            case "delete" if here.handles:
                texts = chance.sample(sorted(here.handles), min(10, len(here.handles)))
                which = chance.choice([0, -1])
                assert here.delete(texts, which) == there.delete(texts, which)
            case "time":
                linear.now += HIDDEN
                place.let_time_pass()
        assert here.counts() == there.counts()
        assert sorted(linear.dead_letters) == sorted(place.dead_letters)
    assert linear.dead_letters
    assert len(linear.messages) == len(place.messages) > 0


def test_a_hidden_message_comes_back_when_its_time_is_over(linear: LinearQueue, client: Any) -> None:
    consumer = Consumer(client, linear.url)
    linear.send("hello")
    assert consumer.drain() == ["hello"]
    linear.now += HIDDEN - 1
    assert consumer.drain() == []
    linear.now += 1
    assert consumer.drain() == ["hello"]


def test_it_delivers_twice_loses_answers_and_does_not_delete(linear: LinearQueue, client: Any) -> None:
    """Each message suffers once at most, so that two receptions are enough for all."""
    linear.chance = random.Random(1)
    consumer = Consumer(client, linear.url)
    for number in range(1000):
        linear.send(f"message {number}")
    lost = 0
    for _ in range(2):
        drained = False
        while not drained:
            try:
                consumer.drain()
                drained = True
            except ClientError:
                lost += 1
        texts = sorted(
            message.body for message in linear.messages.values() if message.body in consumer.handles
        )
        for start in range(0, len(texts), 10):
            consumer.delete(texts[start : start + 10], -1)
        linear.now += HIDDEN
    assert lost
    assert all(linear.suffered.values())
    assert max(map(len, consumer.handles.values())) == 2
    assert not linear.messages
    assert not linear.dead_letters
