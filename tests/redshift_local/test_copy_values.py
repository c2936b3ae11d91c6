"""Values that COPY keeps, repairs or refuses, as AWS's pages say: nested values, characters, blanks, times, errors.

Expected values are AWS's, from https://docs.aws.amazon.com/redshift/latest/dg/: each test names its page.
"""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from redshift_local import CopyError
from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]

DETAILS = """
    select line_number, trim(colname), err_code, position, trim(err_reason), trim(raw_field_value)
    from stl_load_errors where query = pg_last_copy_id() order by line_number
"""


@pytest.mark.parametrize(
    ("written", "loaded"),
    [
        ('{"x":1.10,"y":1e5,"id":123456789012345678901234567890}', '{"x": 1.10,"y": 1e5,"id": 123456789012345678901234567890}'),
        ('{ "a" : [ 1 , 2.50 ],\t"b" : {} }', '{"a": [1,2.50],"b": {}}'),
        (r'["a : \"b\" , \\", "\u00e9", null, true]', r'["a : \"b\" , \\","\u00e9",null,true]'),
        ("1.10", "1.10"), ("1e5", "1e5"), ("-0.0", "-0.0"),
    ],
)  # fmt: skip
def test_what_is_no_text_becomes_text_as_it_is_written(
    load: Callable, sql: Sql, put: Put, written: str, loaded: str
) -> None:
    """copy-usage_notes-copy-from-json: "the entire object or array is loaded as a string, including the braces or
    brackets"; its example shows a blank after each colon, and no other white space, of an object on several lines."""
    assert load(f'{{"o":{written}}}\n{{"i":1,"o":"x"}}', "o") == [(loaded,), ("x",)]
    assert load(f'{{"O":{written}}}', "o", json_option="auto ignorecase") == [(loaded,)]
    sql("create temp table p (o varchar(200))")
    paths = put("p", json.dumps({"jsonpaths": ["$.x[1].y"]}))
    sql("copy p from %s format json %s", (put("o", f'{{"x": [0, {{"y": {written}}}]}}'), paths))
    assert sql("select o from p") == [(loaded,)]


@pytest.mark.parametrize(
    ("content", "column", "reason", "position"),
    [
        (b'{"a":"b\xa4c"}', "a", "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: a4 (error 3)", 1),
        (b'{"i":1,"a":"\xc3\xa9\xe0\xa1"}', "a", "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: e0 a1 (error 2)", 1),
        (b'{"a":"\xed\xa0\x80"}', "a", "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: ed (error 5)", 0),
        (b'{"o":["\xe9t\xe9"]}', "o", "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: e9 (error 4)", 2),
        (b'{"c":"\xf8"}', "c", "Multibyte character not supported for CHAR (Hint: try using VARCHAR). Invalid char: f8", 0),
    ],
)  # fmt: skip
def test_invalid_utf_8_is_named_with_its_column_and_bytes(
    load: Callable, sql: Sql, content: bytes, column: str, reason: str, position: int
) -> None:
    """multi-byte-character-load-errors: error 1220, and "the error reason includes an error code as well as the not
    valid UTF-8 hex sequence"."""
    load(b'{"i":7}\n' + content + b'\n{"i":8}', "i", "maxerror 2")
    ((line, name, code, at, why, _),) = sql(DETAILS)
    assert (line, name, code, at, why) == (2, column, 1220, position, reason[:100].strip())


@pytest.mark.parametrize("point", [0xFFFE, 0xFFFF, 0xFDD0, 0xFDEF, 0x1FFFF, 0x10FFFE])
def test_acceptinvchars_replaces_code_points_that_are_no_characters(load: Callable, point: int) -> None:
    """multi-byte-character-load-errors: "If the ACCEPTINVCHARS option isn't set, Amazon Redshift accepts the characters";
    copy-acceptinvchars: "a string of equal length consisting of the character"."""
    content = f'{{"a":"x{chr(point)}y"}}'
    assert load(content) == [(f"x{chr(point)}y",)]
    assert load(content, options="acceptinvchars '^'") == [("x" + "^" * len(chr(point).encode()) + "y",)]


def test_acceptinvchars_is_for_varchar_only(load: Callable, errors: Callable) -> None:
    """copy-acceptinvchars: "ACCEPTINVCHARS is valid only for VARCHAR columns"."""
    content = b'{"a":"x\xffy"}\n{"c":"x\xff"}\n{"a":"z","c":"z"}'
    assert load(content, "a, trim(c)", "acceptinvchars maxerror 2") == [("x?y", None), ("z", "z")]
    assert [row[:4] for row in errors()] == [("data.json", 2, "c", 1220)]


def test_blanks_beyond_a_column_are_dropped(load: Callable, errors: Callable) -> None:
    """r_Character_types: "unless the extra characters are all spaces, in which case the string is truncated"."""
    texts = [
        "12345678   ",
        "1234567  ",
        "ññññ ",
        "x" + " " * 20,
        "          ",
        "123456789 ",
        "1234 \\",
        "a\nb        ",
    ]
    content = "\n".join(json.dumps({"a": text, "c": "ab   "}) for text in texts)
    loaded = load(content, "a, c", "maxerror 3")
    assert [value for value, _ in loaded] == [
        "12345678",
        "1234567 ",
        "ññññ",
        "x       ",
        "        ",
        "1234 \\",
        "a\nb     ",
    ]
    assert {value for _, value in loaded} == {"ab "}
    assert [row[:4] for row in errors()] == [("data.json", 6, "a", 1204)]
    assert load('{"a":"12345678 "}\n{"a":"x"}') == [("12345678",), ("x",)]


def test_the_time_of_a_date_is_ignored(load: Callable) -> None:
    """copy-dateformat: "The date format can include time information (hour, minutes, seconds), but this information is
    ignored"."""
    assert load('{"d":"2018-10-30 17:06:06"}\n{"d":"2018-10-30"}', "d") == [(date(2018, 10, 30),)] * 2


@pytest.mark.parametrize("offset", ["-8:00", "-08", "-08:00", " -8"])
def test_offsets_of_timestamptz(sql: Sql, put: Put, offset: str) -> None:
    """r_DATEFORMAT_and_TIMEFORMAT_strings: "YYYY-MM-DD HH:MI:SSOF, where OF is the offset from UTC (for example, -8:00"."""
    sql("create temp table z (t timestamptz)")
    sql("copy z from %s format json", (put("o", f'{{"t":"2018-10-30 17:06:06{offset}"}}'),))
    assert sql("select t from z") == [(datetime(2018, 10, 31, 1, 6, 6, tzinfo=UTC),)]


def test_counts_of_seconds_are_digits(load: Callable, errors: Callable) -> None:
    load('{"ts":"1_000"}\n{"ts":"-1"}\n{"ts":"1e3"}', "ts", "timeformat 'epochmillisecs' maxerror 3")
    assert [row[:4] for row in errors()] == [("data.json", 1, "ts", 1206), ("data.json", 3, "ts", 1206)]


def test_errors_name_types_and_positions(load: Callable, sql: Sql) -> None:
    """r_STL_LOAD_ERRORS: "Invalid digit, Value 'a', Pos 0, Type: Integer"; position: "Position of the error in the field"."""
    load('{"i":"a"}\n{"i":"12x"}\n{"i":3000000000}\n{"n":"x"}\n{"c":"aé"}\n[1]', "i", "maxerror 7")
    assert [(*row[:4], row[4][:45]) for row in sql(DETAILS)] == [
        (1, "i", 1207, 0, "Invalid digit, Value 'a', Pos 0, Type: Intege"),
        (2, "i", 1207, 2, "Invalid digit, Value 'x', Pos 2, Type: Intege"),
        (3, "i", 1222, 0, "Overflow, Value '3000000000', Type: Integer"),
        (4, "n", 1209, 0, "Invalid number, Value 'x', Type: Decimal"),
        (5, "c", 1220, 1, "Multibyte character not supported for CHAR (H"),
        (6, None, 1216, None, "Invalid JSON: an array needs a jsonpaths file"),
    ]


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_copy_that_failed_for_its_data_is_the_last_one(
    connection: Connection, sql: Sql, put: Put, autocommit: bool
) -> None:
    """PG_LAST_COPY_ID: "If the COPY fails because of invalid load data, the COPY ID is updated, so you can use it when
    you query STL_LOAD_ERRORS"; PG_LAST_COPY_COUNT: "If the last COPY failed during the load, returns 0"."""
    connection.autocommit = True
    sql("create temp table t (i integer)")
    sql("copy t from %s format json", (put("o", '{"i":1}\n{"i":2}'),))
    before = sql("select pg_last_copy_id()")
    connection.autocommit = autocommit
    with pytest.raises(CopyError) as caught:
        sql("copy t from %s format json", (put("o", '{"i":"x"}'),))
    if not autocommit:
        connection.rollback()
    assert sql("select pg_last_copy_id(), pg_last_copy_count()") == [(caught.value.query_id, 0)] != before
    assert [row[:3] for row in sql(DETAILS)] == [(1, "i", 1207)]
    last = sql("select pg_last_copy_id()")
    with pytest.raises(CopyError):
        sql("copy t from 'file:///nowhere/' format json")
    if not autocommit:
        connection.rollback()
    assert sql("select pg_last_copy_id()") == last


def test_decimals_beyond_a_float_as_strings(load: Callable) -> None:
    assert load('{"n":"123456.789012345678901"}', "n") == [(Decimal("123456.78"),)]
