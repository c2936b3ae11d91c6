"""UNLOAD and COPY at the endpoint: the tags and notices of both, and that no client writes files of the machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from conftest import endpoint_of
from moto.server import ThreadedMotoServer
from wire_client import SYNC, Client, bind, error, execute, parse, query, row, tags

from redshift_local.endpoint.server import Endpoint


@pytest.fixture(scope="module")
def endpoint(server: str) -> Iterator[Endpoint]:
    """An endpoint that opens no file of the machine."""
    with endpoint_of(server, ()) as made:
        yield made


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an emulator of S3 whose bucket `landing` is empty."""
    emulator = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    emulator.start()
    host, port = emulator.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="landing")
    yield s3
    emulator.stop()


def _unload(name: str) -> str:
    selected = "'select 7 as i, ''a|b'' as a'"
    return f"unload ({selected}) to 's3://landing/{name}_' iam_role default delimiter '\\t' null '\\N'"


def test_unload_and_copy_by_both_protocols(bucket: Any, client: Client) -> None:
    answer = client.ask(query(_unload("simple")))
    assert tags(answer) == ["UNLOAD"]
    assert any(
        b"UNLOAD completed, 1 record(s) unloaded successfully." in body
        for kind, body in answer
        if kind == "N"
    )
    assert tags(client.ask(parse(_unload("extended")), bind(), execute(), SYNC)) == ["UNLOAD"]
    for name in ("simple", "extended"):
        content = bucket.get_object(Bucket="landing", Key=f"{name}_0000_part_00")["Body"].read()
        assert content == b"7\ta|b\n"
    client.ask(query("create temp table t (i integer, a varchar(8))"))
    assert tags(client.ask(query("copy t from 's3://landing/simple_' iam_role default delimiter '\\t'"))) == [
        "COPY"
    ]
    answer = client.ask(query("select i, a, pg_last_unload_count() from t"))
    assert [row(body) for kind, body in answer if kind == "D"] == [("7", "a|b", "1")]


def test_no_file_of_the_machine_is_written(client: Client, tmp_path: Path) -> None:
    for target in (tmp_path.as_uri() + "/", f"file://localhost{tmp_path}/x", f"FILE://{tmp_path}/x"):
        told = error(client.ask(query(f"unload ('select 1') to '{target}' iam_role default")))
        assert "in none of the folders" in told["M"]
    assert list(tmp_path.iterdir()) == []


def test_no_file_of_the_machine_is_read(client: Client, tmp_path: Path) -> None:
    """Not as an object, not by a manifest, not as a jsonpaths file."""
    file = tmp_path / "file"
    file.write_text("7")
    client.ask(query("create temp table t (i integer)"))
    for options in ("", "manifest", "json", f"json '{file.as_uri()}'"):
        told = error(client.ask(query(f"copy t from '{file.as_uri()}' iam_role default {options}")))
        assert "in none of the folders" in told["M"]
    assert [row(body) for kind, body in client.ask(query("select count(*) from t")) if kind == "D"] == [
        ("0",)
    ]


def test_a_manifest_in_s3_does_not_lead_to_a_file(bucket: Any, client: Client, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("7")
    entry = {"url": (tmp_path / "file").as_uri(), "mandatory": True}
    bucket.put_object(Bucket="landing", Key="manifest", Body=json.dumps({"entries": [entry]}))
    client.ask(query("create temp table t (i integer)"))
    told = error(client.ask(query("copy t from 's3://landing/manifest' iam_role default manifest")))
    assert "in none of the folders" in told["M"]
