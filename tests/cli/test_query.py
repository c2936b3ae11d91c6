"""`sparkify query`: formats, what it may change, and which SQL it takes."""

from __future__ import annotations

import json

from tests.command_line import Run, one_line


def test_query_prints_tables_csv_and_json(sparkify: Run) -> None:
    sparkify("load")
    text = "select song_id, year from sparkify.songs order by song_id limit 2"
    as_json = json.loads(sparkify("query", text, "--format", "json").out)
    as_csv = sparkify("query", text, "--format", "csv").out.splitlines()
    assert as_csv[0] == "song_id,year"
    assert [line.split(",")[0] for line in as_csv[1:]] == [row["song_id"] for row in as_json]
    assert as_json[0]["song_id"] in sparkify("query", text).out


def test_query_writes_only_when_told(sparkify: Run) -> None:
    sparkify("load")
    assert "read-only" in one_line(sparkify("query", "delete from sparkify.users"))
    assert sparkify("query", "--write", "delete from sparkify.users").code == 0
    assert sparkify("query", "select count(*) from sparkify.users", "--format", "csv").out.split() == [
        "count",
        "0",
    ]


def test_query_refuses_what_redshift_does_not_run(sparkify: Run) -> None:
    sparkify("load")
    line = one_line(sparkify("query", "select distinct on (level) level from sparkify.users"))
    assert "Redshift" in line
