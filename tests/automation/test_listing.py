"""The listing of a bucket: faults of S3 on the way, how often it is asked, how many pages a poll reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from benchmarks.bucket import KeysOfAYear
from benchmarks.s3_server import page
from sparkify_assets.defs.listing_cache import ListingCache
from sparkify_assets.source.s3 import S3Store
from sparkify_assets.source.store import SourceError

Result = TypeVar("Result")


@dataclass
class FaultyS3:
    """Answers ListObjectsV2 over a fixed set of keys, and fails as S3 does: 500, 503 SlowDown, silence, half a page."""

    keys: Sequence[str]
    share: float = 0.0
    size: int = 100  # keys of a page
    requests: int = 0
    random: Random = field(default_factory=lambda: Random(1))
    faults: int = 0

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests += 1
        if self.random.random() < self.share:
            self.faults += 1
            self._fail(handler, self.random.choice(["500", "503", "reset", "cut"]))
        else:
            self._send(handler, 200, self._page(handler))

    def _page(self, handler: BaseHTTPRequestHandler) -> bytes:
        return page(self.keys, dict(parse_qsl(urlsplit(handler.path).query)), self.size)

    def _fail(self, handler: BaseHTTPRequestHandler, how: str) -> None:
        if how == "reset":
            handler.connection.close()
        elif how == "cut":
            whole = self._page(handler)
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(whole)))
            handler.end_headers()
            handler.wfile.write(whole[: len(whole) // 2])
            handler.wfile.flush()
            handler.connection.close()
        else:
            code = "InternalError" if how == "500" else "SlowDown"
            self._send(
                handler, int(how), f"<Error><Code>{code}</Code><Message>Again.</Message></Error>".encode()
            )

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/xml")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyS3]:
    faulty = FaultyS3(
        sorted(f"song_data/{a}/{b}/C/TR{n:03}.json" for a in "ABCDE" for b in "AB" for n in range(95))
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            faulty.answer(self)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # connections that it closed itself
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_DEFAULT_REGION": "us-west-2",
    }.items():
        monkeypatch.setenv(name, value)
    # boto3 waits ever longer between its tries; how long is not what is tried here.
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    yield faulty
    server.shutdown()
    server.server_close()
    thread.join()


def attempt(work: Callable[[], Result]) -> tuple[Result | None, SourceError | None]:
    try:
        return work(), None
    except SourceError as error:
        return None, error


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_a_listing_among_faults_is_right_or_a_clear_failure_that_the_next_one_heals(
    share: float, s3: FaultyS3
) -> None:
    s3.share = share
    store = S3Store("s3://landing")
    wholes = 0
    cache = ListingCache("songs")
    for _ in range(12):
        listed, error = attempt(lambda: [item.key for item in store.list("song_data/")])
        if error:
            assert error.transient
            assert str(error).startswith("s3://landing: ")
        else:
            wholes += 1
            assert listed == s3.keys
        attempt(lambda: cache.poll(store.list, now=0.0))
    assert s3.faults > 0
    assert wholes > 0
    s3.share = 0.0
    cache.poll(store.list, now=0.0)
    assert sum(seen.objects for seen in cache.candidates.values()) == len(s3.keys)


def test_where_listing_is_forbidden_nothing_is_tried_again(
    s3: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refuse(self: FaultyS3, handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        self._send(handler, 403, b"<Error><Code>AccessDenied</Code><Message>No.</Message></Error>")

    monkeypatch.setattr(FaultyS3, "answer", refuse)
    with pytest.raises(SourceError, match="AccessDenied") as refused:
        list(S3Store("s3://landing").list())
    assert not refused.value.transient
    assert len(asked) == 1


def test_a_poll_of_a_year_with_one_new_object_asks_for_few_pages(s3: FaultyS3) -> None:
    """Between complete listings of very many objects, only the newest days and the changed one are listed."""
    s3.keys, s3.size = KeysOfAYear(200_000), 1000
    store = S3Store("s3://landing")
    cache = ListingCache("events")
    cache.poll(store.list, now=0.0)
    assert s3.requests == 200
    cache.in_sync = {prefix: seen.fingerprint for prefix, seen in cache.candidates.items()}
    cache.candidates.clear()

    s3.requests = 0
    cache.poll(store.list, now=60.0)
    assert not cache.to_compare()
    assert 0 < s3.requests <= 8

    s3.keys = sorted([*s3.keys, "log_data/2018/12/2018-12-29-events-new.json"])
    s3.requests = 0
    cache.poll(store.list, now=120.0)
    compared = cache.to_compare()
    assert [partition.key for partition in compared] == ["2018-12-29"]
    for prefixes in compared.values():
        for prefix in prefixes:
            list(store.list(prefix))
    assert s3.requests <= 10
