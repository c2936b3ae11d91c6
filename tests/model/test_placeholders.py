"""What the placeholders in `sql/` stand for, and that a mistaken one is refused before anything is sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sparkify_assets.model import queries, tables
from sparkify_assets.model.placeholders import PlaceholderError, fill
from tests.conftest import queries_of

TABLES = {
    "staging.events": {
        "page": "varchar(64)",
        "ts": "bigint not null",
        "status": "integer",
        "length": "double precision",
    },
    "sparkify.time": {"start_time": "timestamp not null", "hour": "integer not null"},
}
FRAGMENTS = {
    "order": "ts desc,\nrtrim(page) asc",
    "key": "{columns of staging.events but page, length}",
    "partition": "day -- events only\nprefix -- songs only",
}


def filled(text: str, **values: str) -> str:
    return fill(text, values, FRAGMENTS, TABLES.__getitem__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select {columns of staging.events}", "select page, ts, status, length"),
        ("select {columns of staging.events as e}", "select e.page, e.ts, e.status, e.length"),
        ("select {columns of staging.events but ts, page}", "select status, length"),
        ("select {columns of staging.events with rtrim(page)}", "select rtrim(page), ts, status, length"),
        (
            "select {columns of staging.events but ts with rtrim(page) as e}",
            "select rtrim(e.page), e.status, e.length",
        ),
        ("{texts of staging.events}; {integers of staging.events}", "page; ts, status"),
        ("{doubles of staging.events}; {key of staging.events as e}", "length; e.page"),
        ("{letters of staging.events}; {letters of sparkify.time}", "coalesce(len(page), 0); 0"),
        (
            "(\n  {declarations of sparkify.time}\n)",
            "(\n  start_time timestamp not null,\n  hour integer not null\n)",
        ),
        ("order by\n  {order}", "order by\n  ts desc,\n  rtrim(page) asc"),
        ("order by {order as e}", "order by e.ts desc,\nrtrim(e.page) asc"),
        ("group by {key as e}", "group by e.ts, e.status"),
        (
            "values %(rows)s and '{}' and {ts: 'json'} and \\x{C2}{2}",
            "values %(rows)s and '{}' and {ts: 'json'} and \\x{C2}{2}",
        ),
    ],
)
def test_a_placeholder_stands_for_text(text: str, expected: str) -> None:
    assert filled(text) == expected


def test_a_file_for_several_values_has_the_lines_of_its_own() -> None:
    text = (
        "-- a {partition}, not songs only\nfrom {dataset}\nwhere day -- events, plays only\n"
        "where prefix -- songs only\n"
    )
    assert filled(text, dataset="events") == "-- a day, not songs only\nfrom events\nwhere day\n"
    assert filled(text, dataset="songs") == "-- a prefix, not songs only\nfrom songs\nwhere prefix\n"


def test_a_long_list_is_broken_between_its_items() -> None:
    wide = {"t": {f"a_column_with_the_number_{number}": "integer" for number in range(12)}}
    text = fill("insert into t (\n    batch_id, {columns of t}\n)", {}, {}, wide.__getitem__)
    assert len(text.splitlines()) > 4
    assert all(len(line) <= 116 for line in text.splitlines())
    assert re.findall(r"\w*_number_\d+", text) == list(wide["t"])
    assert {line[:5] for line in text.splitlines()[1:-1]} == {"    b", "    a"}


@pytest.mark.parametrize(
    "mistaken", ["{dataset}", "{no_such_fragment}", "{colums of staging.events}", "{columns staging.events}"]
)
def test_a_mistaken_placeholder_is_refused(mistaken: str) -> None:
    with pytest.raises(PlaceholderError, match=re.escape(mistaken.strip("{}"))):
        filled(f"select {mistaken}")


def test_a_table_that_is_not_declared_is_refused() -> None:
    with pytest.raises(KeyError, match=r"staging\.no_such"):
        filled("select {columns of staging.no_such}")


def test_a_file_of_its_own_name_comes_before_one_for_several(tmp_path: Path) -> None:
    for name, text in (
        ("fragments.sql", ""),
        (
            "ddl/sparkify.sql",
            "create table if not exists sparkify.days (\n    day date not null\n) diststyle all;\n",
        ),
        ("digest/{star}.sql", "select {columns of sparkify.{star}} from sparkify.{star};\n"),
        ("digest/{dataset}.sql", "select '{dataset}';\n"),
        ("digest/songs.sql", "select 'itself';\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with queries_of(tmp_path):
        assert queries.names("digest") == ("digest/days", "digest/events", "digest/songs")
        assert queries.statements("digest/days") == ("select day from sparkify.days",)
        assert queries.statements("digest/events") == ("select 'events'",)
        assert queries.statements("digest/songs") == ("select 'itself'",)


def test_every_column_that_copy_fills_is_asked_for_a_value() -> None:
    """copy/incoming_events rejects a record of which nothing was read, so it has to ask for every kind of column."""
    declared = re.search(
        r"staging\.events \(\n(.*?)\n\)", (queries.FOLDER / "ddl/staging.sql").read_text(), re.DOTALL
    )
    assert declared is not None
    columns = set(re.findall(r"^    (\w+)", declared[1], re.MULTILINE)) - {"event_date"}
    rule = queries.read("copy/incoming_events").partition("page is null")[2].partition("then")[0]
    assert len(columns) >= 18
    assert {
        "page",
        *re.findall(r"\w+", " ".join(re.findall(r"coalesce\((.*?)\)", rule, re.DOTALL))),
    } == columns


def test_the_tables_of_the_star_begin_with_their_key() -> None:
    """reconcile names a row by it."""
    assert {name: (next(iter(queries.columns(f"sparkify.{name}"))),) for name in queries.star()} == {
        name: tables.TABLES[name].key for name in queries.star()
    }
