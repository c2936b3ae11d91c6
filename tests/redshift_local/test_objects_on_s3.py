"""COPY from S3, with an emulator of S3 on the loopback interface."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
from moto.server import ThreadedMotoServer

from redshift_local import CopyError
from redshift_local.copy.objects import ObjectStore
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


def test_many_small_objects_keep_their_order_and_lines(
    s3: Any, copied: Callable[..., list[int]], sql: Sql
) -> None:
    """They are read concurrently, listed or named by a manifest."""
    for number in range(60):
        value = '"x"' if number % 20 == 7 else number
        s3.put_object(
            Bucket="landing", Key=f"many/{number:02}", Body=f'{{"i":{number}}}\n{{"i":{value}}}'.encode()
        )
    entries = [{"url": f"s3://landing/many/{n:02}", "meta": {"content_length": 1}} for n in range(60)]
    for entry, number in zip(entries, range(60), strict=True):
        size = s3.head_object(Bucket="landing", Key=f"many/{number:02}")["ContentLength"]
        entry["meta"] = {"content_length": size}
    entries.insert(30, {"url": "s3://landing/gone", "meta": {"content_length": 5}})
    s3.put_object(Bucket="landing", Key="manifest", Body=json.dumps({"entries": entries}).encode())
    expected = sorted([*range(60), *(n for n in range(60) if n % 20 != 7)])
    for source, options in (("many/", ""), ("manifest", "manifest")):
        assert copied(f"s3://landing/{source}", f"maxerror 9 {options}") == expected
        assert sql(
            "select trim(filename), line_number from stl_load_errors where query = pg_last_copy_id() order by 1"
        ) == [(f"s3://landing/many/{number:02}", 2) for number in (7, 27, 47)]


def test_unload_to_s3_and_back(
    monkeypatch: pytest.MonkeyPatch, s3: Any, sql: Sql, copied: Callable[..., list[int]]
) -> None:
    """With the keys of the statement, which an emulator takes. Nothing is left if the last object cannot be written."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    keys = "access_key_id 'AK' secret_access_key 'SK'"
    sql(f"unload ('select 5 as i union select 6') to 's3://landing/out/n_' {keys} json manifest gzip")
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket="landing")["Contents"]]
    assert listed == ["out/n_0000_part_00.gz", "out/n_manifest"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    assert copied("s3://landing/out/n_manifest", "manifest gzip") == [5, 6]
    with pytest.raises(psycopg2.DatabaseError, match="not empty"):
        sql("unload ('select 1') to 's3://landing/out/n_' iam_role default")


def test_no_object_is_left_of_a_failed_unload(
    monkeypatch: pytest.MonkeyPatch, s3: Any, sql: Sql, connection: Connection
) -> None:
    put = ObjectStore.put

    def failing(store: ObjectStore, path: Path, url: str) -> None:
        if url.endswith("manifest"):
            raise CopyError("no room", url)
        put(store, path, url)

    monkeypatch.setattr(ObjectStore, "put", failing)
    with pytest.raises(psycopg2.DatabaseError, match="no room"):
        sql("unload ('select 1') to 's3://landing/out/' iam_role default manifest")
    assert s3.list_objects_v2(Bucket="landing")["KeyCount"] == 0
    connection.rollback()


def test_keys_are_for_emulators_only(monkeypatch: pytest.MonkeyPatch, sql: Sql) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    sql("create temp table t (i integer)")
    with pytest.raises(CopyError, match="emulators of AWS only"):
        sql("copy t from 's3://landing/x' access_key_id 'AK' secret_access_key 'SK'")
