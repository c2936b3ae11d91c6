"""The forms and options of the statement COPY: r_COPY.

Expected values are AWS's, from https://docs.aws.amazon.com/redshift/latest/dg/: each test names its page.
"""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

from collections.abc import Callable

import pytest

from redshift_local import NotPortable

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "options",
    [
        "iam_role default format as json as 'auto'",
        "iam_role 'arn:aws:iam::0123456789012:role/r' region 'us-west-2' json",
        "json 'auto' maxerror as 7 compupdate off statupdate true encoding utf8",
        "format json compupdate preset statupdate encoding as 'UTF8' region as 'x'",
    ],
)
def test_forms_of_the_statement(sql: Sql, put: Put, options: str) -> None:
    url = put("o", '{"i":1}')
    sql(f"copy t (i) from '{url}' {options} ; -- done")
    assert sql("select i from t") == [(1,)]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("format orc", "FORMAT ORC"), ("avro 'auto'", "AVRO"), ("json delimiter ','", "DELIMITER"), ("json null as ''", "NULL"),
        ("json credentials 'x'", "CREDENTIALS"), ("json maxerror 100001", "MAXERROR"), ("json 'noshred'", "SUPER"),
        ("json maxerror many", "MAXERROR"), ("json encoding latin1", "UTF8"), ("json dateformat 'OF'", "DATEFORMAT"),
        ("json dateformat 'epochsecs'", "DATEFORMAT"), ("json timeformat 'AUTO'", "TIMEFORMAT"), ("json timeformat 'YYYYTZ'", "TIMEFORMAT"),
        ("json acceptinvchars 'xy'", "ACCEPTINVCHARS"), ("json acceptinvchars '\"'", "ACCEPTINVCHARS"), ("json lzop", "LZOP"),
        ("json 5", "5"), ("json region", "REGION"), ("csv escape", "CSV and ESCAPE"), ("csv fixedwidth 'a:1'", "FIXEDWIDTH"),
        ("csv removequotes", "REMOVEQUOTES"), ("quote '%'", "CSV only"), ("delimiter ',,'", "one ASCII"), ("fixedwidth 'a'", "FIXEDWIDTH"),
        ("json maxerror 2 ignoreallerrors", "IGNOREALLERRORS"), ("json gzip bzip2", "GZIP"), ("parquet maxerror 5", "MAXERROR"),
        ("readratio 50", "READRATIO"), ("csv null as '\\0'", "NULL"), ("json encrypted", "ENCRYPTED"),
    ],
)  # fmt: skip
def test_options_that_are_not_known_are_refused(sql: Sql, put: Put, options: str, named: str) -> None:
    with pytest.raises(NotPortable, match=named):
        sql(f"copy t from '{put('o', '{}')}' {options}")
    assert sql("select count(*) from t") == [(0,)]
