"""What UNLOAD has written, COPY reads as the same rows: every type, NULL, quotes, line breaks, blanks, Unicode."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Sql = Callable[..., list[tuple]]

#: The options of UNLOAD, and those of COPY that read what it wrote.
PAIRS = [
    ("escape null as '@null'", "escape null as '@null'"),
    ("addquotes escape null as '@null' gzip", "removequotes escape null as '@null' gzip"),
    ("csv null as '@null' bzip2", "csv null as '@null' bzip2"),
    ("csv delimiter as '\\t' header null as '@null'", "csv delimiter as '\\t' ignoreheader 1 null as '@null'"),
    ("delimiter '\\001' escape null as '@null' zstd manifest", "delimiter '\\001' escape null '@null' zstd manifest"),
    ("json", "json 'auto'"),
    ("parquet", "parquet"),
    ("format parquet encrypted", "parquet maxerror 0"),  # as awswrangler and dlt write them
    ("parquet parallel off manifest", "parquet manifest"),
]  # fmt: skip

_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_ROWS = st.tuples(
    st.none() | st.integers(-(2**15), 2**15 - 1),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.decimals(-99999, 99999, places=2),
    st.none() | st.booleans(),
    st.none() | st.dates(date(1, 1, 1)),
    st.none() | st.datetimes(datetime(1, 1, 1)),  # noqa: DTZ001 - TIMESTAMP has no zone
    st.none() | st.text(st.sampled_from("ab |'\"\\"), max_size=4),
    st.none() | _TEXTS,
)
_NUMBER = count()


@pytest.mark.parametrize(("unloaded", "copied"), PAIRS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_ROWS, max_size=5))
def test_round_trip(sql: Sql, tmp_path: Path, unloaded: str, copied: str, rows: list[tuple]) -> None:
    for name in ("t", "copy_of_t"):
        sql(f"""
            drop table if exists {name}; create temp table {name} (
                s smallint, i integer, b bigint, r real, f double precision, n decimal(8, 2), t boolean, d date,
                ts timestamp, c char(4), a varchar(60)
            )
        """)
    for row in rows:
        sql(f"insert into t values ({', '.join(['%s'] * len(row))})", row)
    place = f"{tmp_path.as_uri()}/{next(_NUMBER)}/x"
    sql(f"unload ('select * from t') to '{place}' iam_role default {unloaded}")
    if rows or "parquet" not in unloaded:
        source = f"{place}manifest" if "manifest" in copied else place
        sql(f"copy copy_of_t from '{source}' iam_role default {copied}")
    assert sorted(map(repr, sql("select * from copy_of_t"))) == sorted(map(repr, sql("select * from t")))
    assert len(sql("select * from t")) == len(rows)
