"""The endpoint that the other tests stand on: what clients other than the project's see there, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest
from psycopg2.extensions import connection as Connection

from tests.conftest import require_tool
from tests.page import until
from tests.redshift import hand_written
from tests.redshift.conftest import LoopbackCluster

BIN = Path(sys.executable).parent


@pytest.fixture
def session(shared: LoopbackCluster) -> Iterator[Connection]:
    opened = shared.warehouse().connect()
    yield opened
    opened.close()


def environment(cluster: LoopbackCluster) -> dict[str, str]:
    """What leads psql to the endpoint."""
    return {"PATH": os.environ["PATH"], **cluster.libpq()}


def test_psql_can_be_pointed_at_it(shared: LoopbackCluster) -> None:
    answer = subprocess.run(
        [require_tool("psql"), "-X", "-At", "-c", "select 1 + 1, getdate() > timestamp '2020-01-01', len('abc')"],
        env=environment(shared), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert answer.stdout.strip() == "2|t|3"


def test_a_script_written_by_hand_loads_through_it(shared: LoopbackCluster) -> None:
    """Drop, create, COPY with CREDENTIALS, insert from staging: what the usual script for these data does."""
    event = {
        "page": "NextSong",
        "userId": "39",
        "sessionId": 38,
        "song": "Intro",
        "ts": 1541106106796,
        "level": "paid",
    }
    shared.put("script/log_data/2018/11/2018-11-01-events.json", json.dumps(event))
    paths = shared.put("script/paths.json", hand_written.JSONPATHS)
    song = {
        "song_id": "S1",
        "title": "Intro",
        "artist_id": "A1",
        "artist_name": "The xx",
        "year": 0,
        "duration": 7.5,
    }
    shared.put("script/song_data/A/A/A/S1.json", json.dumps(song))
    credentials = shared.credentials()
    counts = hand_written.load(
        f"host=127.0.0.1 port={shared.endpoint.port} dbname={shared.database} user={credentials['DbUser']}"
        f" password={credentials['DbPassword']} sslmode=verify-full sslrootcert={shared.root}",
        f"s3://{shared.bucket}/script",
        paths,
        shared.role,
    )
    assert counts == {"staging_events": 1, "staging_songs": 1, "songplay": 1}


def test_it_can_be_started_by_hand(tmp_path: Path) -> None:
    """As docs/redshift.md says: its variables lead psql and the script to it; Ctrl-C ends all of it."""
    with (tmp_path / "redshift.env").open("w") as output:
        serving = subprocess.Popen(
            [sys.executable, "-m", "tests.redshift"], stdout=output, stderr=subprocess.PIPE
        )

    def typed(command: str) -> str:
        line = f". {output.name} && export SPARKIFY_HOME={tmp_path}/home && {command}"
        return subprocess.run(
            ["sh", "-ec", line], capture_output=True, text=True, check=True, timeout=240
        ).stdout

    try:
        until(lambda: "until Ctrl-C" in Path(output.name).read_text() or None, 90, "it does not serve")
        assert typed("psql -X -Atc 'select count(*) from sparkify.songplays'").strip() == "0"
        typed(f"{BIN}/sparkify load")  # its credentials are others
        assert int(typed("psql -X -Atc 'select count(*) from sparkify.songplays'")) > 1000
        counts = typed(f"{sys.executable} -m tests.redshift.hand_written")
        assert re.search(r"staging_events\s+2,?000\b", counts), counts
        assert re.search(r"staging_songs\s+50\b", counts), counts
    finally:
        serving.send_signal(signal.SIGINT)
        _, told = serving.communicate(timeout=60)
    assert b"gone" in told
    with pytest.raises(subprocess.CalledProcessError):
        typed("psql -X -c 'select 1'")


@pytest.mark.parametrize(
    "statement",
    [
        "insert into t values (1) on conflict do nothing",
        "select distinct on (i) i from t",
        "create index on t (i)",
        "select now() from t",
        "copy t from stdin",
        "copy t from 's3://bucket/key' iam_role default format avro 'auto'",
        'declare "c" scroll cursor for select i from t',
    ],
)
def test_it_refuses_what_redshift_refuses(session: Connection, statement: str) -> None:
    with session.cursor() as cursor:
        cursor.execute("create temp table t (i integer)")
        with pytest.raises(psycopg2.errors.SyntaxError):
            cursor.execute(statement)
        with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
            cursor.execute("select 1")


def test_a_copy_needs_a_role(session: Connection, shared: LoopbackCluster) -> None:
    url = shared.put("role/one.json", '{"i": 1}')
    with session.cursor() as cursor:
        cursor.execute("create temp table t (i integer)")
        with pytest.raises(psycopg2.errors.SyntaxError, match="CREDENTIALS argument is required"):
            cursor.execute(f"copy t from '{url}' json 'auto'")


def test_a_single_node_gives_a_thousand_rows_at_once(session: Connection) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/declare.html"""
    with session.cursor() as cursor:
        cursor.execute("declare c cursor for select 1")
        cursor.execute("fetch forward 1000 from c")
        assert cursor.fetchall() == [(1,)]
        with pytest.raises(psycopg2.errors.InternalError_, match="exceeds the limit of 1000"):
            cursor.execute("fetch forward 1001 from c")


def test_a_backslash_in_a_string_is_an_escape(session: Connection) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_patternmatching_condition_like.html: '\\\\' is one backslash."""
    with session.cursor() as cursor:
        cursor.execute(r"select len('a\\b'), 'it\'s'")
        assert cursor.fetchall() == [(3, "it's")]
        cursor.execute("select %s, %s", ("back\\slash 'quoted'", "new\nline"))
        assert cursor.fetchall() == [("back\\slash 'quoted'", "new\nline")]


def test_a_statement_can_be_cancelled(shared: LoopbackCluster) -> None:
    """As Ctrl-C does it in psql: by a second connection with the session's key."""
    endless = "select count(*) from pg_class a, pg_class b, pg_class c, pg_class d, pg_class e"
    psql = subprocess.Popen(
        [require_tool("psql"), "-X", "-c", endless],
        env=environment(shared), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 30
    while endless not in shared.endpoint.statements and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.2)  # it is under way
    psql.send_signal(signal.SIGINT)
    _, told = psql.communicate(timeout=120)
    assert "canceling statement due to user request" in told


def test_what_a_copy_refused_is_in_both_views(session: Connection, shared: LoopbackCluster) -> None:
    url = shared.put("views/bad.json", '{"i": 1}\n{"i": "many"}\n{"i": 3}')
    with session.cursor() as cursor:
        cursor.execute("create temp table t (i integer)")
        cursor.execute("copy t from %s iam_role default json 'auto' maxerror 5", (url,))
        assert [n.strip() for n in session.notices] == [
            "INFO:  Load into table 't' completed, 2 record(s) loaded successfully.",
            "INFO:  Load into table 't' completed, 1 record(s) could not be loaded.  "
            "Check 'sys_load_error_detail' system table for details.",
        ]
        cursor.execute(
            "select trim(file_name), line_number, trim(column_name) from sys_load_error_detail"
            " where query_id = last_user_query_id()"
        )
        assert cursor.fetchall() == [(url, 2, "i")]
        cursor.execute("select trim(raw_field_value) from stl_load_errors where query = pg_last_query_id()")
        assert cursor.fetchall() == [("many",)]
