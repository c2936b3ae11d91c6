"""Values as COPY converts them, and those that a column does not take.

Expected values are AWS's, from https://docs.aws.amazon.com/redshift/latest/dg/: each test names its page.
"""

# ruff: noqa: E501, DTZ001 - one case a line; TIMESTAMP has no zone
from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest

from redshift_local import NotPortable

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]


# --- values: copy-parameters-data-conversion, copy-usage_notes-copy-from-json -----------------------------------------


def test_values_of_every_type(load: Callable) -> None:
    content = {
        "a": "Zoë", "i": -7, "f": 1.5, "b": True, "d": "2018-11-01", "ts": "2018-11-01 21:00:00.5", "o": "x", "c": "ab",
        "n": 12.5,
    }  # fmt: skip
    assert load(json.dumps(content), "*") == [
        (
            "Zoë",
            -7,
            1.5,
            True,
            date(2018, 11, 1),
            datetime(2018, 11, 1, 21, 0, 0, 500000),
            "x",
            "ab ",
            Decimal("12.50"),
        )
    ]


def test_a_missing_key_is_null_and_an_unknown_key_is_ignored(load: Callable) -> None:
    """copy-parameters-data-format: "COPY attempts to load NULL"; "any names that don't match are ignored"."""
    assert load('{"i":1,"zzz":2}\n{}\n{"a":null,"i":null}', "a, i") == [(None, 1), (None, None), (None, None)]


@pytest.mark.parametrize("blank", ["", " ", "  \\t "])
def test_empty_and_blank_are_null_but_for_text(load: Callable, blank: str) -> None:
    """copy-parameters-data-format: "empty strings for other data types, such as INT, are always loaded with NULL";
    BLANKSASNULL: "Blank fields for other data types, such as INT, are always loaded with NULL"."""
    content = f'{{"a":"{blank}","i":"{blank}","f":"{blank}","b":"{blank}","d":"{blank}","ts":"{blank}","n":"{blank}"}}'
    assert load(content, "a, i, f, b, d, ts, n") == [
        (json.loads(f'"{blank}"'), None, None, None, None, None, None)
    ]


def test_empty_as_null_and_blanks_as_null(load: Callable) -> None:
    content = '{"a":"","o":"  "}\n{"a":" x","o":""}'
    assert load(content, "a, o") == [("", "  "), (" x", "")]
    assert load(content, "a, o", "emptyasnull") == [(None, "  "), (" x", None)]
    assert load(content, "a, o", "blanksasnull") == [("", None), (" x", "")]


def test_values_that_are_no_text_as_text(load: Callable) -> None:
    """copy-usage_notes-copy-from-json: "the entire object or array is loaded as a string, including the braces or
    brackets", with the page's two examples."""
    content = (
        b'{"o":1}\n{"o":true}\n{"o":["nisi","culpa"]}\n{"o":{\n    "id": 1,\n    "name": "Renaldo"\n}}\n'
    )
    expected = ["1", "true", '["nisi","culpa"]', '{"id": 1,"name": "Renaldo"}']
    assert [value for (value,) in load(content, "o")] == expected


def test_backslashes_and_control_characters_stay(load: Callable) -> None:
    """JSON's escapes end with the parser. A backslash before a letter is not an escape of COPY's CSV."""
    texts = ["a\\nb", "\\", "\\\\", '\\"', '"', "a\nb", "\t\r\\n", "\\\n", "\x1f\\u001f", "\\N", "null", ""]
    content = "\n".join(json.dumps({"o": text}) for text in texts)
    assert [value for (value,) in load(content, "o")] == texts
    for text in texts:
        assert load(json.dumps({"o": text}), "o") == [(text,)]


def test_nesting_may_be_deep(load: Callable, errors: Callable) -> None:
    deep, deeper = "[" * 90 + "]" * 90, "[" * 5000 + "]" * 5000
    assert load(f'{{"o":{deep}}}\n{{"o":{deeper}}}\n{{"o":"x"}}', "o", "maxerror 2") == [(deep,), ("x",)]
    assert [row[:2] for row in errors()] == [("data.json", 2)]
    for depth in (200, 300, 700, 990, 1010, 1500):
        load(
            f'{{"i":1,"o":{"[" * depth + "]" * depth}}}', "o", "maxerror 2"
        )  # too long for the column, or too deep
        assert [row[:2] for row in errors()] == [("data.json", 1)]


def test_numbers_as_strings(load: Callable) -> None:
    """copy-usage_notes-copy-from-json, loss of precision: "represent the number as a string"."""
    content = '{"i":"12","f":"-1.5e3","b":"1","n":"123456.78"}\n{"i":" -3 ","f":".5","b":"F","n":"-0"}'
    assert load(content, "i, f, b, n") == [
        (12, -1500.0, True, Decimal("123456.78")), (-3, 0.5, False, Decimal(0)),
    ]  # fmt: skip


def test_numbers_as_strings_in_many_rows(sql: Sql, put: Put) -> None:
    """What the sources of event data do with user ids: digits, '' and now and then a number."""
    sql("create temp table t (i bigint, f double precision, a varchar(8))")
    values = ["12", "", "007", 34, None, "", "9007199254740993", "-5", " 6 ", "+7"]
    content = "\n".join(json.dumps({"i": value, "f": value, "a": value}) for value in values)
    sql("copy t from %s format json maxerror 2", (put("o", content),))
    assert sql("select i from t") == [(12,), (None,), (7,), (34,), (None,), (None,), (-5,), (6,), (7,)]
    assert sql("select a from t where a is not null") == [
        ("12",),
        ("",),
        ("007",),
        ("34",),
        ("",),
        ("-5",),
        (" 6 ",),
        ("+7",),
    ]
    sql("delete from t; copy t from %s format json", (put("o", content.replace("9007199254740993", "8")),))
    assert sql("select sum(i), sum(f), count(*) from t") == [(69, 69.0, 10)]
    sql("delete from t; copy t from %s format json", (put("o", '{"i":"5"}\n{"i":""}\n{"i":7}\n' * 1000),))
    assert sql("select sum(i), count(*) from t") == [(12_000, 3000)]


def test_floats_are_exact(load: Callable) -> None:
    numbers = [
        0.1,
        1e-7,
        123456789.123456789,
        1e22,
        5e-324,
        1.7976931348623157e308,
        182.85669,
        1540991795796.0,
        -0.0,
    ]
    content = "\n".join(json.dumps({"f": number}) for number in numbers)
    assert [repr(value) for (value,) in load(content, "f")] == [repr(number) for number in numbers]


def test_integers_are_exact_whatever_their_size(load: Callable, errors: Callable) -> None:
    digits = ["9007199254740993", "18446744073709551617", "123456789012345678901234567890"]
    assert [v for (v,) in load("\n".join(f'{{"o":{number}}}' for number in digits), "o")] == digits
    load("\n".join(f'{{"i":{number}}}' for number in digits), "i", "maxerror 9")
    assert [row[3] for row in errors()] == [1222, 1222, 1222]


def test_decimals_are_cut_not_rounded(load: Callable) -> None:
    """copy-roundec: "if a value of 20.259 is loaded into a DECIMAL(8,2) column, COPY truncates the value to 20.25"."""
    assert load('{"n":20.259}\n{"n":"-20.259"}', "n") == [(Decimal("20.25"),), (Decimal("-20.25"),)]


def test_escapes(load: Callable) -> None:
    """copy-usage-json-escape-characters: "COPY loads \\n as a newline character and loads \\t as a tab character"."""
    content = r'{"o":"a\\b\nc\td\r\"\/\u00e9\ud83d\ude00\u0001,"}' + "\n" + r'{"o":"\\.","a":"null"}' + "\n"
    expected = [('a\\b\nc\td\r"/é😀\x01,', None), ("\\.", "null")]
    assert load(content, "o, a") == expected


def test_text_that_looks_like_the_format_underneath(load: Callable) -> None:
    texts = [
        "null",
        "NULL",
        "\\N",
        "None",
        "\\.",
        '"',
        '""',
        ",",
        '","',
        "],[",
        "[",
        "x\\",
        '\\"',
        "'",
        "a\nb",
        "\n",
        " null",
    ]
    content = "\n".join(json.dumps({"o": text}) for text in texts)
    assert [value for (value,) in load(content, "o")] == texts


def test_the_last_of_equal_keys_counts(load: Callable) -> None:
    """Not documented by AWS; what most JSON parsers do."""
    assert load('{"i":1,"i":2}', "i") == [(2,)]


# --- lengths and characters: r_Character_types, multi-byte-character-load-errors --------------------------------------


def test_lengths_count_bytes(load: Callable, errors: Callable) -> None:
    """r_Character_types: "the declared length is in bytes"; COPY refuses what is too long, it does not cut it."""
    content = '{"a":"12345678"}\n{"a":"123456789"}\n{"a":"ññññ"}\n{"a":"ñññññ"}\n{"a":"😀😀"}\n{"c":"abcd"}'
    assert load(content, "a", "maxerror 9") == [("12345678",), ("ññññ",), ("😀😀",)]
    assert errors() == [
        ("data.json", 2, "a", 1204, "String length exceeds DDL length"),
        ("data.json", 4, "a", 1204, "String length exceeds DDL length"),
        ("data.json", 6, "c", 1204, "String length exceeds DDL length"),
    ]


def test_truncatecolumns_cuts_to_the_length_between_characters(load: Callable) -> None:
    """copy-truncatecolumns: "truncates data in columns to the appropriate number of characters so that it fits"."""
    content = '{"a":"123456789","c":"abcd"}\n{"a":"ñññññ"}\n{"a":"1234567ñ"}'
    assert load(content, "a, c", "truncatecolumns") == [
        ("12345678", "abc"),
        ("ññññ", None),
        ("1234567", None),
    ]


def test_char_takes_single_byte_characters_only(load: Callable, errors: Callable) -> None:
    """multi-byte-character-load-errors: "Columns with a CHAR data type only accept single-byte UTF-8 characters"."""
    assert load('{"c":"ab"}\n{"c":"ñ"}', "c", "maxerror 2") == [("ab ",)]
    assert errors() == [
        ("data.json", 2, "c", 1220, "Multibyte character not supported for CHAR (Hint: try using VARCHAR). Invalid char: c3 b1")
    ]  # fmt: skip


def test_invalid_utf_8(load: Callable, errors: Callable) -> None:
    """copy-acceptinvchars: "If ACCEPTINVCHARS is not specified, COPY returns an error"; else "each invalid character is
    replaced with a string of equal length consisting of the character"; the default is a question mark."""
    content = b'{"a":"x"}\n{"a":"b\xff\xfe"}\n{"a":"\xe0\xa1"}\n{"a":"y"}'
    assert load(content, "a", "maxerror 5") == [("x",), ("y",)]
    assert [row[:2] for row in errors()] == [("data.json", 2), ("data.json", 3)]
    assert load(content, "a", "acceptinvchars") == [("x",), ("b??",), ("??",), ("y",)]
    assert load(content, "a", "acceptinvchars as '^'") == [("x",), ("b^^",), ("^^",), ("y",)]


def test_nul_is_refused(load: Callable, errors: Callable) -> None:
    """copy-null-as: NUL "terminates the record" in Redshift; here it is refused, so that nothing is lost in silence."""
    assert load('{"a":"x\\u0000y"}\n{"a":"z"}', "a", "maxerror 2") == [("z",)]
    assert [row[:4] for row in errors()] == [("data.json", 1, "a", 1220)]


# --- what a column does not take: r_Load_Error_Reference --------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("i", '"x1"', 1207), ("i", '"0x1F"', 1207), ("i", '"1_000"', 1207), ("i", "1.5", 1207), ("i", "true", 1207),
        ("i", "[1]", 1207), ("i", "2147483648", 1222), ("i", '"-2147483649"', 1222), ("f", '"x"', 1208),
        ("f", '"0x10"', 1208), ("f", '"NaN"', 1208), ("f", '"1e400"', 1208), ("f", "{}", 1208), ("n", "1234567.0", 1204),
        ("n", '"x"', 1209), ("b", '"on"', 1210), ("b", "2", 1210), ("d", '"01/11/2018"', 1205), ("d", '"2018-02-30"', 1205),
        ("d", '"today"', 1205), ("ts", '"2018-11-01T21:00:00Z"', 1206), ("ts", '"2018-13-01 00:00:00"', 1206),
        ("ts", "1541030415657", 1206), ("ts", '"now"', 1206),
    ],
)  # fmt: skip
def test_values_that_a_column_does_not_take(
    load: Callable, errors: Callable, column: str, value: str, code: int
) -> None:
    assert load(f'{{"a":"before"}}\n{{"{column}":{value}}}\n{{"a":"after"}}', "a", "maxerror 2") == [
        ("before",),
        ("after",),
    ]
    ((name, line, where, found, message),) = errors()
    assert (name, line, where, found) == ("data.json", 2, column, code)
    assert message


def test_null_for_a_column_that_is_not_null(sql: Sql, put: Put, errors: Callable) -> None:
    """r_Load_Error_Reference 1213: "A field specified as NOT NULL contained no data"."""
    sql("create temp table t (a varchar(8) not null, i integer not null)")
    sql(
        "copy t from %s format json maxerror 5",
        (put("o", '{"a":"x","i":1}\n{"i":1}\n{"a":"","i":2}\n{"a":"y","i":""}'),),
    )
    assert sql("select * from t") == [("x", 1), ("", 2)]
    assert [row[:4] for row in errors()] == [("o", 2, "a", 1213), ("o", 4, "i", 1213)]


def test_times_in_epochs(load: Callable) -> None:
    """copy-timeformat: 'epochsecs' and 'epochmillisecs', "the number of seconds or milliseconds since January 1, 1970,
    00:00:00 UTC"; "the keywords are case-sensitive"."""
    moment = datetime(2018, 11, 1, 0, 0, 15, 657000)
    content = '{"ts":1541030415657}\n{"ts":"1541030415657"}\n{"ts":""}'
    assert load(content, "ts", "timeformat 'epochmillisecs'") == [(moment,), (moment,), (None,)]
    assert load('{"ts":1541030415}', "ts", "timeformat as 'epochsecs'") == [(moment.replace(microsecond=0),)]
    assert load('{"ts":"2018-11-01T00:00:15.657"}', "ts", "timeformat 'auto'") == [(moment,)]
    with pytest.raises(NotPortable, match="TIMEFORMAT"):
        load(content, "ts", "timeformat 'EpochMilliSecs'")
