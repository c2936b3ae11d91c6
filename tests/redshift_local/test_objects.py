"""The objects that COPY reads: copy-parameters-data-source-s3, loading-data-files-using-manifest.

Expected values are AWS's, from https://docs.aws.amazon.com/redshift/latest/dg/: each test names its page.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from redshift_local import CopyError
from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]


@pytest.mark.usefixtures("table")
def test_a_prefix_is_the_beginning_of_a_key(sql: Sql, put: Put) -> None:
    """copy-parameters-data-source-s3: "mybucket/custdata.txt" would also take "mybucket/custdata.txt.bak"."""
    url = put("log/a.json", '{"i":1}').removesuffix("/log/a.json")
    put("log/b/c.json", '{"i":2}')
    put("log_old/d.json", '{"i":3}')
    put("other/log", '{"i":4}')
    for prefix, expected in (
        ("/log", [1, 2, 3]),
        ("/log/", [1, 2]),
        ("/log/b", [2]),
        ("/log/a.json", [1]),
        ("/l", [1, 2, 3]),
    ):
        sql("delete from t")
        sql("copy t from %s format json", (url + prefix,))
        assert [i for (i,) in sql("select i from t order by i")] == expected


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    "name", ["a b.json", "100%.json", "ä&?#.json", "x%20y.json", "semi;colon'quote.json"]
)
def test_names_are_percent_encoded_in_urls(sql: Sql, put: Put, name: str) -> None:
    url = put(f"odd/{name}", '{"i":1}\nx')
    sql("copy t from %s format json maxerror 2", (url,))
    sql("copy t from %s format json maxerror 2", (url.rpartition("/")[0],))
    assert sql("select i from t") == [(1,), (1,)]
    assert {
        f for (f,) in sql("select trim(filename) from stl_load_errors where session = pg_backend_pid()")
    } == {url}


@pytest.mark.usefixtures("table")
def test_no_object_is_an_error_and_an_empty_one_is_none(sql: Sql, put: Put, connection: Connection) -> None:
    sql("copy t from %s format json", (put("empty", ""),))
    connection.commit()
    assert sql("select count(*), pg_last_copy_count() from t") == [(0, 0)]
    with pytest.raises(CopyError, match="names no object"):
        sql("copy t from %s format json", (put("empty", "") + "-not",))
    connection.rollback()
    with pytest.raises(CopyError, match="names no object"):
        sql("copy t from %s format json", ("file:///no/such/folder/",))


@pytest.mark.usefixtures("table")
def test_a_manifest_names_exact_objects(sql: Sql, put: Put, connection: Connection) -> None:
    """loading-data-files-using-manifest: "the full object path for the file, not just a prefix"; a file that is listed
    twice is loaded twice; "mandatory" defaults to false; "COPY will terminate if no files are found"."""
    one, two = put("one", '{"i":1}'), put("two", '{"i":2}')
    put("one-more", '{"i":3}')

    def copy(*entries: dict) -> list[int]:
        sql("delete from t")
        sql("copy t from %s format json manifest", (put("m", {"entries": entries}),))
        return [i for (i,) in sql("select i from t order by i")]

    assert copy({"url": one, "mandatory": True}, {"url": two}) == [1, 2]
    assert copy({"url": one}, {"url": one}) == [1, 1]
    assert copy({"url": one}, {"url": one + "-gone"}) == [1]
    assert copy({"url": one, "meta": {"content_length": 7}}) == [1]
    for entries, reason, url in (
        ([{"url": one + "-gone", "mandatory": True}, {"url": one}], "No such file", one + "-gone"),
        ([{"url": one + "-gone"}], "none of the objects", put("m", "")),
        ([], "names no object", put("m", "")),
        ([{"url": one, "meta": {"content_length": 8}}], "8 bytes .*the object has 7", one),
        ([{"mandatory": True}], "not a manifest", put("m", "")),
        ([{"url": "http://h/k"}], "neither an s3:// nor an absolute file:// URL", None),
    ):
        connection.commit()
        with pytest.raises(CopyError, match=reason) as caught:
            copy(*entries)
        assert caught.value.object_url == url
        connection.rollback()


@pytest.mark.usefixtures("table")
def test_gzip_is_what_the_option_says(sql: Sql, put: Put, connection: Connection) -> None:
    """copy-parameters-file-compression: GZIP "specifies that the input files are in compressed gzip format"."""
    packed = gzip.compress(b'{"i":1}\n') + gzip.compress(b'{"i":2}\n')
    sql("copy t from %s format json gzip", (put("p", packed),))
    assert sql("select i from t") == [(1,), (2,)]
    connection.commit()
    for content, options in ((packed[:-9], "gzip"), (b'{"i":1}', "gzip"), (packed[:30] + b"x" * 20, "gzip")):
        with pytest.raises(CopyError) as caught:
            sql(f"copy t from %s format json {options} maxerror 100", (put("broken", content),))
        assert caught.value.object_url == put("broken", content)
        assert caught.value.reason
        connection.rollback()
    with pytest.raises(CopyError, match="Invalid JSON"):
        sql("copy t from %s format json", (put("p", packed),))
    connection.rollback()
    assert sql("select i from t") == [(1,), (2,)]


@pytest.mark.usefixtures("table")
def test_errors_in_gzip_are_found_again(sql: Sql, put: Put, errors: Callable) -> None:
    content = "\n".join(
        '{"i":%s}' % ("99999999999" if number == 40_000 else number) for number in range(50_000)
    )
    sql("copy t from %s format json gzip maxerror 2", (put("p", gzip.compress(content.encode())),))
    assert [row[:3] for row in errors()] == [("p", 40_001, "i")]


@pytest.mark.usefixtures("table")
def test_an_object_that_cannot_be_read(sql: Sql, put: Put, tmp_path: Path) -> None:
    folder = put("folder/x", "").removesuffix("/x")
    with pytest.raises(CopyError) as caught:
        sql(
            "copy t from %s format json manifest",
            (put("m", {"entries": [{"url": folder, "mandatory": True}]}),),
        )
    assert caught.value.object_url == folder
    assert caught.value.reason == os.strerror(21)
