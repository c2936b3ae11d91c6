"""Column lineage, as read from the SQL, against what the data contract says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest

from sparkify_assets.model import lineage, queries
from sparkify_assets.model.lineage import LineageError, column_origins
from sparkify_assets.model.tables import TABLES

#: The days and prefixes of staging are those of the objects' keys: no column of a record gives them.
FROM_OBJECT_KEYS = {("staging_events", "event_date"), ("staging_songs", "song_prefix")}

MATCH = "staging_events: song artist length, staging_songs: artist_name, songs: title duration song_id"

#: What the contract says of each column: "asset: columns, asset: columns".
CONTRACT: Mapping[str, Mapping[str, str]] = {
    "staging_events": {
        "first_name": "log_data: firstName",
        "item_in_session": "log_data: itemInSession",
        "level": "log_data: level",
        "user_agent": "log_data: userAgent",
    },
    "staging_songs": {"artist_name": "song_data: artist_name", "year": "song_data: year"},
    "songplays": {
        "songplay_id": "staging_events: session_id item_in_session user_id ts",
        "start_time": "staging_events: ts",
        "user_id": "staging_events: user_id",
        "level": "staging_events: level",
        "song_id": MATCH,
        "artist_id": f"{MATCH} artist_id",
        "event_date": "staging_events: event_date",
    },
    "users": {
        "user_id": "staging_events: user_id",
        "first_name": "staging_events: first_name",
        "level": "staging_events: level",
        "event_ts": "staging_events: ts",
    },
    "songs": {"song_id": "staging_songs: song_id", "title": "staging_songs: title", "year": "staging_songs: year"},
    "artists": {"name": "staging_songs: artist_name", "latitude": "staging_songs: artist_latitude"},
    "time": dict.fromkeys(TABLES["time"].columns, "staging_events: ts"),
}  # fmt: skip


def origins(asset: str, column: str) -> set[tuple[str, str]]:
    return set(column_origins()[asset][column])


@pytest.mark.parametrize(
    ("asset", "column"), [(asset, column) for asset, columns in CONTRACT.items() for column in columns]
)
def test_a_column_comes_from_where_the_contract_says(asset: str, column: str) -> None:
    expected = {
        (origin, name)
        for part in CONTRACT[asset][column].split(", ")
        for origin, names in [part.split(": ")]
        for name in names.split()
    }
    assert origins(asset, column) == expected


def test_every_column_comes_from_columns_that_there_are() -> None:
    paths = json.loads((queries.FOLDER / "copy/log_json_path.json").read_text("utf-8"))["jsonpaths"]
    there = {
        **{asset: set(table.columns) for asset, table in TABLES.items()},
        "log_data": {path[3:-2] for path in paths},
        "song_data": set(TABLES["staging_songs"].columns) - {"song_prefix"},
    }
    found = {
        (asset, column): origins(asset, column) for asset, table in TABLES.items() for column in table.columns
    }
    assert {column for column, comes_from in found.items() if not comes_from} == FROM_OBJECT_KEYS
    assert all(name in there[origin] for comes_from in found.values() for origin, name in comes_from)
    # and every key of a record arrives somewhere
    assert {name for comes_from in found.values() for origin, name in comes_from if origin == "log_data"} == there[
        "log_data"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "strange",
    [
        "merge into sparkify.users using sparkify.users as u on true when matched then update set level = 'free'",
        "insert into sparkify.users (user_id) select no_such_column from sparkify.songs",
        "insert into sparkify.users (user_id) select user_id from no_such_table",
        "copy sparkify.users (user_id) from 's3://bucket/users' format as json 'auto'",
    ],
)
def test_a_statement_without_known_lineage_is_refused(monkeypatch: pytest.MonkeyPatch, strange: str) -> None:
    real = queries.statements
    monkeypatch.setattr(
        lineage.queries,
        "statements",
        lambda name: (*real(name), *([strange] if name == "merge/users" else [])),
    )
    with pytest.raises(LineageError, match=re.escape(f"sql/merge/users.sql: no lineage for {strange[:60]}")):
        column_origins.__wrapped__()
