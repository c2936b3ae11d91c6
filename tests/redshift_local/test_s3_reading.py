"""Objects of S3 read by obstore where it can, compared with boto3, on an emulator and among faults."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import ClientError, EndpointConnectionError
from moto.server import ThreadedMotoServer

from redshift_local import s3_reading
from redshift_local.s3_reading import ObjectReader

PLAIN = [
    "a.json",
    "log_data/2018/11/2018-11-12-events.json",
    "with space and+plus.json",
    "per%20cent%.json",
    "what?a=b&c#d.json",
    "a:b;c=d@e,f$g!h'i(j)k.json",
    'back\\slash^"quote"`{}[]|<>.json',
    "ünïcode/日本/🎵.json",
    "e\u0301.json",
    "\u00e9.json",
    "~tilde*.json",
    ".hidden/..two/...",
    "_/-/ends.",
]
ODD = [
    "log_data//double.json",
    "/leading.json",
    "trailing/",
    "leading.json",  # beside "/leading.json", for which obstore would read it
    "trailing",
    "control\x01\x7f.json",
]


def client(url: str) -> Any:
    return boto3.client(
        "s3", region_name="us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b"
    )


def reader_of(s3: Any, bucket: str = "landing", **options: Any) -> ObjectReader:
    return ObjectReader(s3, Credentials("a", "b"), bucket, **options)


def counted(s3: Any) -> list[str]:
    """The URLs that boto3 gets objects from, as they are asked for."""
    asked: list[str] = []
    s3.meta.events.register("before-send.s3.GetObject", lambda request, **_: asked.append(request.url))
    return asked


def code_of(work: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(ClientError) as failed:
        work()
    answer = failed.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    s3 = client(url)
    s3.create_bucket(Bucket="landing")
    for key in [*PLAIN, *ODD]:
        s3.put_object(Bucket="landing", Key=key, Body=key.encode())
    s3.put_object(Bucket="landing", Key="empty", Body=b"")
    s3.put_object(Bucket="landing", Key="packed", Body=gzip.compress(b"{}", mtime=0), ContentEncoding="gzip")
    s3.put_object(Bucket="landing", Key="archived", Body=b"{}", StorageClass="GLACIER")
    yield url
    server.stop()


def test_objects_are_what_boto3_reads_whatever_their_keys(endpoint: str) -> None:
    s3 = client(endpoint)
    reader, asked = reader_of(s3), counted(s3)
    for key in [*PLAIN, "leading.json", "trailing", "empty", "packed"]:
        assert reader.read(key) == client(endpoint).get_object(Bucket="landing", Key=key)["Body"].read()
    assert [reader.read(key) for key in PLAIN] == [key.encode() for key in PLAIN]
    assert reader.read("packed") == gzip.compress(b"{}", mtime=0)  # compressed, as COPY reads it
    assert asked == []
    for key in ODD:
        assert reader.read(key) == key.encode()
    assert len(asked) == len(ODD) - 2


def test_the_beginning_of_an_object(endpoint: str) -> None:
    s3 = client(endpoint)
    reader, asked = reader_of(s3), counted(s3)
    assert reader.read("a.json", 4) == b"a.js"
    assert reader.read("a.json", 6) == b"a.json"
    assert reader.read("a.json", 1000) == b"a.json"
    assert asked == []
    assert reader.read("empty", 10) == b""
    assert reader.read("log_data//double.json", 3) == b"log"


def test_what_is_missing_or_refused_is_boto3_s_error(endpoint: str) -> None:
    s3 = client(endpoint)
    assert code_of(lambda: reader_of(s3).read("none")) == ("NoSuchKey", 404)
    assert code_of(lambda: reader_of(s3).read("none", 10)) == ("NoSuchKey", 404)
    assert code_of(lambda: reader_of(s3, "nowhere").read("a.json")) == ("NoSuchBucket", 404)
    assert code_of(lambda: reader_of(s3).read("archived")) == ("InvalidObjectState", 403)


def test_an_address_that_nobody_answers_is_boto3_s_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(EndpointConnectionError):
        reader_of(client("http://127.0.0.1:9")).read("a.json")


@dataclass
class Scripted:
    """S3 that answers each GET as it is told, and then with the key itself; it keeps the headers of each request."""

    answers: list[str] = field(default_factory=list)
    always: str = ""
    region: str = "us-east-1"
    token: str | None = None
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.headers.append(headers)
        if f"/{self.region}/s3/" not in headers["authorization"]:
            self._send(handler, 301, self._error("PermanentRedirect"))
        elif handler.command == "HEAD":
            self._send(handler, 200, b"")
        elif self.token and headers.get("x-amz-security-token") != self.token:
            self._send(handler, 400, self._error("ExpiredToken"))
        elif (fault := self.answers.pop(0) if self.answers else self.always) == "reset":
            handler.close_connection = True
        elif fault == "cut":
            handler.send_response(200)
            handler.send_header("Content-Length", "99")
            handler.end_headers()
            handler.wfile.write(b"half")
            handler.close_connection = True
        elif fault:
            status, code = fault.split()
            self._send(handler, int(status), self._error(code))
        else:
            self._send(handler, 200, handler.path.rpartition("/")[2].encode())

    @staticmethod
    def _error(code: str) -> bytes:
        return f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("x-amz-bucket-region", self.region)
        handler.send_header("ETag", '"e"')
        handler.send_header("Last-Modified", "Thu, 01 Nov 2018 00:00:00 GMT")
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            script.answer(self)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # connections that it closed itself
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)  # between boto3's tries
    yield script
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "fault", ["500 InternalError", "503 SlowDown", "503 ServiceUnavailable", "reset", "cut"]
)
def test_what_fails_once_is_tried_again(scripted: Scripted, fault: str) -> None:
    s3 = client(scripted.url)
    reader, asked = reader_of(s3), counted(s3)
    scripted.answers = [fault]
    assert reader.read("a.json") == b"a.json"
    assert len(asked) == 1
    scripted.answers = [fault, "503 SlowDown", "500 InternalError"]
    assert reader.read("b.json") == b"b.json"
    assert reader.read("c.json") == b"c.json"
    assert len(asked) == 4  # obstore reads again after that


@pytest.mark.parametrize(
    "fault", ["403 AccessDenied", "403 InvalidAccessKeyId", "503 SlowDown", "400 ExpiredToken"]
)
def test_what_fails_for_good_is_boto3_s_error(scripted: Scripted, fault: str) -> None:
    reader = reader_of(client(scripted.url))
    scripted.always = fault
    status, code = fault.split()
    assert code_of(lambda: reader.read("a.json")) == (code, int(status))


def test_a_bucket_in_another_region_is_read_there(scripted: Scripted) -> None:
    scripted.region = "eu-central-1"
    s3 = client(scripted.url)
    reader, asked = reader_of(s3), counted(s3)
    assert reader.read("a.json") == b"a.json"
    assert asked == []


def test_only_who_pays_says_so(scripted: Scripted) -> None:
    for pays, said in ((True, "requester"), (False, None)):
        reader_of(client(scripted.url), requester_pays=pays).read("a.json")
        assert scripted.headers[-1].get("x-amz-request-payer") == said


def test_a_token_goes_with_each_request_and_one_that_has_expired_is_renewed_by_boto3(
    scripted: Scripted,
) -> None:
    scripted.token = "new"
    s3 = boto3.client(
        "s3", region_name="us-east-1", endpoint_url=scripted.url, aws_access_key_id="a",
        aws_secret_access_key="b", aws_session_token="new",
    )  # fmt: skip
    asked = counted(s3)
    assert ObjectReader(s3, Credentials("a", "b", "new"), "landing").read("a.json") == b"a.json"
    assert asked == []
    assert ObjectReader(s3, Credentials("a", "b", "old"), "landing").read("a.json") == b"a.json"
    assert len(asked) == 1


def test_credentials_are_asked_for_again_before_they_end(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Rotating(Credentials):
        def get_frozen_credentials(self) -> ReadOnlyCredentials:
            return ReadOnlyCredentials("a", "b", next(tokens))

    monkeypatch.setattr(s3_reading, "_KEPT", timedelta(0))
    tokens = iter(["first", "second"])
    reader = ObjectReader(client(scripted.url), Rotating("a", "b"), "landing")
    sent = []
    for key in ("a.json", "b.json"):
        assert reader.read(key) == key.encode()
        sent.append(scripted.headers[-1]["x-amz-security-token"])
        time.sleep(0.2)  # obstore does not ask twice within a tenth of a second
    assert sent == ["first", "second"]


def test_what_obstore_cannot_sign_is_read_by_boto3(scripted: Scripted) -> None:
    s3 = client(scripted.url)
    asked = counted(s3)
    assert ObjectReader(s3, None, "landing").read("a.json") == b"a.json"
    assert len(asked) == 1


def test_obstore_is_given_up_where_only_boto3_reads(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_reading, "MAX_FAILURES", 3)
    reader = reader_of(client(scripted.url))
    scripted.answers = ["500 InternalError", "", "500 InternalError", "", "", *["500 InternalError", ""] * 5]
    for number in range(10):
        assert reader.read(f"{number}.json") == f"{number}.json".encode()
    # Two failures, a success, three failures; boto3 alone then meets the four faults that are left and tries again.
    by_obstore = [told for told in scripted.headers if "boto" not in told["user-agent"].lower()]
    assert len(by_obstore) == 6
