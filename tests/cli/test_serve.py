"""`sparkify serve`: the local warehouse for other tools, embedded or on a PostgreSQL of one's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest

import redshift_local
from redshift_local.login import Login
from tests.command_line import Run, one_line

BIN = Path(sys.executable).parent

Start = Callable[..., tuple[subprocess.Popen[str], Login]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts to serve the warehouse of the environment at a free port; the process, and how to log in."""
    running = []

    def run(*arguments: str) -> tuple[subprocess.Popen[str], Login]:
        command = [str(BIN / "sparkify"), "serve", "--port", "0", "--format", "json", *arguments]
        running.append(
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
            )
        )
        assert running[-1].stdout is not None
        return running[-1], Login(**json.loads(running[-1].stdout.readline()))

    yield run
    for process in running:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture
def embedded(sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command line on an embedded warehouse with the sample in it."""
    monkeypatch.setenv("SPARKIFY_WAREHOUSE", "embedded")
    assert sparkify("load").code == 0
    yield sparkify
    redshift_local.stop(tmp_path / "home" / "warehouse")


def ask(login: Login, statement: str, **changes: str) -> list[tuple]:
    given = {
        "host": login.host, "port": login.port, "dbname": login.database, "user": login.user,
        "password": login.password, "sslmode": "verify-full", "sslrootcert": login.sslrootcert, **changes,
    }  # fmt: skip
    with closing(psycopg2.connect(**given)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def denied(login: Login, *statements: str) -> None:
    for statement in statements:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match=r"permission denied|must be owner"):
            ask(login, statement)


def test_an_analyst_reads_the_star_of_the_embedded_warehouse(embedded: Run, start: Start) -> None:
    process, login = start()
    assert (login.database, login.user) == ("sparkify", "analyst")
    [(plays,)] = ask(login, "select count(*) from sparkify.songplays where len(level) = 4")
    assert plays > 100
    denied(
        login, "delete from sparkify.songplays", "truncate sparkify.songplays", "select * from ledger.load_lock",
        "create table public.mine (i integer)", "create schema mine", "drop table sparkify.songplays",
    )  # fmt: skip
    embedded("load")  # beside it
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "not served any more" in told
    assert embedded("query", "select 1").code == 0  # the server itself goes on, as after every command


def test_an_editor_changes_rows_but_makes_nothing_where_loads_look(embedded: Run, start: Start) -> None:
    _, login = start("--read-write")
    assert login.user == "editor"
    ask(login, "delete from sparkify.users")
    assert ask(login, "select count(*) from sparkify.users") == [(0,)]
    ask(login, "create schema own")
    ask(login, "create table own.t (a varchar(3))")
    denied(
        login,
        "create table public.mine (i integer)",
        "create table sparkify.mine (i integer)",
        "create function sparkify.len(varchar) returns integer stable as $$ select 1 $$ language sql",
    )


def test_no_other_database_is_served(embedded: Run, start: Start) -> None:
    _, login = start()
    with pytest.raises(psycopg2.OperationalError, match='database "postgres" does not exist'):
        ask(login, "select 1", dbname="postgres")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        ask(login, "select 1", user="sparkify")


def test_a_warehouse_on_another_postgresql_is_served(sparkify: Run, start: Start) -> None:
    sparkify("load")
    _, login = start()
    assert ask(login, "select count(*) > 100 from sparkify.songplays") == [(True,)]
    denied(login, "delete from sparkify.songplays")


def test_a_second_one_says_that_there_is_one_until_that_is_killed(
    embedded: Run, start: Start, tmp_path: Path
) -> None:
    process, login = start()
    assert f"is served already, at port 0 by process {process.pid}" in one_line(
        embedded("serve", "--port", "0")
    )
    assert ask(login, "select 1") == [(1,)]
    assert login.password in embedded("connect", "--psql").out
    process.kill()
    process.wait()
    assert login.password in (tmp_path / "home" / "warehouse" / "login.json").read_text()
    assert "is not served" in one_line(embedded("connect", "--psql"))  # what is left is not taken for a login


def test_what_cannot_be_served_is_said(sparkify: Run) -> None:
    for aws in ("redshift://cluster/dev", "redshift-serverless://workgroup/dev"):
        assert "is on AWS" in one_line(sparkify("serve", WAREHOUSE=aws))
    assert "exclude each other" in one_line(sparkify("serve", "--read-only", "--read-write"))
    assert "cannot be read" in one_line(sparkify("serve", "--password-file", "absent"))
    assert "'--port'" in one_line(sparkify("serve", "--port", "65536"))
