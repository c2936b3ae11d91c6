"""COPY of text files: delimited, CSV and of fixed widths.

Expected values are AWS's, from https://docs.aws.amazon.com/redshift/latest/dg/: each test names its page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redshift_local import CopyError
from redshift_local.copy import delimited
from redshift_local.copy.columns import Column
from redshift_local.copy.delimited import Delimited, Layout

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]

BAD_BYTES = "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: a4 (error 3)"
TABLE = "drop table if exists t; create temp table t (i integer, a varchar(50), c char(3))"


@pytest.fixture
def copied(sql: Sql, put: Put) -> Callable[..., list[tuple]]:
    """The rows of a text file after a COPY."""

    def copied(content: bytes | str, options: str = "", columns: str = "i, a") -> list[tuple]:
        sql(TABLE)
        url = put("rows.txt", content)
        sql(f"copy t ({columns}) from '{url}' iam_role default {options}")
        return sql(f"select {columns} from t")

    return copied


def test_the_example_of_escape(copied: Callable) -> None:
    """copy-escape: four rows of input with the data that is loaded."""
    content = (
        "1|The quick brown fox\\\njumped over the lazy dog.\n2| A\\\\B\\\\C\n3| A \\| B \\| C\n"
        "4| 'A Midsummer Night\\'s Dream'\n"
    )
    assert copied(content, "escape removequotes") == [
        (1, "The quick brown fox\njumped over the lazy dog."),
        (2, " A\\B\\C"),
        (3, " A | B | C"),
        (4, "A Midsummer Night's Dream"),
    ]


def test_the_example_of_the_escape_option(copied: Callable) -> None:
    """r_COPY_command_examples, "COPY data with the ESCAPE option"."""
    content = "1|public\\|event\\|dwuser\n2|public\\|sales\\|dwuser\n"
    assert copied(content, "delimiter '|' escape") == [(1, "public|event|dwuser"), (2, "public|sales|dwuser")]


@pytest.mark.parametrize(
    ("content", "options", "rows"),
    [
        ('1,"A ""quoted"" word"\n', "csv", [(1, 'A "quoted" word')]),  # copy-csv
        ('1,%a "b", c%\n2,x\'y\n', "csv quote as '%'", [(1, 'a "b", c'), (2, "x'y")]),  # copy-csv
        ('1, "a,b"  \n2 ,"c\nd"\n', "format as csv", [(1, "a,b"), (2, "c\nd")]),  # copy-csv: white space
        ('1\t"a\tb"\r\n2\tc\r\n', "csv delimiter '\\t'", [(1, "a\tb"), (2, "c")]),
        ("1|a\n2|b", "", [(1, "a"), (2, "b")]),
        ("1|a|\n2|b|\n", "", [(1, "a"), (2, "b")]),
        ("1\x01a\n", "delimiter '\\001'", [(1, "a")]),  # copy-delimiter: octal
        ("i|a\nx|y\n1|a\n", "ignoreheader as 2", [(1, "a")]),
        ("1|a\n\n2|b\n", "ignoreblanklines", [(1, "a"), (2, "b")]),
        ("1|\\N\n\\N|x\n|y\n", "", [(1, None), (None, "x"), (None, "y")]),  # copy-null-as
        ("1|\\\\N\n2|\\N\n", "escape", [(1, None), (2, None)]),  # copy-escape: \\N
        ("1|none\nnone|nonee\n", "null as 'none'", [(1, None), (None, "nonee")]),
        ("1|\n2|x\n", "null as ''", [(1, None), (2, "x")]),
        ("1|\n", "", [(1, "")]),
        ("1|\n", "emptyasnull", [(1, None)]),
        ("1\n2|b\n", "fillrecord", [(1, ""), (2, "b")]),  # copy-fillrecord
        ("1\n", "fillrecord emptyasnull", [(1, None)]),
        (
            "1|'a|b'\n2|\"c'd\"\n3|e\n",
            "removequotes",
            [(1, "a|b"), (2, "c'd"), (3, "e")],
        ),  # copy-removequotes
        ("1|ab  \n", "trimblanks", [(1, "ab")]),
        ("  7ab é\n", "fixedwidth 'i:3,a:4'", [(7, "ab é")]),  # copy-fixedwidth: characters
        ("", "", []),
        ("", "csv", []),
    ],
)
def test_rows_and_fields(copied: Callable, content: str, options: str, rows: list) -> None:
    assert copied(content, options) == rows


@pytest.mark.parametrize(
    ("content", "options", "fault"),
    [
        (b"1|a\n2\n3|c\n", "", (2, None, 1214, "Delimiter not found")),
        (b"1|a\n2|b|c\n3|c\n", "", (2, None, 1202, "Extra column(s) found")),
        (b"1|a\n\n3|c\n", "", (2, None, 1214, "Delimiter not found")),
        (b"1|a\n2|'b\n3|c\n", "removequotes", (2, None, 1214, "Delimited value missing end quote")),
        (b'1,a\n2,"b" x\n3,c\n', "csv", (2, None, 1214, "Invalid quote formatting for CSV")),
        (b"1|a\nx|b\n3|c\n", "", (2, "i", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")),
        (b'1,a\n"2\n",b\n3,c\n', "csv", None),
        (
            b"1|a\n2|b\xa4\n3|c\n",
            "",
            (2, "a", 1220, BAD_BYTES),
        ),
    ],
)  # fmt: skip
def test_rows_that_are_refused(
    copied: Callable, errors: Callable, content: bytes, options: str, fault: tuple | None
) -> None:
    """r_Load_Error_Reference; the others are loaded, and without MAXERROR none is."""
    rows = copied(content, f"{options} maxerror 2")
    if fault is None:
        assert rows == [(1, "a"), (2, "b"), (3, "c")]
        return
    assert rows == [(1, "a"), (3, "c")]
    assert [row[1:] for row in errors()] == [fault]
    with pytest.raises(CopyError):
        copied(content, options)


def test_lines_and_refused_rows_among_many(copied: Callable, errors: Callable) -> None:
    """Over blocks: line numbers count the lines of quoted fields and of the header."""
    lines = ["i,a"]
    expected = []
    for number in range(30_000):
        if number % 5000 == 77:
            lines.append("x,y")
            expected.append(sum(line.count("\n") + 1 for line in lines))
        lines.append(f'{number},"{"a" * (number % 40)}\nb"' if number % 3 else f"{number},c")
    assert len(copied("\n".join(lines), "csv ignoreheader 1 maxerror 100")) == 30_000
    assert [row[1] for row in errors()] == expected


def test_a_quote_that_does_not_end_takes_no_quadratic_time(copied: Callable, errors: Callable) -> None:
    assert len(copied('1,a\n2,"b\n' + "7,y\n" * 200_000, "csv maxerror 2")) == 200_001
    assert [row[1:4] for row in errors()] == [(2, None, 1214)]


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(_TEXTS, _TEXTS), max_size=8), size=st.integers(1, 20))
def test_csv_of_python_is_read_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str]], size: int
) -> None:
    """Whatever the size of a block, with quotes, line breaks and empty fields."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    columns = [Column("a", "text", "varchar", 100), Column("b", "text", "varchar", 100)]
    monkeypatch.setattr(delimited, "BLOCK_BYTES", size)
    blocks = Delimited(Layout(csv=True, null="\0"), columns, empty_as_null=False).blocks(
        io.BytesIO(file.getvalue().encode())
    )
    assert [tuple(row) for block in blocks for row in block.values] == rows
