"""The S3 store at the edge of the network: what it sends, and what it makes of the answers."""

from __future__ import annotations

import threading
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from sparkify_assets.settings import Settings, SettingsError
from sparkify_assets.source.s3 import S3Store
from sparkify_assets.source.store import SourceError
from sparkify_assets.source.urls import open_source


@pytest.fixture
def store() -> S3Store:
    store = S3Store("s3://bucket/work")
    store.client = boto3.client(
        "s3", region_name="us-west-2", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return store


def deletion(first: int, behind: int) -> dict[str, Any]:
    objects = [{"Key": f"work/{number}"} for number in range(first, behind)]
    return {"Bucket": "bucket", "Delete": {"Objects": objects, "Quiet": True}}


def test_a_thousand_objects_are_deleted_by_one_call(store: S3Store) -> None:
    with Stubber(store.client) as s3:
        s3.add_response("delete_objects", {}, deletion(0, 1000))
        s3.add_response("delete_objects", {}, deletion(1000, 1001))
        store.delete(str(number) for number in range(1001))
        s3.assert_no_pending_responses()


def test_nothing_to_delete_asks_for_nothing(store: S3Store) -> None:
    with Stubber(store.client):  # which raises for every call that it has no answer to
        store.delete([])


@pytest.mark.parametrize(
    ("code", "denied", "transient"), [("AccessDenied", True, False), ("InternalError", False, True)]
)
def test_one_object_that_is_not_deleted_is_an_error(
    store: S3Store, code: str, denied: bool, transient: bool
) -> None:
    """The call itself succeeds then (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html)."""
    refused = {"Errors": [{"Key": "work/1", "Code": code, "Message": "No."}]}
    with Stubber(store.client) as s3:
        s3.add_response("delete_objects", refused)
        with pytest.raises(SourceError, match=f"s3://bucket/work.*{code}") as failed:
            store.delete(["0", "1"])
    assert "work/1" in str(failed.value)
    assert ("s3:DeleteObject" in str(failed.value)) == denied
    assert (failed.value.denied, failed.value.transient) == (denied, transient)


class Meeting:
    """In place of the reader of objects: each read waits until as many as are expected are in progress."""

    def __init__(self, expected: int) -> None:
        self.barrier = threading.Barrier(expected, timeout=20)
        self.lock = threading.Lock()
        self.begun = self.inside = self.most = 0

    def read(self, key: str, size: int | None) -> bytes:
        with self.lock:
            self.begun += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.barrier.wait()
        with self.lock:
            self.inside -= 1
        return key.encode()


def test_objects_are_read_concurrently_in_order_and_only_a_few_ahead() -> None:
    store = open_source(
        Settings.from_environment({"SPARKIFY_SOURCE": "s3://bucket/a", "SPARKIFY_CONCURRENT_READS": "4"})
    )
    assert isinstance(store, S3Store)
    reader = Meeting(expected=4)
    store._reader = reader  # type: ignore[assignment]
    keys = [f"{number}.json" for number in range(40)]
    read = store.read_many(keys, 100)
    assert next(read) == ("0.json", b"a/0.json")
    assert reader.begun <= 8  # not all forty: nobody has asked for them
    assert list(read) == [(key, f"a/{key}".encode()) for key in keys[1:]]
    assert reader.most == 4


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many"])
def test_the_number_of_reads_is_a_count(value: str) -> None:
    with pytest.raises(SettingsError, match=r"CONCURRENT_READS.*a whole number of 1 or more"):
        Settings.from_environment({"SPARKIFY_CONCURRENT_READS": value})
