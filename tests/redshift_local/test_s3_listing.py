"""Pages of S3 that are read here, compared with what boto3 alone makes of the same pages."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from redshift_local.s3_listing import list_objects, read_entries_here

KEYS = [
    "log_data/",
    "log_data/2018/11/2018-11-12-events.json",
    "log_data/2018/11/2018-11-13-events.json",
    "log_data//2018-11-13-events.json",
    "log_data/./a.json",
    "log_data/../a.json",
    "/leading.json",
    "trailing/",
    "song_data/A/B/C/TR1.json",
    "song_data/AB/C/TR1.json",
    "with space and+plus.json",
    "per%20cent%.json",
    "mark<up>&\"quotes'.json",
    "ünïcode/日本/🎵.json",
    "e\u0301.json",
    "\u00e9.json",
    "tilde~star*.json",
    "new\nline\ttab\rreturn.json",
]

#: Beginnings of keys, which S3 takes as text and not as folders, and keys after which a listing begins.
PREFIXES = [
    "",
    "l",
    "log_data",
    "log_data/",
    "log_data/2018/11/2018-11-1",
    "song_data/A",
    "/",
    "with ",
    "per%",
    "ü",
    "none",
]
AFTER = [
    "",
    "log_data/",
    "log_data/2018/11/2018-11-12-events.json",
    "per%20cent%.json",
    "with space and+plus.json",
    "z",
]


def client(prepared: bool, url: str | None = None) -> Any:
    made = boto3.client(
        "s3", region_name="us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b"
    )
    if prepared:
        read_entries_here(made)
    return made


def by_boto3(s3: Any, prefix: str, after: str) -> list[tuple[str, str, int]]:
    start = {"StartAfter": after} if after else {}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="landing", Prefix=prefix, **start)
    return [
        (entry["Key"], entry["ETag"].strip('"'), entry["Size"])
        for page in pages
        for entry in page.get("Contents", [])
    ]


def by_us(s3: Any, prefix: str = "", after: str = "") -> list[tuple[str, str, int]]:
    return [(item.key, item.etag, item.size) for item in list_objects(s3, "landing", prefix, after)]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client(False, url).create_bucket(Bucket="landing")
    backend = s3_backends["123456789012"]["aws"]
    for key in [*KEYS, *(f"many/{number:04}" for number in range(1001))]:
        backend.put_object("landing", key, key.encode())
    yield url
    server.stop()


def test_a_bucket_is_listed_as_boto3_lists_it(endpoint: str) -> None:
    prepared, plain = client(True, endpoint), client(False, endpoint)
    left = []
    prepared.meta.events.register_last(
        "before-parse.s3.ListObjectsV2", lambda response_dict, **_: left.append(response_dict["body"])
    )
    for prefix in PREFIXES:
        for after in AFTER:
            expected = by_boto3(plain, prefix, after)
            assert by_us(prepared, prefix, after) == expected, (prefix, after)
            assert by_us(plain, prefix, after) == expected  # a client that was not prepared
    assert len(by_us(prepared)) == len(KEYS) + 1001
    assert len(left) > len(PREFIXES) * len(AFTER)  # some listings have two pages
    assert [body for body in left if b"<Contents>" in body] == []  # boto3 has parsed no entry of them


def test_the_time_is_that_of_the_object(endpoint: str) -> None:
    [entry] = client(False, endpoint).list_objects_v2(Bucket="landing", Prefix="song_data/A/")["Contents"]
    found = {
        next(list_objects(client(p, endpoint), "landing", "song_data/A/")).modified for p in (True, False)
    }
    assert {text.replace("Z", "+00:00").replace(".000", "") for text in found} == {
        entry["LastModified"].isoformat()
    }


def answering(body: bytes, prepared: bool) -> Any:
    """A client to which S3 answers a page."""
    s3 = client(prepared)

    def answer(request: Any, **_: Any) -> AWSResponse:
        raw: Any = BytesIO(body)
        raw.stream = lambda: iter([body])
        return AWSResponse(request.url, 200, {"content-type": "application/xml"}, raw)

    s3.meta.events.register("before-send.s3.ListObjectsV2", answer)
    return s3


def outcome(body: bytes, prepared: bool) -> Any:
    """What is listed of a page, or how it fails."""
    try:
        return by_us(answering(body, prepared))
    except Exception as error:  # noqa: BLE001 - whatever boto3 raises
        return type(error).__name__, str(error)


def page(*entries: str, encoding: str = "", declared: str = "UTF-8") -> bytes:
    told = f"<EncodingType>{encoding}</EncodingType>" if encoding else ""
    return (
        f'<?xml version="1.0" encoding="{declared}"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>landing</Name><IsTruncated>false</IsTruncated>{told}{''.join(entries)}</ListBucketResult>"
    ).encode(declared)


TIME = "<LastModified>2018-11-01T00:00:00.000Z</LastModified>"
A = f"<Contents><Key>a+b%2B</Key>{TIME}<ETag>&quot;e1&quot;</ETag><Size>1</Size></Contents>"

PAGES = {
    "as S3 writes it": page(A, A.replace("a+b", "c"), encoding="url"),
    "keys that are not encoded": page(A),
    "no entries": page(),
    "checksums, owner and class": page(
        A.replace("<Size>", "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType><Size>")
        .replace("</Contents>", "<Owner><ID>1</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>")
    ),
    "plain quotation marks": page(A.replace("&quot;", '"')),
    "a weak ETag": page(A.replace("&quot;e1&quot;", 'W/"e1"')),
    "an empty ETag": page(A.replace("e1", "")),
    "indented": page(A.replace("><", ">\n  <")),
    "the size first": page(A.replace(TIME, "").replace("<Key>", "<Size>7</Size>" + TIME + "<Key>"), A),
    "the ETag last": page(
        f"<Contents><Key>k</Key>{TIME}<Size>2</Size><ETag>e</ETag></Contents>", A
    ),
    "an entity in a key": page(A.replace("a+b", "a&amp;b"), A),
    "a reference to a character": page(A.replace("a+b", "a&#13;b&#x9;"), encoding="url"),
    "a return in a key": page(A.replace("a+b", "a\r\nb")),
    "CDATA": page(A.replace("a+b%2B", "<![CDATA[a<b]]>"), A),
    "a comment": page(f"<!-- {A} -->", A),
    "an entity of the document": b'<!DOCTYPE r [<!ENTITY e "x">]>' + page(A.replace("a+b", "&e;"))[39:],
    "a namespace with a name": page(A.replace("<", "<s:").replace("<s:/", "</s:"))
    .replace(b" xmlns=", b' xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/" xmlns='),
    "an attribute": page(A.replace("<Key>", '<Key x="1">'), A),
    "other letters": page(A.replace("a+b", "é"), encoding="url"),
    "another encoding": page(A.replace("a+b", "é"), declared="ISO-8859-1"),
    "two bytes a letter": page(A, declared="UTF-16"),
    "no size": page(A, A.replace("<Size>1</Size>", ""), A),
    "no ETag": page(A, A.replace("<ETag>&quot;e1&quot;</ETag>", "")),
    "an empty key": page(A.replace("a+b%2B", "")),
    "a size that is none": page(A.replace("<Size>1", "<Size>x")),
    "cut off": page(A, A)[:-40],
    "cut off in an entry": page(A, A)[:-70],
    "no XML": b"no XML",
    "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES.keys())
def test_a_page_says_what_it_says_to_boto3(body: bytes) -> None:
    assert outcome(body, prepared=True) == outcome(body, prepared=False)


@pytest.mark.parametrize(
    "name", ["as S3 writes it", "keys that are not encoded", "checksums, owner and class", "indented"]
)
def test_a_page_as_s3_writes_it_is_not_parsed_by_boto3(name: str) -> None:
    s3 = answering(PAGES[name], prepared=True)
    left = []
    s3.meta.events.register("before-parse.s3", lambda response_dict, **_: left.append(response_dict["body"]))
    assert by_us(s3)
    assert b"<Contents>" not in left[0]


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


@given(
    st.lists(st.tuples(TEXT, TEXT, st.integers(0, 10**13), st.permutations(range(4))), max_size=4),
    st.sampled_from(["", "url"]),
    st.sampled_from(["", "\n", "  "]),
)
@settings(deadline=None, max_examples=60)
def test_any_page_says_what_it_says_to_boto3(entries: list[Any], encoding: str, space: str) -> None:
    written = []
    for key, etag, size, order in entries:
        parts = [
            f"<Key>{escape(key)}</Key>", TIME, f'<ETag>"{escape(etag)}"</ETag>', f"<Size>{size}</Size>"
        ]  # fmt: skip
        written.append(f"<Contents>{space}{space.join(parts[n] for n in order)}{space}</Contents>")
    body = page(*written, encoding=encoding)
    assert outcome(body, prepared=True) == outcome(body, prepared=False)
