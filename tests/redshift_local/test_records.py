"""Where records begin and end in the bytes of an object.

Expected values follow https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-json:
objects are separated by white space only; "if COPY encounters any non-white space characters before locating a usable
JSON structure, or between valid JSON objects or arrays, COPY returns an error for each instance"; "the LINE_NUMBER
column records the last line of the JSON object that caused the error"; an object has at most 4 MB.
"""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redshift_local.copy import records
from redshift_local.copy.jsonpaths import mapping
from redshift_local.copy.records import MAX_BYTES, Record, read_blocks
from tests.measure import peak_memory

BAD = "bad"


def read_whole(data: bytes) -> list[Record]:
    """The records and faults of an object that is read in one piece."""
    return records._find(data, 0, final=True)[0]


def found(data: bytes) -> list[tuple[int, Any]]:
    """Line and value of everything in the data."""
    return [(line, BAD if isinstance(value, ValueError) else value) for line, value, _ in read_whole(data)]


def in_blocks(data: bytes, size: int) -> list[tuple[int, Any, bytes]]:
    result = []
    for block in read_blocks(io.BytesIO(data), size=size):
        result += [
            (line, BAD if isinstance(value, ValueError) else value, raw) for line, value, raw in block.records
        ]
    return result


CASES: list[tuple[str, bytes, list[tuple[int, Any]]]] = [
    ("nothing", b"", []),
    ("blank lines", b"\n \n\t\r\n", []),
    ("one a line", b'{"a":1}\n{"a":2}\n', [(1, {"a": 1}), (2, {"a": 2})]),
    ("no last newline", b'{"a":1}\n{"a":2}', [(1, {"a": 1}), (2, {"a": 2})]),
    ("windows line ends", b'{"a":1}\r\n{"a":2}\r\n', [(1, {"a": 1}), (2, {"a": 2})]),
    ("blank lines between", b'\n{"a":1}\n\n\n{"a":2}\n\n', [(2, {"a": 1}), (5, {"a": 2})]),
    ("several on a line", b'{"a":1} {"a":2}{"a":3}\n{"a":4}', [(1, {"a": 1}), (1, {"a": 2}), (1, {"a": 3}), (2, {"a": 4})]),
    ("over several lines", b'{\n "a": 1\n}\n{\n "a": 2}\n', [(3, {"a": 1}), (5, {"a": 2})]),
    ("over several lines and nested", b'{"a":\n[{\n"b":1}]\n}', [(4, {"a": [{"b": 1}]})]),
    ("brackets and quotes in strings", b'{"a":"}{][\\"\\\\"}\n{"a":"\\\\"} {"b":"{"}', [(1, {"a": '}{]["\\'}), (2, {"a": "\\"}), (2, {"b": "{"})]),
    ("array of the root", b'[1,"x"]\n[{"a":1},\n{"a":2}]\n{"a":3}', [(1, [1, "x"]), (3, [{"a": 1}, {"a": 2}]), (4, {"a": 3})]),
    ("stray line", b'{"a":1}\nnot json\n{"a":2}', [(1, {"a": 1}), (2, BAD), (3, {"a": 2})]),
    ("stray text on the line of an object", b'x {"a":1} y\n{"a":2}', [(1, BAD), (1, {"a": 1}), (1, BAD), (2, {"a": 2})]),
    ("objects separated by commas", b'{"a":1},\n{"a":2}', [(1, {"a": 1}), (1, BAD), (2, {"a": 2})]),
    ("two objects and a comma on a line", b'{"a":1},{"a":2}\n{"a":3}', [(1, {"a": 1}), (1, BAD), (1, {"a": 2}), (2, {"a": 3})]),
    ("scalars", b'null\n1\n"x"\n{"a":1}', [(1, BAD), (2, BAD), (3, BAD), (4, {"a": 1})]),
    ("byte order mark", b'\xef\xbb\xbf{"a":1}\n{"a":2}', [(1, BAD), (1, {"a": 1}), (2, {"a": 2})]),
    ("cut object", b'{"a":1}\n{"a":2\n{"a":3}\n', [(1, {"a": 1}), (2, BAD), (3, {"a": 3})]),
    ("cut at the end", b'{"a":1}\n{"a":', [(1, {"a": 1}), (2, BAD)]),
    ("cut string", b'{"a":"x\n{"a":"y"}', [(1, BAD), (2, {"a": "y"})]),
    ("two cut objects in turn", b'{"a":1\n{"b":2\n{"a":3}', [(1, BAD), (2, BAD), (3, {"a": 3})]),
    ("not a number", b'{"a":NaN}\n{"a":Infinity}\n{"a":1}', [(1, BAD), (2, BAD), (3, {"a": 1})]),
    ("invalid UTF-8", b'{"a":"\xff"}\n{"a":1}', [(1, BAD), (2, {"a": 1})]),
    ("half of a surrogate pair", b'{"a":"\\ud800"}\n{"a":1}', [(1, BAD), (2, {"a": 1})]),
    ("malformed, over several lines", b'{\n"a": oops\n}\n{"a":1}', [(3, BAD), (4, {"a": 1})]),
    ("line break in a string", b'{"a":"x\ny"}\n{"a":1}', [(2, BAD), (3, {"a": 1})]),
    ("single quotes", b"{'a':1}\n{\"a\":1}", [(1, BAD), (2, {"a": 1})]),
    ("array that does not end", b'[1,\n2\n{"a":1}\n{"a":2}', [(2, BAD), (3, {"a": 1}), (4, {"a": 2})]),
    ("array that does not end before another", b'[1,\n{"a":1}\n[2]', [(1, BAD), (2, {"a": 1}), (3, [2])]),
    ("string with brackets", b'"a {} [1] {\\"b\\":2}"\n{"a":1}', [(1, BAD), (2, {"a": 1})]),
    ("string on the line of an object", b'"x" {"a":1} "y"', [(1, BAD), (1, {"a": 1}), (1, BAD)]),
    ("binary", b"\x00\x01\x02\n{\"a\":1}", [(1, BAD), (2, {"a": 1})]),
    # What a parser of joined lines would take for three objects on three lines.
    ("lines that balance out", b'{"c":[{}\n{}]}\n{"a":1},{"b":2}\n', [(1, BAD), (2, {}), (2, BAD), (3, {"a": 1}), (3, BAD), (3, {"b": 2})]),
    ("a vertical tab is no white space of JSON", b'\x0b\n{"a":1}\n', [(1, BAD), (2, {"a": 1})]),
    ("nor is a form feed before an object", b'\x0c{"a":1}\n{"a":2}', [(1, BAD), (1, {"a": 1}), (2, {"a": 2})]),
    ("nor either of them behind one", b'{"a":1} \x0b\n{"a":2}\x0c', [(1, {"a": 1}), (1, BAD), (2, {"a": 2}), (2, BAD)]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_records_of_an_object(data: bytes, expected: list[tuple[int, Any]]) -> None:
    assert found(data) == expected


@pytest.mark.parametrize("data", [case[1] for case in CASES], ids=[case[0] for case in CASES])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 1 << 16])
def test_blocks_hold_the_same(data: bytes, size: int) -> None:
    whole = [
        (line, BAD if isinstance(value, ValueError) else value, raw) for line, value, raw in read_whole(data)
    ]
    assert in_blocks(data, size) == whole


@pytest.mark.parametrize("data", [case[1] for case in CASES], ids=[case[0] for case in CASES])
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
@pytest.mark.parametrize("columns", ["ab", "x", "aa", ['a"b', "a"]])
def test_rows_are_parsed_where_records_are_found(data: bytes, size: int, columns: Sequence[str]) -> None:
    """COPY parses plain lines into rows at once: with known keys, unknown ones, one for two columns, a quote."""
    mapped = mapping("auto", columns, lambda url: b"")
    rows = [
        value if block.found is None else mapped.row(value)
        for block in read_blocks(io.BytesIO(data), size=size, parse=mapped.rows)
        for value in block.values
        if not isinstance(value, list)
    ]
    objects = [value for _, value in found(data) if isinstance(value, dict)]
    assert rows == [tuple(value.get(key) for key in columns) for value in objects]


lines = st.sampled_from([b'{"a":1}', b'{"b":{"c":[1,{}]}}', b'{"a":"},{"}', b"", b" ", b"[1]", b"x", b"{", b"}", b'{"a":1},{"b":2}', b'{"c":[{}', b"{}]}", b'"', b"[1,", b'"{}"', b"null"])  # fmt: skip


@given(st.lists(lines), st.sampled_from([b"\n", b"\r\n"]), st.integers(1, 40))
def test_any_cut_gives_the_same_records(parts: list[bytes], newline: bytes, size: int) -> None:
    data = newline.join(parts)
    whole = [
        (line, BAD if isinstance(value, ValueError) else value, raw) for line, value, raw in read_whole(data)
    ]
    assert in_blocks(data, size) == whole


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(values), st.booleans(), st.integers(1, 60))
def test_what_is_no_object_is_one_fault_each(items: list[object], ensure_ascii: bool, size: int) -> None:
    """Any JSON, one value a line: objects and arrays are values, and each of the others is a fault with its text."""
    texts = [json.dumps(item, ensure_ascii=ensure_ascii) for item in items]
    expected = [
        (json.loads(text) if isinstance(item, dict | list) else BAD, text.encode())
        for item, text in zip(items, texts, strict=True)
    ]
    found_in_blocks = in_blocks("\n".join(texts).encode(), size)
    assert [line for line, _, _ in found_in_blocks] == list(range(1, len(items) + 1))
    assert [(value, raw) for _, value, raw in found_in_blocks] == expected


@given(st.lists(st.dictionaries(st.text(max_size=3), values, max_size=3)), st.data())
def test_sound_objects_are_all_found(objects: list[dict], data: st.DataObject) -> None:
    """However they are written: Python's json module is the model."""
    texts = [
        json.dumps(item, indent=data.draw(st.sampled_from([None, 1])), ensure_ascii=data.draw(st.booleans()))
        for item in objects
    ]
    blanks = [data.draw(st.sampled_from([" ", "\n", "\r\n", "\n\n"])) for _ in texts]
    content = "".join(text + blank for text, blank in zip(texts, blanks, strict=True)).encode()
    expected = [json.loads(text) for text in texts]
    assert [value for _, value, _ in in_blocks(content, data.draw(st.integers(1, 60)))] == expected


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "ü c", "x"]), values, max_size=4), min_size=1))
def test_rows_are_those_of_pythons_parser(objects: list[dict]) -> None:
    texts = [json.dumps(item) for item in objects]
    rows = mapping("auto", ["ü c", "a"], lambda url: b"").rows("\n".join(texts).encode())
    expected = [(value.get("ü c"), value.get("a")) for value in map(json.loads, texts)]
    assert [json.dumps(row) for row in rows] == [json.dumps(row) for row in expected]


@pytest.mark.parametrize("size", [1 << 16, 1 << 20, 1 << 24])
def test_an_object_over_4_mb_is_refused_and_its_neighbours_are_not(size: int) -> None:
    largest = b'{"a":"' + b"x" * (MAX_BYTES - 8) + b'"}'
    too_large = b'{"a":"' + b"x" * (MAX_BYTES - 7) + b'"}'
    far_too_large = b'{"a":"' + b"x" * (3 * MAX_BYTES) + b'"}'
    data = b'{"a":0}\n' + largest + b"\n" + too_large + b'\n{"a":3}\n' + far_too_large + b'\n{"a":5}\n'
    sizes = [
        (line, value if value == BAD else len(str(value["a"]))) for line, value, _ in in_blocks(data, size)
    ]
    assert sizes == [(1, 1), (2, MAX_BYTES - 8), (3, BAD), (4, 1), (5, BAD), (6, 1)]


@pytest.mark.parametrize(
    ("piece", "count"), [(b'{"a":1}\n' * 10_000, 60), (b"[" + b"1," * 50_000, 2000), (b"x" * 100_000, 2000)]
)
def test_memory_does_not_grow_with_the_object(piece: bytes, count: int) -> None:
    """Neither for many records (kept, they would take 140 MB) nor for one that does not end (200 MB)."""
    assert peak_memory(read_long, piece, count) < 80_000_000


def read_long(piece: bytes, count: int) -> None:
    class Long:
        left = count

        def read(self, size: int, /) -> bytes:
            self.left -= 1
            return piece if self.left >= 0 else b""

    for _ in read_blocks(Long()):
        pass


@pytest.mark.parametrize("line", [b"[\n", b"{\n", b'{"a":\n', b"[[[[[\n", b'x { "\n', b"}\n", b"{ [ { [\n"])
def test_what_does_not_close_is_not_searched_again_and_again(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    brackets, passed = records._BRACKETS, 0

    class Counted:
        def finditer(self, data: bytes, start: int, end: int) -> Iterator[re.Match[bytes]]:
            nonlocal passed
            for match in brackets.finditer(data, start, end):
                passed += match.end() - start
                start = match.end()
                yield match
            passed += end - start

    monkeypatch.setattr(records, "_BRACKETS", Counted())
    data = line * (20_000 // len(line))
    for _ in read_blocks(io.BytesIO(data)):
        pass
    assert passed < 4 * len(data)


def test_what_does_not_end_is_not_read_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    find = records._find
    monkeypatch.setattr(
        records, "_find", lambda data, *a, **k: looked_at.append(len(data)) or find(data, *a, **k)
    )
    data = b"[" + b"1,\n" * 1_300_000  # just under what one object may have
    for _ in read_blocks(io.BytesIO(data), size=1 << 14):
        pass
    assert sum(looked_at) < 4 * len(data)


def test_blocks_say_where_they_begin() -> None:
    data = b"".join(b'{"a":%d}\n' % number for number in range(1000)) + b'oops\n{"a":\n1}\n'
    for block in read_blocks(io.BytesIO(data), size=100):
        assert data[block.offset : block.offset + len(block.data)] == block.data
        assert data.count(b"\n", 0, block.offset) == block.line


def test_integers_of_any_size_are_kept_as_written() -> None:
    assert records.parse_value(b'{"a":123456789012345678901234567890,"b":0.1}') == {
        "a": 123456789012345678901234567890,
        "b": 0.1,
    }
