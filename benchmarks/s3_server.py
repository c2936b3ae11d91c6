"""S3 on loopback, in a process of its own: real pages of ListObjectsV2, and the same small object for every key.

The keys may be computed, so a million of them take no memory. The server does as little as it can, because it shares
the machine with what is measured.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import parse_qsl, quote_plus, urlsplit
from xml.sax.saxutils import escape

PAGE = 1000

#: One of the song files.
OBJECT = (
    b'{"num_songs": 1, "artist_id": "ARD7TVE1187B99BFB1", "artist_latitude": null, "artist_longitude": null,'
    b' "artist_location": "California - LA", "artist_name": "Casual", "song_id": "SOMZWCG12A8C13C480",'
    b' "title": "I Didn\'t Mean To", "duration": 218.93179, "year": 0}'
)

#: An entry with all elements that S3 sends without being asked
#: (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
_ENTRY = (
    "<Contents><Key>{}</Key><LastModified>2018-11-01T00:00:00.000Z</LastModified>"
    "<ETag>&quot;9bb58f26192e4ba00f01e2e7b136bbd8&quot;</ETag>"
    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
    "<Size>250</Size><StorageClass>STANDARD</StorageClass></Contents>"
)

_RANGE = re.compile(rb"\r\nrange: bytes=0-(\d+)", re.IGNORECASE)


def page(keys: Sequence[str], query: Mapping[str, str], size: int = PAGE) -> bytes:
    """The page of sorted keys that a request for ListObjectsV2 asks for, as XML."""
    prefix = query.get("prefix", "")
    after = query.get("continuation-token", query.get("start-after", ""))
    start = max(bisect_left(keys, prefix), bisect_right(keys, after) if after else 0)
    listed = [key for key in keys[start : start + size + 1] if key.startswith(prefix)]
    more = len(listed) > size
    del listed[size:]
    token = f"<NextContinuationToken>{escape(listed[-1])}</NextContinuationToken>" if more else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>landing</Name>'
        f"<Prefix>{quote_plus(prefix, safe='/')}</Prefix>{token}<KeyCount>{len(listed)}</KeyCount>"
        f"<MaxKeys>{size}</MaxKeys><EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
        + "".join(_ENTRY.format(quote_plus(key, safe="/")) for key in listed)
        + "</ListBucketResult>"
    ).encode()


@contextmanager
def serving(keys: Sequence[str], delay: float = 0.0) -> Iterator[None]:
    """Serve the keys; AWS's variables lead there. Each answer comes after `delay` seconds."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(keys, delay, there), daemon=True
    )
    process.start()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{here.recv()}",
        "AWS_ACCESS_KEY_ID": "measured",
        "AWS_SECRET_ACCESS_KEY": "measured",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _serve(keys: Sequence[str], delay: float, address: Connection) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Answers(keys, delay), "127.0.0.1", 0)
        address.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class _Answers(asyncio.Protocol):
    """The answers on one connection, one after the other."""

    def __init__(self, keys: Sequence[str], delay: float) -> None:
        self._keys = keys
        self._delay = delay
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            request, _, self._received = self._received.partition(b"\r\n\r\n")
            answer = self._answer(request)
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._transport.write, answer)
            else:
                self._transport.write(answer)

    def _answer(self, request: bytes) -> bytes:
        method, target, headers = request.split(b" ", 2)
        query = dict(parse_qsl(urlsplit(target.decode()).query))
        body = page(self._keys, query) if query.get("list-type") == "2" else OBJECT
        status = "200 OK"
        if part := _RANGE.search(headers):
            end = min(int(part[1]), len(body) - 1)
            status = f"206 Partial Content\r\nContent-Range: bytes 0-{end}/{len(body)}"
            body = body[: end + 1]
        head = (
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nContent-Type: binary/octet-stream\r\n"
            'ETag: "9bb58f26192e4ba00f01e2e7b136bbd8"\r\nLast-Modified: Thu, 01 Nov 2018 00:00:00 GMT\r\n\r\n'
        ).encode()
        return head if method == b"HEAD" else head + body
