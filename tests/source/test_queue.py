"""The messages of S3, as AWS's pages show them, and the calls by which they are received and deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from sparkify_assets.settings import Settings, SettingsError
from sparkify_assets.source import queue as module
from sparkify_assets.source.queue import Address, ArrivalQueue, Depth, addresses
from sparkify_assets.source.store import SourceError

URL = "https://sqs.us-west-2.amazonaws.com/123456789012/sparkify-dev-arrivals"

#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
NOTIFICATION: dict[str, Any] = {
    "Records": [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "us-west-2",
            "eventTime": "1970-01-01T00:00:00.000Z",
            "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
            "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "testConfigRule",
                "bucket": {"name": "bucket", "ownerIdentity": {}, "arn": "arn:aws:s3:::bucket"},
                "object": {
                    "key": "landing/log_data/red+flower%2B1.json",
                    "size": 1024,
                    "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                    "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                    "sequencer": "0055AED6DCD90281E5",
                },
            },
        }
    ]
}

#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
EVENT = {
    "version": "0",
    "id": "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "account": "111122223333",
    "time": "2021-11-12T00:00:00Z",
    "region": "us-west-2",
    "resources": ["arn:aws:s3:::bucket"],
    "detail": {
        "version": "0",
        "bucket": {"name": "bucket"},
        "object": {
            "key": "landing/log_data/red flower+1.json",
            "size": 5,
            "etag": "b1946ac92492d2347c6235b4d2611184",
            "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
            "sequencer": "617f08299329d189",
        },
        "reason": "PutObject",
    },
}

#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html, at the end
TEST = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2014-10-13T15:57:02.089Z",
    "Bucket": "bucket",
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
}


def test_every_way_says_the_same_key() -> None:
    """S3 encodes keys as in a URL, with + for a blank; EventBridge does not; SNS wraps what S3 wrote."""
    here = [Address("bucket", "landing/log_data/red flower+1.json")]
    wrapped = {"Type": "Notification", "TopicArn": "arn:…", "Message": json.dumps(NOTIFICATION)}
    for message in (NOTIFICATION, EVENT, wrapped):
        assert addresses(json.dumps(message)) == here
    assert addresses(json.dumps(TEST)) == []
    assert addresses(json.dumps({"Records": NOTIFICATION["Records"] * 2})) == here * 2


def test_a_notification_of_a_later_version_says_the_same_key() -> None:
    """Version 2.6 has 64 KB at most; what is new in a version is beside the key (the page of NOTIFICATION)."""
    (record,) = NOTIFICATION["Records"]
    longest = {
        **record,
        "eventVersion": "2.6",
        "eventName": "LifecycleExpiration:Delete",
        "new": "x" * 63 * 1024,
    }
    assert addresses(json.dumps({"Records": [longest]})) == addresses(json.dumps(NOTIFICATION))


@pytest.mark.parametrize(
    "body",
    ["", "hello", "[]", "null", "7", "{}", '{"Records": [{"s3": {}}]}', '{"Records": [null]}',
     '{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": 7}}}]}', '{"source": "aws.s3"}',
     '{"source": "aws.s3", "detail": []}', '{"Type": "Notification", "Message": "hello"}',
     '{"Type": "Notification"}', '{"Type": "Notification", "Message": 7}'],
)  # fmt: skip
def test_anything_else_is_refused_with_a_reason(body: str) -> None:
    with pytest.raises(ValueError, match=r"no JSON|no notification of S3"):
        addresses(body)


@pytest.fixture
def queue() -> ArrivalQueue:
    queue = ArrivalQueue(URL, "s3://bucket/landing", "eu-central-1")
    queue.client = boto3.client(
        "sqs", region_name="us-west-2", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return queue


@pytest.fixture
def sqs(queue: ArrivalQueue) -> Iterator[Stubber]:
    with Stubber(queue.client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def asked(wait: int, hidden: int = 300) -> dict[str, Any]:
    return {
        "QueueUrl": URL,
        "MaxNumberOfMessages": 10,
        "WaitTimeSeconds": wait,
        "VisibilityTimeout": hidden,
    }


def message(number: int, body: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"MessageId": f"m{number}", "ReceiptHandle": f"h{number}", "Body": text}


def about(bucket: str, key: str) -> dict[str, Any]:
    return {"Records": [{"s3": {"bucket": {"name": bucket}, "object": {"key": key}}}]}


def test_an_empty_queue_is_one_call_that_waits(queue: ArrivalQueue, sqs: Stubber) -> None:
    sqs.add_response("receive_message", {}, asked(5))
    assert queue.receive() == module.Received()


def test_what_waits_is_received_until_nothing_is_left(queue: ArrivalQueue, sqs: Stubber) -> None:
    first = [message(number, about("bucket", f"landing/log_data/{number}")) for number in range(10)]
    rest = [
        message(10, about("other", "landing/log_data/x")),
        message(11, about("bucket", "work/manifest")),
        message(12, TEST),
        message(13, "hello"),
        message(0, about("bucket", "landing/log_data/0")),  # once more, with another handle
    ]
    rest[-1]["ReceiptHandle"] = "h0 again"
    sqs.add_response("receive_message", {"Messages": first}, asked(5, 700))
    sqs.add_response("receive_message", {"Messages": rest}, asked(0, 700))
    sqs.add_response("receive_message", {}, asked(0, 700))
    received = queue.receive(hidden=700)
    assert received.keys == [f"log_data/{number}" for number in [*range(10), 0]]
    assert received.receipts == {f"m{number}": f"h{number}" for number in range(13)} | {"m0": "h0 again"}
    assert received.foreign == 3
    assert list(received.poison) == ["m13"]
    assert not received.broken


def test_receiving_ends_when_patience_does(queue: ArrivalQueue, sqs: Stubber) -> None:
    sqs.add_response("receive_message", {"Messages": [message(1, TEST)]}, asked(5))
    assert queue.receive(patience=lambda: False) == module.Received(receipts={"m1": "h1"}, foreign=1)


def test_no_more_is_received_than_one_tick_can_delete(
    queue: ArrivalQueue, sqs: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_MESSAGES", 3)
    sqs.add_response("receive_message", {"Messages": [message(1, "hello")]}, asked(5))
    sqs.add_response("receive_message", {"Messages": [message(2, TEST), message(3, TEST)]}, asked(0))
    received = queue.receive()
    assert (list(received.receipts), received.broken) == (["m2", "m3"], "")


def test_a_call_waits_longer_than_sqs_does_and_is_made_once() -> None:
    """Two calls that nobody answers must end within the 60 seconds that Dagster gives a tick."""
    config = ArrivalQueue(URL, "s3://bucket", "us-west-2").client.meta.config
    assert config.read_timeout > module.WAIT_SECONDS
    assert 2 * (config.connect_timeout + config.read_timeout) < 60
    assert config.retries["total_max_attempts"] == 1


def test_ten_messages_are_deleted_by_one_call(queue: ArrivalQueue, sqs: Stubber) -> None:
    for handles in (range(10), range(10, 12)):
        entries = [{"Id": str(place), "ReceiptHandle": f"h{number}"} for place, number in enumerate(handles)]
        answer: dict[str, Any] = {"Successful": [], "Failed": []}
        sqs.add_response("delete_message_batch", answer, {"QueueUrl": URL, "Entries": entries})
    queue.delete(f"h{number}" for number in range(12))


def test_the_depth_counts_hidden_and_given_up_messages(queue: ArrivalQueue, sqs: Stubber) -> None:
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-west-2:123456789012:dead", "maxReceiveCount": 5}
    counts = {"ApproximateNumberOfMessages": "4", "ApproximateNumberOfMessagesNotVisible": "3"}
    place = {"AttributeNames": ["All"]}
    here = {"Attributes": counts | {"RedrivePolicy": json.dumps(policy)}}
    sqs.add_response("get_queue_attributes", here, {"QueueUrl": URL, **place})
    behind = "https://sqs.us-west-2.amazonaws.com/123456789012/dead"
    sqs.add_response(
        "get_queue_attributes",
        {"Attributes": {"ApproximateNumberOfMessages": "2"}},
        {"QueueUrl": behind, **place},
    )
    assert queue.depth() == Depth(7, 2)
    sqs.add_response("get_queue_attributes", {"Attributes": counts}, {"QueueUrl": URL, **place})
    assert queue.depth() == Depth(7, 0)


@pytest.mark.parametrize(
    ("code", "status", "denied", "transient"),
    [
        ("AccessDenied", 403, True, False),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, False, False),
        ("ServiceUnavailable", 503, False, True),
    ],
)
def test_an_error_names_the_queue_in_one_line(
    queue: ArrivalQueue, sqs: Stubber, code: str, status: int, denied: bool, transient: bool
) -> None:
    sqs.add_client_error("receive_message", code, "Because.", status)
    with pytest.raises(SourceError) as failed:
        queue.receive()
    text = str(failed.value)
    assert text.startswith(f"{URL}: ")
    assert code in text
    assert "\n" not in text
    assert (failed.value.denied, failed.value.transient) == (denied, transient)


def test_the_region_is_that_of_the_url() -> None:
    def region(url: str) -> str:
        return str(ArrivalQueue(url, "s3://bucket", "eu-central-1").client.meta.region_name)

    assert region(URL) == "us-west-2"
    assert region("http://127.0.0.1:5000/123456789012/arrivals") == "eu-central-1"


@pytest.mark.parametrize(
    ("queue", "source", "why"),
    [
        ("sparkify-dev-arrivals", "s3://bucket/landing", "takes the URL of an SQS queue"),
        ("https://sqs.us-west-2.amazonaws.com", "s3://bucket/landing", "takes the URL of an SQS queue"),
        (URL, "landing", "only S3 notifies a queue"),
    ],
)
def test_a_queue_that_cannot_be_is_refused_by_name(queue: str, source: str, why: str) -> None:
    with pytest.raises(SettingsError, match=rf"SPARKIFY_QUEUE.*{why}"):
        Settings.from_environment({"SPARKIFY_QUEUE": queue, "SPARKIFY_SOURCE": source})


def test_a_queue_is_looked_at_more_often_than_a_bucket_is_listed() -> None:
    bucket = {"SPARKIFY_SOURCE": "s3://bucket/landing"}
    assert Settings.from_environment(bucket).sensor_seconds == 30
    with_queue = Settings.from_environment({**bucket, "SPARKIFY_QUEUE": URL})
    assert (with_queue.queue, with_queue.sensor_seconds) == (URL, 5)
