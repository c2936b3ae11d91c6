"""UNLOAD: formats, names of files, partitions, manifests, and what is left after a failure.

Expected values are AWS's, from https://docs.aws.amazon.com/redshift/latest/dg/: each test names its page.
"""

# ruff: noqa: E501 - one case a line
from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pyarrow
import pyarrow.parquet
import pytest

from redshift_local import CopyError, NotPortable
from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]

VENUE = """
    create temp table venue (venueid integer, venuename varchar(40), venuecity varchar(20), venuestate char(2), venueseats integer);
    insert into venue values (1, 'Pinewood Race|track', 'Akron', 'OH', 0), (2, 'Columbus "Crew" Stadium', 'Columbus', 'OH', 0),
        (4, 'Community, Ballpark, Arena', 'Kansas City', 'KS', null)
"""


@pytest.fixture
def unload(sql: Sql, tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    """Unload a query; the files below the prefix `out/venue_` and their content."""
    sql(VENUE)

    def run(options: str = "", query: str = "select * from venue order by venueid") -> dict[str, bytes]:
        sql(f"unload ('{query}') to '{tmp_path.as_uri()}/out/venue_' iam_role default {options}")
        folder = tmp_path / "out"
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    return run


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ("", ["1|Pinewood Race|track|Akron|OH|0", '2|Columbus "Crew" Stadium|Columbus|OH|0', "4|Community, Ballpark, Arena|Kansas City|KS|"]),
        ("csv", ["1,Pinewood Race|track,Akron,OH,0", '2,"Columbus ""Crew"" Stadium",Columbus,OH,0', '4,"Community, Ballpark, Arena",Kansas City,KS,']),
        ("csv delimiter as '|'", ['1|"Pinewood Race|track"|Akron|OH|0', '2|"Columbus ""Crew"" Stadium"|Columbus|OH|0', "4|Community, Ballpark, Arena|Kansas City|KS|"]),
        ("escape header null as 'none'", ["venueid|venuename|venuecity|venuestate|venueseats", "1|Pinewood Race\\|track|Akron|OH|0", '2|Columbus "Crew" Stadium|Columbus|OH|0', "4|Community, Ballpark, Arena|Kansas City|KS|none"]),
        ("addquotes delimiter ','", ['"1","Pinewood Race|track","Akron","OH","0"', '"2","Columbus "Crew" Stadium","Columbus","OH","0"', '"4","Community, Ballpark, Arena","Kansas City","KS",']),
        ("addquotes escape", ['"1"|"Pinewood Race\\|track"|"Akron"|"OH"|"0"', '"2"|"Columbus \\"Crew\\" Stadium"|"Columbus"|"OH"|"0"', '"4"|"Community, Ballpark, Arena"|"Kansas City"|"KS"|']),
        ("format as json", ['{"venueid":1,"venuename":"Pinewood Race|track","venuecity":"Akron","venuestate":"OH","venueseats":0}', '{"venueid":2,"venuename":"Columbus \\"Crew\\" Stadium","venuecity":"Columbus","venuestate":"OH","venueseats":0}', '{"venueid":4,"venuename":"Community, Ballpark, Arena","venuecity":"Kansas City","venuestate":"KS","venueseats":null}']),
        ("fixedwidth 'id:3,name:27,city:12,state:2,seats:3'", ["1  Pinewood Race|track        Akron       OH0  ", '2  Columbus "Crew" Stadium    Columbus    OH0  ', "4  Community, Ballpark, Arena Kansas City KS   "]),
    ],
)  # fmt: skip
def test_text_formats(unload: Callable, options: str, lines: list[str]) -> None:
    """r_UNLOAD_command_examples: the table VENUE as text, CSV, CSV with a delimiter, JSON and with a header."""
    assert unload(options) == {"venue_0000_part_00": "".join(f"{line}\n" for line in lines).encode()}


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ("", "0000_part_00"), ("parallel off", "000"), ("gzip", "0000_part_00.gz"), ("bzip2", "0000_part_00.bz2"),
        ("zstd", "0000_part_00.zst"), ("parallel false gzip", "000.gz"), ("parquet", "0000_part_00.parquet"),
        ("gzip extension 'csv.gz'", "0000_part_00.csv.gz"),
    ],
)  # fmt: skip
def test_names(unload: Callable, options: str, name: str) -> None:
    """r_UNLOAD: <name-prefix><slice-number>_part_<part-number>, key000 in series, and the endings."""
    assert list(unload(options)) == [f"venue_{name}"]


def test_compression(unload: Callable) -> None:
    plain = unload("allowoverwrite")["venue_0000_part_00"]
    assert gzip.decompress(unload("gzip allowoverwrite")["venue_0000_part_00.gz"]) == plain
    assert bz2.decompress(unload("bzip2 allowoverwrite")["venue_0000_part_00.bz2"]) == plain
    zstd = unload("zstd allowoverwrite")["venue_0000_part_00.zst"]
    assert pyarrow.input_stream(pyarrow.py_buffer(zstd), compression="zstd").read() == plain


def test_partitions(unload: Callable) -> None:
    """r_UNLOAD, PARTITION BY: Hive's names, without the columns unless INCLUDE, a slash after the prefix, NULL in
    __HIVE_DEFAULT_PARTITION__."""
    files = unload("partition by (venuestate, venueseats)")
    assert files == {
        "venue_/venuestate=KS/venueseats=__HIVE_DEFAULT_PARTITION__/0000_part_00": b"4|Community, Ballpark, Arena|Kansas City\n",
        "venue_/venuestate=OH/venueseats=0/0000_part_00": b'1|Pinewood Race|track|Akron\n2|Columbus "Crew" Stadium|Columbus\n',
    }
    files = unload(
        "partition by (venuestate) include cleanpath", "select venuestate, venueid from venue order by 2 desc"
    )
    assert files == {
        "venue_/venuestate=KS/0000_part_00": b"KS|4\n",
        "venue_/venuestate=OH/0000_part_00": b"OH|2\nOH|1\n",
    }
    files = unload("partition by (venuestate) cleanpath", "select * from venue where venueid = 4")
    assert files["venue_/venuestate=OH/0000_part_00"] == b"OH|2\nOH|1\n"  # no file goes there


def test_manifest(unload: Callable, tmp_path: Path) -> None:
    """r_UNLOAD, MANIFEST: <name_prefix>manifest; VERBOSE with schema, sizes, counts and author."""
    url = f"{tmp_path.as_uri()}/out/venue_0000_part_00"
    assert json.loads(unload("manifest")["venue_manifest"]) == {"entries": [{"url": url}]}
    files = unload(
        "manifest verbose header allowoverwrite", "select venueid, venueseats::decimal(8,2) as n from venue"
    )
    size = len(files["venue_0000_part_00"])
    assert json.loads(files["venue_manifest"]) == {
        "entries": [{"url": url, "meta": {"content_length": size, "record_count": 4}}],
        "schema": {"elements": [
            {"name": "venueid", "type": {"base": "integer"}},
            {"name": "n", "type": {"base": "numeric", "precision": 8, "scale": 2}},
        ]},
        "meta": {"content_length": size, "record_count": 4},
        "author": {"name": "Amazon Redshift", "version": "1.0.0"},
    }  # fmt: skip


def test_a_place_that_is_not_empty(unload: Callable, connection: Connection) -> None:
    """r_UNLOAD: "By default, UNLOAD fails if it finds files that it would possibly overwrite"."""
    connection.commit()
    connection.autocommit = True
    before = unload("gzip")
    with pytest.raises(psycopg2.DatabaseError, match="destination on S3 is not empty"):
        unload("")
    assert set(unload("allowoverwrite")) == {*before, "venue_0000_part_00"}
    assert set(unload("cleanpath")) == {"venue_0000_part_00"}
    with pytest.raises(NotPortable):
        unload("cleanpath allowoverwrite")


def test_large_files_are_divided(sql: Sql, tmp_path: Path) -> None:
    """MAXFILESIZE: the maximum size of files; every row is in one of them."""
    query = "select i, repeat(''x'', 1000) from generate_series(1, 12000) as i"
    sql(f"unload ('{query}') to '{tmp_path.as_uri()}/' iam_role default maxfilesize 5 mb")
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["0000_part_00", "0000_part_01", "0000_part_02"]
    assert all(file.stat().st_size <= (5 << 20) + 1100 for file in files)
    assert sum(file.read_bytes().count(b"\n") for file in files) == 12000
    assert sql("select pg_last_unload_count()") == [(12000,)]


@pytest.mark.parametrize("options", ["", "parquet", "gzip manifest", "partition by (j)"])
def test_nothing_is_left_of_a_failure(sql: Sql, connection: Connection, tmp_path: Path, options: str) -> None:
    connection.autocommit = True
    query = "select i, i % 3 as j, 1 / (9999 - i) from generate_series(1, 20000) as i"
    with pytest.raises(psycopg2.errors.DivisionByZero):
        sql(f"unload ('{query}') to '{tmp_path.as_uri()}/' iam_role default {options}")
    assert list(tmp_path.rglob("*")) == []
    (tmp_path / "j=1").write_text("in the way")  # so that the second partition has no folder
    with pytest.raises(psycopg2.DatabaseError):
        sql(
            f"unload ('select i, i % 3 as j from generate_series(1, 9) as i') to '{tmp_path.as_uri()}/' iam_role default allowoverwrite partition by (j)"
        )
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["j=1"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("select 1 limit 10", "Limit clause"), ("delete from venue", "takes a SELECT"), ("select 1; select 2", "one SELECT"),
        ("select a from t for update", "for update|FOR UPDATE"), ("", "takes a SELECT"),
    ],
)  # fmt: skip
def test_queries_that_are_refused(sql: Sql, tmp_path: Path, query: str, named: str) -> None:
    """r_UNLOAD: "The SELECT query can't use a LIMIT clause in the outer SELECT"."""
    with pytest.raises(NotPortable, match=named):
        sql(f"unload ('{query}') to '{tmp_path.as_uri()}/' iam_role default")


@pytest.mark.parametrize(
    "options",
    [
        "parquet gzip",
        "parquet header",
        "json delimiter ','",
        "csv fixedwidth 'a:1'",
        "maxfilesize 1 mb",
        "delimiter ',,'",
        "encrypted kms_key_id 'k'",
        "csv parquet",
        "gzip zstd",
        "format orc",
    ],
)
def test_options_that_are_refused(unload: Callable, options: str) -> None:
    with pytest.raises(NotPortable):
        unload(options)


def test_a_query_has_redshifts_meaning(sql: Sql, tmp_path: Path) -> None:
    sql(
        f"unload ('select nvl(null, 5 / 2) as a, ''it''''s''::varchar(9) as b') to '{tmp_path.as_uri()}/' iam_role default"
    )
    assert (tmp_path / "0000_part_00").read_text() == "2|it's\n"


def test_parquet(unload: Callable, sql: Sql, tmp_path: Path) -> None:
    unload(
        "parquet",
        "select venueid, venuename, venueid::decimal(8,2) as n, venueseats = 0 as b from venue order by 1",
    )
    table = pyarrow.parquet.read_table(tmp_path / "out" / "venue_0000_part_00.parquet")
    assert [str(kind) for kind in table.schema.types] == ["int32", "string", "decimal128(8, 2)", "bool"]
    assert table.column("b").to_pylist() == [True, True, None]
    assert table.column("venueid").to_pylist() == [1, 2, 4]


def test_no_rows(unload: Callable) -> None:
    assert unload("header", "select venueid from venue where false") == {"venue_0000_part_00": b"venueid\n"}
    assert unload("cleanpath parquet", "select venueid from venue where false") == {}


def test_the_notice_and_the_folders(connection: Connection, unload: Callable, tmp_path: Path) -> None:
    unload()
    assert connection.notices == ["INFO:  UNLOAD completed, 3 record(s) unloaded successfully.\n"]
    connection.objects.folders = [tmp_path / "other"]
    with pytest.raises(psycopg2.DatabaseError, match="in none of the folders"):
        unload("allowoverwrite")
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("create temp table t (i integer)")
        with pytest.raises(CopyError, match="in none of the folders"):
            cursor.execute("copy t from %s iam_role default", (f"{tmp_path.as_uri()}/other/../out/",))
