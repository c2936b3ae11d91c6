"""The objects below a prefix of S3, listed by boto3 for a small part of what its parser costs.

boto3 makes Python objects of every field of every object. A listing needs four of them, so the entries of a page are
read here, in one pass over its text. boto3 does all the rest: it signs, sends and retries the requests, and parses
everything of the page but its entries. A page that is not written as S3 writes it is left to boto3 altogether.

Belongs here: the entries of a page. Does not belong here: what a key or an error means (`s3_errors`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

#: The beginning of an entry of a page, in S3's order (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
_ENTRY = re.compile(
    r"<Contents>\s*+<Key>([^<&\r]++)</Key>\s*+<LastModified>([^<&]++)</LastModified>\s*+"
    r'<ETag>(?:&quot;|")*+([^<&"]*+)(?:&quot;|")*+</ETag>[^<]*+'
    r"(?:<(?!Size>)[^<]*+)*+<Size>(\d++)</Size>"  # checksums, if there are any, stand before the size
)

#: Where the entries of a page are in boto3's response.
_ENTRIES = "entries"


class Listed(NamedTuple):
    """An object of a listing: `modified` is a time in ISO 8601, and `etag` is without quotation marks."""

    key: str
    modified: str
    etag: str
    size: int


def read_entries_here(client: S3Client) -> None:
    """Prepare a client for `list_objects`. Its own pages of ListObjectsV2 no longer have `Contents`."""
    # boto3 calls the handlers of a wildcard first, and one of its own for `s3` parses the whole page.
    client.meta.events.register("before-parse.*.ListObjectsV2", _take_entries)


def list_objects(client: S3Client, bucket: str, prefix: str, after: str = "") -> Iterator[Listed]:
    """The objects whose keys begin with `prefix` and come after the key `after`, in S3's order. Raises boto3's errors.

    A client that was not prepared lists the same objects with boto3's parser.
    """
    start = {"StartAfter": after} if after else {}
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **start)  # type: ignore[arg-type]
    page: Any
    for page in pages:
        if _ENTRIES in page:
            # boto3 asks for keys in this encoding, and decodes them in the same way.
            decoded = unquote_plus if page.get("EncodingType") == "url" else str
            for key, modified, etag, size in page[_ENTRIES]:
                yield Listed(decoded(key), modified, etag, int(size))
        else:
            for entry in page.get("Contents", []):
                modified = entry["LastModified"].isoformat()
                yield Listed(entry["Key"], modified, entry["ETag"].strip('"'), entry["Size"])


def _take_entries(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Take the entries out of the XML of a page before boto3 parses it, if every one of them is understood.

    Whatever could make XML mean something else than its text (comments, CDATA, entities, another encoding) is left to
    boto3.
    """
    body = response_dict["body"]
    if not body.isascii() or b"<!" in body:
        return
    text = body.decode("ascii")
    first = text.find("<Contents>")
    entries = _ENTRY.findall(text, first) if first >= 0 else []
    if entries and len(entries) == text.count("<Contents>"):
        behind = text.rindex("</Contents>") + len("</Contents>")
        response_dict["body"] = (text[:first] + text[behind:]).encode("ascii")
        customized_response_dict[_ENTRIES] = entries
