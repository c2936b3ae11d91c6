"""COPY from S3, with an emulator of S3 on the loopback interface."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from redshift_local import CopyError
from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client whose bucket `landing` is empty."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="landing")
    yield client
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="landing"):
        for item in page.get("Contents", []):
            client.delete_object(Bucket="landing", Key=item["Key"])


@pytest.fixture
def copied(sql: Sql, connection: Connection) -> Callable[..., list[int]]:
    sql("create temp table t (i integer)")
    connection.commit()

    def copy(url: str, options: str = "") -> list[int]:
        sql("delete from t")
        sql(f"copy t from %s iam_role default format json {options}", (url,))
        return [i for (i,) in sql("select i from t order by i")]

    return copy


def test_prefixes(s3: Any, copied: Callable[..., list[int]]) -> None:
    """copy-parameters-data-source-s3: a prefix is the beginning of a key; a folder's marker holds no data."""
    for number, key in enumerate(("log/a.json", "log/b/c%20d é.json", "log_old/e.json", "other/log")):
        s3.put_object(Bucket="landing", Key=key, Body=b'{"i":%d}' % number)
    s3.put_object(Bucket="landing", Key="log/", Body=b"")
    for prefix, expected in (
        ("log", [0, 1, 2]),
        ("log/", [0, 1]),
        ("log/b/c%20d é.json", [1]),
        ("", [0, 1, 2, 3]),
    ):
        assert copied(f"s3://landing/{prefix}") == expected
    with pytest.raises(CopyError, match="names no object"):
        copied("s3://landing/nothing")


def test_manifest_gzip_and_jsonpaths(s3: Any, copied: Callable[..., list[int]]) -> None:
    content = gzip.compress(b"".join(b'{"x":%d}\n' % number for number in range(30_000)))
    s3.put_object(Bucket="landing", Key="data.gz", Body=content)
    s3.put_object(Bucket="landing", Key="paths", Body=b'{"jsonpaths":["$.x"]}')
    entries = [
        {"url": "s3://landing/data.gz", "mandatory": True, "meta": {"content_length": len(content)}},
        {"url": "s3://landing/gone"},
    ]
    s3.put_object(Bucket="landing", Key="manifest", Body=json.dumps({"entries": entries}).encode())
    assert copied("s3://landing/manifest", "'s3://landing/paths' gzip manifest") == list(range(30_000))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"url": "s3://landing/gone", "mandatory": True}, "NoSuchKey"),
        ({"url": "s3://nobucket/k", "mandatory": True}, "NoSuchBucket"),
        ({"url": "s3://landing/data", "meta": {"content_length": 99}}, "99 bytes"),
    ],
)
def test_objects_at_fault_are_named(
    s3: Any, copied: Callable[..., list[int]], entry: dict, reason: str
) -> None:
    s3.put_object(Bucket="landing", Key="data", Body=b'{"i":1}')
    s3.put_object(
        Bucket="landing",
        Key="manifest",
        Body=json.dumps({"entries": [{"url": "s3://landing/data"}, entry]}).encode(),
    )
    with pytest.raises(CopyError, match=reason) as caught:
        copied("s3://landing/manifest", "manifest")
    assert caught.value.object_url == entry["url"]


def test_errors_are_found_again(s3: Any, copied: Callable[..., list[int]], sql: Sql) -> None:
    lines = [b'{"i":99999999999}' if number == 25_000 else b'{"i":%d}' % number for number in range(30_000)]
    s3.put_object(Bucket="landing", Key="data", Body=b"\n".join(lines))
    assert len(copied("s3://landing/data", "maxerror 2")) == 29_999
    found = sql(
        "select trim(filename), line_number, trim(raw_line) from stl_load_errors where query = pg_last_copy_id()"
    )
    assert found == [("s3://landing/data", 25_001, '{"i":99999999999}')]


def test_a_transient_failure_is_not_the_fault_of_an_object(
    monkeypatch: pytest.MonkeyPatch,
    s3: Any,
    copied: Callable[..., list[int]],
    connection: Connection,
    tmp_path: Path,
) -> None:
    """A caller that leaves out the objects at fault must not leave out one that is only unavailable."""
    manifest = tmp_path / "manifest"
    manifest.write_text(json.dumps({"entries": [{"url": "s3://landing/data", "mandatory": True}]}))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for url, options in (("s3://landing/data", ""), (manifest.as_uri(), "manifest")):
        with pytest.raises(CopyError, match=r"s3://landing/data cannot be .*Could not connect") as caught:
            copied(url, options)
        assert caught.value.object_url is None
        connection.rollback()
