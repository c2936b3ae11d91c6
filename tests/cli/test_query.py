"""`sparkify query`: formats, what it may change, and which SQL it takes."""

from __future__ import annotations

import json
from contextlib import closing, nullcontext
from io import StringIO
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest

from sparkify_assets.model import queries
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


def test_several_statements_are_one_transaction(sparkify: Run) -> None:
    sparkify("tables", "create")
    out = sparkify("query", "select 1 as a; select 2 as b; -- no more").out
    assert out.split() == ["a", "1", "b", "2"]
    failed = "create table public.note (a int); select * from nowhere"
    told = one_line(sparkify("query", "--write", failed))
    assert told.startswith("error: statement 2 of 2: ")
    assert "nowhere" in told
    assert one_line(sparkify("query", "selec 1")) == 'error: syntax error at or near "selec"'
    assert "public.note" in one_line(sparkify("query", "select * from public.note"))
    assert "no statement" in one_line(sparkify("query", " -- nothing"))


def test_psql_is_given_a_connection_that_only_reads(sparkify: Run) -> None:
    sparkify("tables", "create")
    for arguments, only_reads in ((("psql",), True), (("psql", "--write"), False)):
        dsn = sparkify(*arguments).out.strip()
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            cursor.execute("show search_path")
            assert "redshift" in str(cursor.fetchone()), "what the session needs anyway is kept"
            with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction) if only_reads else nullcontext():
                cursor.execute("delete from sparkify.users")


def test_a_command_of_the_shell_may_be_all_that_is_asked(sparkify: Run) -> None:
    sparkify("load")
    assert "sparkify.songplays" in sparkify("query", r"\d").out
    assert sparkify("query", r"\d users").out.splitlines()[1].startswith("user_id")
    assert "there is no table plays" in one_line(sparkify("query", r"\d plays"))
    tables = json.loads(sparkify("query", r" \d", "--format", "json").out)
    assert tables[0]["table"] == "sparkify.artists"
    assert sparkify("query", r"\q").code == 0
    assert "either" in one_line(sparkify("query", r"\d", "-f", "nowhere.sql"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "select\n  count(*),\n  getdate(),\n  nosuch\nfrom sparkify.songplays",
            '"nosuch" does not exist (line 4)',
        ),
        (
            "-- two of them\nselect 1;\n\nselect\n  1\n  frm x y",
            'statement 2 of 2: syntax error at or near "x" (line 6)',
        ),
        ("select nosuch", '"nosuch" does not exist'),
    ],
)
def test_an_error_names_its_line_where_there_are_several(sparkify: Run, text: str, said: str) -> None:
    sparkify("load")
    assert one_line(sparkify("query", text)).endswith(said)


def test_query_refuses_what_redshift_does_not_run(sparkify: Run) -> None:
    sparkify("load")
    line = one_line(sparkify("query", "select distinct on (level) level from sparkify.users"))
    assert "Redshift" in line


def test_a_statement_may_begin_with_a_comment_and_stand_in_a_file_or_on_standard_input(
    sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "-- how many\nselect 42 as answer"
    (tmp_path / "question.sql").write_text(text)
    answer = "answer\n42\n"
    assert sparkify("query", text, "--format", "csv").out == answer
    assert sparkify("query", "-f", str(tmp_path / "question.sql"), "--format", "csv").out == answer
    monkeypatch.setattr("sys.stdin", StringIO(text))
    assert sparkify("query", "--format", "csv").out == answer
    assert "not both" in one_line(sparkify("query", text, "-f", str(tmp_path / "question.sql")))


def test_a_question_of_the_report_is_asked_by_its_file(sparkify: Run) -> None:
    sparkify("load")
    lines = sparkify(
        "query", "-f", str(queries.FOLDER / "analytics/session_lengths.sql"), "--format", "csv"
    ).out
    assert lines.splitlines()[0] == "length,sessions"
    assert len(lines.splitlines()) == 8
