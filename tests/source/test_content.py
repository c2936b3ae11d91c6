"""What an object's bytes are: text, gzip, or neither; decided by the bytes, and by the key only where it names gzip."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkify_assets.source.content import START_BYTES, Unreadable, form_of, start_of_text, text_of

TEXT = json.dumps({"artist": "Zoë", "song": "歌"}, ensure_ascii=False) + "\n"
MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize("key", ["a.json", "a.json.gz"])
@pytest.mark.parametrize("mark", [b"", MARK])
def test_gzip_is_read_whatever_the_key_says(key: str, mark: bytes) -> None:
    data = gzip.compress(mark + TEXT.encode())
    assert form_of(key, data) == (True, bool(mark))
    assert text_of(key, data) == TEXT.encode()
    assert start_of_text(key, data, 10_000) == TEXT.encode()


@pytest.mark.parametrize("mark", [b"", MARK])
def test_text_is_read_as_it_is_without_its_mark(mark: bytes) -> None:
    data = mark + TEXT.encode()
    assert form_of("a.json", data) == (False, bool(mark))
    assert text_of("a.json", data) == start_of_text("a.json", data, 10_000) == TEXT.encode()


def test_a_long_name_in_the_header_of_gzip_does_not_hide_the_mark() -> None:
    packed = gzip.compress(MARK + TEXT.encode())
    named = packed[:3] + bytes([packed[3] | 8]) + packed[4:10] + b"x" * 255 + b"\0" + packed[10:]
    assert text_of("a.json", named) == TEXT.encode()
    assert form_of("a.json", named[:START_BYTES]) == (True, True)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_other_encodings_are_named(encoding: str, marked: bool, packed: bool) -> None:
    data = ("\ufeff" * (marked and encoding[6:] != "") + TEXT).encode(encoding)
    with pytest.raises(Unreadable, match=encoding[:6].upper()):
        text_of("a.json", gzip.compress(data, mtime=0) if packed else data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (TEXT.encode(), "no gzip"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], "gzip"),
        (gzip.compress(TEXT.encode(), mtime=0)[:5], "gzip"),
        (
            gzip.compress(gzip.compress(TEXT.encode(), mtime=0), mtime=0),
            "gzip that was compressed by gzip again",
        ),
        (b"PK\x03\x04", "no gzip"),
    ],
)
def test_what_a_key_in_gz_promises_and_is_not_there(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        text_of("a.json.gz", data)


@given(st.binary(max_size=40))
def test_bytes_of_any_kind_are_text_or_are_refused_with_a_reason(data: bytes) -> None:
    reason = ""
    try:
        text = text_of("a.json", data)
    except Unreadable as error:
        reason = str(error)
    assert re.search("gzip|UTF|packed|archive|Parquet", reason) if reason else text == data.removeprefix(MARK)


def test_bytes_that_are_no_text_are_not_taken_for_another_encoding() -> None:
    for data in (bytes(range(256)), bytes(64), b"\0\1\2\3"):
        assert text_of("a.json", data) == data
