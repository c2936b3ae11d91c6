"""COPY with any number of refused records: both views and the notices name all of them, each at its position.

copy-maxerror: "If the load returns the error_count number of errors or greater, the load fails"; the most is 100,000.
"""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from redshift_local import CopyError
from redshift_local.copy import jsonpaths
from redshift_local.copy.objects import ObjectStore
from redshift_local.copy.records import read_blocks
from redshift_local.session import Connection

Sql = Callable[..., list[tuple]]
Put = Callable[..., str]

#: What a table of `a varchar(8), i integer` does not take. COPY's own parser refuses some, and the server the rest.
REFUSED = {
    "client": ['{"a":"x","i":"x"}', "oops", '{"a":"x","i":1.5}'],
    "server": ['{"a":"123456789","i":1}', '{"a":"x","i":99999999999}', '{"a":"1234\\n56789","i":1}'],
}
REFUSED["mixed"] = [
    record for pair in zip(REFUSED["client"], REFUSED["server"], strict=True) for record in pair
]
GOOD = ['{"a":"y","i":1}', '{"a":"y\\n\\n","i":2}', '{"a":null}']
COLUMN = {
    "oops": None,
    **{record: "i" for kind in REFUSED.values() for record in kind if '"a":"x"' in record},
}
OBJECTS = 7


def records(kind: str, rejects: int) -> Iterator[tuple[str, bool]]:
    """Records, each with whether it is refused: as many refused ones as asked for, and good ones in between."""
    for number in range(rejects):
        yield REFUSED[kind][number % len(REFUSED[kind])], True
        if number % 5 == 0:
            yield GOOD[number % len(GOOD)], False


class Written:
    """Objects with refused records, the statement that copies them, and the errors that are expected of it."""

    def __init__(self, put: Put, kind: str, rejects: int, *, packed: bool, several: bool) -> None:
        count = OBJECTS if several else 1
        contents: list[list[str]] = [[] for _ in range(count)]
        self.expected: list[tuple[str, int, str | None]] = []
        self.good = 0
        for number, (record, refused) in enumerate(records(kind, rejects)):
            lines = contents[number % count]
            lines.append(record)
            if refused:
                self.expected.append((f"o{number % count}", len(lines), COLUMN.get(record, "a")))
            else:
                self.good += 1
        for number, lines in enumerate(contents):
            data = "\n".join(lines).encode()
            url = put(f"many/o{number}", gzip.compress(data, 1) if packed else data)
        self.prefix = url.rpartition("/")[0]
        self.options = " gzip" * packed
        self.expected.sort(key=str)

    def copy(self, sql: Sql, most: int) -> None:
        sql("create temp table if not exists t (a varchar(8), i integer)")
        sql(f"copy t from %s format json maxerror {most}{self.options}", (self.prefix,))


CI = [
    *((kind, rejects, packed, several)
      for kind in REFUSED for rejects in (1, 49, 50, 51) for packed in (False, True) for several in (False, True)),
    *((kind, 5000, kind == "mixed", kind != "client") for kind in REFUSED),
    ("mixed", 99_999, True, True),
]  # fmt: skip
SOAK = [
    (kind, rejects, packed, several)
    for kind in REFUSED for rejects in (5000, 99_999) for packed in (False, True) for several in (False, True)
    if (kind, rejects, packed, several) not in CI
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "rejects", "packed", "several"),
    [*CI, *(pytest.param(*case, marks=pytest.mark.soak) for case in SOAK)],
)
def test_every_refused_record_is_named_at_its_place(
    sql: Sql, put: Put, connection: Connection, kind: str, rejects: int, packed: bool, several: bool
) -> None:
    written = Written(put, kind, rejects, packed=packed, several=several)
    written.copy(sql, 100_000)
    loaded = f"INFO:  Load into table 't' completed, {written.good} record(s) loaded successfully."
    refused = f"INFO:  Load into table 't' completed, {rejects} record(s) could not be loaded."
    assert [notice.partition("  Check")[0].strip() for notice in connection.notices] == [loaded, refused]
    [(count, copy_id, query_id)] = sql("select pg_last_copy_count(), pg_last_copy_id(), last_user_query_id()")
    assert count == written.good
    of_sys = sql(
        "select regexp_substr(trim(file_name), '[^/]+$'), line_number, trim(column_name) from sys_load_error_detail"
        " where query_id = %s",
        (query_id,),
    )
    assert sorted(of_sys, key=str) == written.expected
    of_stl = sql(
        "select regexp_substr(trim(filename), '[^/]+$'), line_number, trim(colname) from stl_load_errors"
        " where query = %s",
        (copy_id,),
    )
    assert sorted(of_stl, key=str) == written.expected
    assert sql("select loaded_rows, error_count from sys_load_history where query_id = %s", (query_id,)) == [
        (written.good, rejects)
    ]
    assert sql("select count(*) from t") == [(written.good,)]


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        *((kind, most) for kind in REFUSED for most in (1, 2, 49, 50, 51, 5000)),
        ("server", 100_000),
        *(pytest.param(kind, 100_000, marks=pytest.mark.soak) for kind in ("client", "mixed")),
    ],
)
def test_as_many_as_maxerror_are_too_many(
    sql: Sql, put: Put, connection: Connection, kind: str, most: int
) -> None:
    written = Written(put, kind, most, packed=False, several=True)
    with pytest.raises(CopyError) as caught:
        written.copy(sql, most)
    assert caught.value.of_records
    assert caught.value.column in ("a", "i", None)
    assert caught.value.object_url is not None
    assert connection.notices == []
    connection.rollback()
    [(kept,)] = sql("select count(*) from stl_load_errors where query = %s", (caught.value.query_id,))
    assert 1 <= kept <= most
    if most < 100_000:
        written.copy(sql, most + 1)
        assert sql("select count(*) from t") == [(written.good,)]


def test_the_views_of_either_kind_do_not_know_the_other_s_id(sql: Sql, put: Put) -> None:
    """SYS_QUERY_HISTORY: "the query_id column in the SYS monitoring views and the query column in STL_QUERY are not the
    same identifier"."""
    Written(put, "mixed", 9, packed=False, several=False).copy(sql, 10)
    [(copy_id, query_id)] = sql("select pg_last_copy_id(), last_user_query_id()")
    assert sql("select count(*) from sys_load_error_detail where query_id = %s", (copy_id,)) == [(0,)]
    assert sql("select count(*) from stl_load_errors where query = %s", (query_id,)) == [(0,)]
    assert sql("select count(*) from sys_load_history where query_id = %s", (copy_id,)) == [(0,)]


def test_the_user_s_query_id_is_that_of_the_query_before(sql: Sql, put: Put) -> None:
    """LAST_USER_QUERY_ID: "the query ID of the most recently completed user query in the current session. If no queries
    have been run in the current session, last_user_query_id returns -1"."""
    assert sql("select last_user_query_id()") == [(-1,)]
    written = Written(put, "client", 1, packed=False, several=False)
    written.copy(sql, 2)
    [(first,)] = sql("select last_user_query_id()")
    written.copy(sql, 2)
    [(second,)] = sql("select last_user_query_id()")
    [(late,)] = sql("select last_user_query_id()")
    assert first < second < late
    found = [
        sql("select count(*) from sys_load_error_detail where query_id = %s", (i,))
        for i in (first, second, late)
    ]
    assert found == [[(1,)], [(1,)], [(0,)]]


def test_each_object_is_read_twice_at_most_however_many_of_its_records_are_refused(
    sql: Sql, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: dict[str, int] = {}
    opened = ObjectStore.open

    def counting(store: ObjectStore, item: Any, **options: Any) -> Any:
        read[item.url] = read.get(item.url, 0) + 1
        return opened(store, item, **options)

    monkeypatch.setattr(ObjectStore, "open", counting)
    monkeypatch.setattr(jsonpaths, "read_blocks", partial(read_blocks, size=1 << 12))
    written = Written(put, "mixed", 3000, packed=True, several=True)
    written.copy(sql, 100_000)
    assert set(read.values()) == {2}


def test_memory_does_not_grow_with_what_is_refused(sql: Sql, put: Put) -> None:
    """160 MB of refused records, half of them refused here and half by the server."""
    filler = f'"z":"{"z" * 8000}"'
    record = f'{{"a":"123456789","i":1,{filler}}}\n{{"a":"x","i":"x",{filler}}}\n'
    written = Written(put, "client", 1, packed=False, several=False)
    put("many/o0", record * 10_000)
    tracemalloc.start()
    try:
        written.copy(sql, 100_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sql("select sum(error_count) from sys_load_history where session_id = pg_backend_pid()") == [
        (20_000,)
    ]
    assert peak < 24 * 2**20, f"{peak / 2**20:.0f} MB"
