"""Options of COPY that hold for every format: dates and times, compression, encodings, errors, identity, NOLOAD.

Expected values are AWS's, from https://docs.aws.amazon.com/redshift/latest/dg/: each test names its page.
"""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable

import pyarrow
import pytest

from redshift_local import CopyError
from redshift_local.copy import statement

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]

# automatic-recognition, with the table's example of each format; 11 is called DD.MM.YYYY and shows 12.17.1997
AUTOMATIC = [
    ("2019-02-11T05:09:12.195Z", "2019-02-11 05:09:12.195", "2019-02-11 05:09:12.195+00"),
    ("J2451187", "1999-01-08 00:00:00", "1999-01-08 00:00:00+00"),
    ("Jan-08-95 BC", "0095-01-08 00:00:00 BC", "0095-01-08 00:00:00+00 BC"),
    ("19960108 040809", "1996-01-08 04:08:09", "1996-01-08 04:08:09+00"),
    ("960108 040809", "1996-01-08 04:08:09", "1996-01-08 04:08:09+00"),
    ("1996.008", "1996-01-08 00:00:00", "1996-01-08 00:00:00+00"),
    ("1996-01-08 04:05:06.789", "1996-01-08 04:05:06.789", "1996-01-08 04:05:06.789+00"),
    ("17 Dec 07:37:16 1997 PST", "1997-12-17 07:37:16", "1997-12-17 15:37:16+00"),
    ("12/17/1997 07:37:16.00 PST", "1997-12-17 07:37:16", "1997-12-17 15:37:16+00"),
    ("1997-12-17 07:37:16-08", "1997-12-17 07:37:16", "1997-12-17 15:37:16+00"),
    ("12.17.1997 07:37:16.00 PST", "1997-12-17 07:37:16", "1997-12-17 15:37:16+00"),
    ("J2345678 04:05:06.789", "1710-02-23 04:05:06.789", "1710-02-23 04:05:06.789+00"),
    ("2018-10-30", "2018-10-30 00:00:00", "2018-10-30 00:00:00+00"),
]


@pytest.mark.parametrize(("text", "timestamp", "timestamptz"), AUTOMATIC)
def test_automatic_recognition(sql: Sql, put: Put, text: str, timestamp: str, timestamptz: str) -> None:
    """automatic-recognition; "Time zone values in input strings are ignored" for TIMESTAMP (r_Datetime_types)."""
    sql("create temp table t (d date, ts timestamp, tz timestamptz)")
    url = put("o", f"{text}|{text}|{text}\n")
    sql(f"copy t from '{url}' iam_role default timeformat 'auto' dateformat as 'auto'")
    era = " BC" if timestamp.endswith("BC") else ""
    assert sql("select d::text, ts::text, tz::text from t") == [
        (timestamp[:10] + era, timestamp, timestamptz)
    ]


@pytest.mark.parametrize(
    "text", ["2018-W44-2", "2018-W44", "1541030415657", "17/12/1997", "today", "1996.367", "2018-02-30"]
)
def test_what_is_not_recognized(sql: Sql, put: Put, text: str) -> None:
    sql("create temp table t (ts timestamp)")
    with pytest.raises(CopyError, match="Invalid timestamp"):
        sql(f"copy t from '{put('o', text)}' iam_role default timeformat 'auto'")


@pytest.mark.parametrize(
    ("text", "date_format", "day"),
    [
        ("Jan-01-1999", "MON-DD-YYYY", "1999-01-01"),  # r_DATEFORMAT_and_TIMEFORMAT_strings
        ("03/31/2003", "MM/DD/YYYY", "2003-03-31"), ("31.3.03", "DD.MM.YY", "2003-03-31"), ("20030331", "YYYYMMDD", "2003-03-31"),
        ("March 31, 2003", "MON DD, YYYY", "2003-03-31"), ("31 mar 2003", "dd mon yyyy", "2003-03-31"),
        ("2003-03-31 10:11:12", "YYYY-MM-DD HH:MI:SS", "2003-03-31"),
    ],
)  # fmt: skip
def test_date_formats(sql: Sql, put: Put, text: str, date_format: str, day: str) -> None:
    sql("create temp table t (d date)")
    sql(f"copy t from '{put('o', text)}' iam_role default dateformat '{date_format}'")
    assert sql("select d::text from t") == [(day,)]


@pytest.mark.parametrize(
    ("text", "time_format", "time"),
    [
        ("03.31.2003 18:45:05", "MM.DD.YYYY HH:MI:SS", "2003-03-31 18:45:05"),  # HH is HH24
        ("2003/03/31 06:45:05.123456 PM", "YYYY/MM/DD HH12:MI:SS AM", "2003-03-31 18:45:05.123456"),
        ("12:00 am 2003-03-31", "HH12:MI PM YYYY-MM-DD", "2003-03-31 00:00:00"),
        ("20030331184505", "YYYYMMDDHH24MISS", "2003-03-31 18:45:05"),
    ],
)
def test_time_formats(sql: Sql, put: Put, text: str, time_format: str, time: str) -> None:
    sql("create temp table t (ts timestamp)")
    sql(f"copy t from '{put('o', text)}' iam_role default timeformat as '{time_format}'")
    assert sql("select ts::text from t") == [(time,)]


def test_acceptanydate(sql: Sql, put: Put) -> None:
    """copy-acceptanydate: "If the date format for the data does not match the DATEFORMAT specification, Amazon Redshift
    inserts a NULL value into that field"."""
    sql("create temp table t (d date, ts timestamp)")
    url = put("o", "00/00/00 00:00:00|x\n2018-02-30|2018-02-30 00:00:00\n2018-02-28|2018-02-28 00:00:00\n")
    sql(f"copy t from '{url}' iam_role default acceptanydate dateformat 'YYYY-MM-DD'")
    assert sql("select d::text, ts::text from t where d is not null or ts is not null") == [
        ("2018-02-28", "2018-02-28 00:00:00")
    ]
    assert sql("select count(*) from t") == [(3,)]


def test_roundec(load: Callable) -> None:
    """copy-roundec: "a value of 20.259 ... If ROUNDEC is specified, COPY rounds the value to 20.26"."""
    assert [str(n) for (n,) in load('{"n":"20.259"}\n{"n":"-20.255"}', "n", "roundec")] == ["20.26", "-20.26"]


@pytest.mark.parametrize(
    ("option", "compress"),
    [("gzip", gzip.compress), ("bzip2", bz2.compress), ("zstd", lambda data: pyarrow.compress(data, codec="zstd", asbytes=True))],
)  # fmt: skip
def test_compression(sql: Sql, put: Put, errors: Callable, option: str, compress: Callable) -> None:
    """copy-parameters-file-compression. A refused record is found again."""
    sql("create temp table t (i integer)")
    content = "".join(f'{{"i":{number}}}\n' for number in range(20_000)) + '{"i":"x"}'
    sql(f"copy t from '{put('o', compress(content.encode()))}' iam_role default json {option} maxerror 2")
    assert sql("select count(*), sum(i) from t") == [(20_000, 199_990_000)]
    assert [row[1:4] for row in errors()] == [(20_001, "i", 1207)]
    with pytest.raises(CopyError):
        sql(f"copy t from '{put('o', b'no archive')}' iam_role default json {option}")


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [("utf16", "utf-16"), ("'UTF16LE'", "utf-16-le"), ("utf16be", "utf-16-be"), ("utf16le", "utf-16")],
)
def test_encodings(sql: Sql, put: Put, encoding: str, codec: str) -> None:
    """copy-encoding: "If you specify UTF16, then your data must have a byte order mark (BOM)"."""
    sql("create temp table t (i integer, a varchar(20))")
    url = put("o", "1|é😀\n2|b\n".encode(codec))
    sql(f"copy t from '{url}' iam_role default encoding as {encoding}")
    assert sql("select * from t") == [(1, "é😀"), (2, "b")]
    with pytest.raises(CopyError, match="byte order mark"):
        sql(f"copy t from '{put('o', b'1|a')}' iam_role default encoding utf16")


def test_explicit_ids(sql: Sql, put: Put) -> None:
    """copy-explicit-ids: "override the autogenerated values with explicit values from the source data files"."""
    sql("create temp table t (id bigint identity(10, 5), a varchar(8))")
    sql(f"copy t from '{put('o', '7|x')}' iam_role default explicit_ids")
    sql(f"copy t from '{put('o', 'y')}' iam_role default")
    assert sql("select * from t") == [(7, "x"), (10, "y")]


def test_noload(sql: Sql, put: Put, errors: Callable) -> None:
    """copy-noload: "Checks the validity of the data file without actually loading the data"."""
    sql("create temp table t (i integer); insert into t values (1)")
    sql("copy t from %s iam_role default noload maxerror 2", (put("o", "2\nx\n3"),))
    assert sql("select i from t") == [(1,)]
    assert sql("select pg_last_copy_count()") == [(0,)]
    assert [row[1:4] for row in errors()] == [(2, "i", 1207)]
    with pytest.raises(CopyError):
        sql(f"copy t from '{put('o', 'x')}' iam_role default noload")


def test_ignoreallerrors(sql: Sql, put: Put) -> None:
    """copy-ignoreallerrors: "ignore all errors that occur during the load operation"."""
    sql("create temp table t (i integer)")
    url = put("o", "1\n" + "x\n" * 200 + "2\n" + "3000000000\n" * 100)
    sql(f"copy t from '{url}' iam_role default ignoreallerrors")
    assert sql("select i from t") == [(1,), (2,)]
    assert sql("select count(*) from stl_load_errors where query = pg_last_copy_id()") == [(300,)]


@pytest.mark.parametrize(
    "written",
    [
        "credentials 'aws_access_key_id=AK;aws_secret_access_key=hidden;token=T'",
        "with credentials as 'aws_access_key_id=AK;aws_secret_access_key=hidden;token=T'",
        "access_key_id 'AK' secret_access_key 'hidden' session_token 'T'",
        "access_key_id as 'AK' secret_access_key as 'hidden' session_token as 'T'",
    ],
)
def test_keys(sql: Sql, put: Put, written: str) -> None:
    """copy-parameters-authorization. Keys are shown nowhere."""
    command = statement.parse(f"copy t from 's3://b/k' {written} json")
    assert command.keys
    assert (command.keys.access_key, command.keys.secret, command.keys.token) == ("AK", "hidden", "T")
    assert "hidden" not in repr(command)
    sql("create temp table t (i integer)")
    with pytest.raises(CopyError) as caught:
        sql(f"copy t from '{put('o', 'x')}' {written} compupdate off")
    assert "hidden" not in f"{caught.value} {caught.value.__cause__}"


def test_an_identity_column_takes_values_with_explicit_ids_only(sql: Sql, put: Put) -> None:
    """copy-explicit-ids; GENERATED BY DEFAULT AS IDENTITY takes those of a column list (r_CREATE_TABLE_NEW)."""
    sql("create temp table g (id bigint generated by default as identity(10, 5), a varchar(8))")
    sql(f"copy g (id, a) from '{put('o', '7|x')}' iam_role default")
    assert sql("select * from g") == [(7, "x")]
    sql("create temp table t (id bigint identity(10, 5), a varchar(8))")
    sql(f"copy t (id, a) from '{put('o', '7|x')}' iam_role default explicit_ids")
    assert sql("select * from t") == [(7, "x")]
    with pytest.raises(CopyError, match="EXPLICIT_IDS"):
        sql(f"copy t (id, a) from '{put('o', '8|y')}' iam_role default")
