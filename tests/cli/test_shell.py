"""The shell of `sparkify query`: what it takes, completes, remembers and survives."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sparkify_assets.cli.shell import HELP, HISTORY_FILE, Shell, _history, is_complete
from sparkify_assets.cli.shell_completion import completions
from sparkify_assets.warehouse.connection import Warehouse
from tests.cli.keyboard import Keyboard
from tests.command_line import as_url
from tests.conftest import Admin

Say = Callable[..., tuple[list[str], list[str]]]

TABLES = {
    "sparkify.songplays": {"songplay_id": "text", "song_id": "text", "level": "text"},
    "sparkify.songs": {"song_id": "text", "title": "text"},
    "staging.songs": {"song_id": "text"},
}


@pytest.fixture(scope="module")
def ready(shared_warehouse: Warehouse) -> Warehouse:
    shared_warehouse.ensure_tables()
    return shared_warehouse


@pytest.fixture
def shell(ready: Warehouse) -> Iterator[Shell]:
    with Shell(ready, "table", expanded=False, write=False) as made:
        yield made


@pytest.fixture
def told(shell: Shell, capsys: pytest.CaptureFixture[str]) -> Say:
    """Types a text; what is printed on standard output and on standard error, line by line."""

    def say(text: str, to: Shell = shell) -> tuple[list[str], list[str]]:
        assert to.take(text)
        printed = capsys.readouterr()
        return printed.out.splitlines(), printed.err.splitlines()

    return say


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("", True),
        (r"\d", True),
        ("help", True),
        ("select 1", False),
        ("select 1;", True),
        ("select 1; -- done", True),
        ("select ';", False),
        ("select ';';", True),
        ('select ";', False),
        ("/* ;", False),
        ("-- a comment;", False),
        ("select 4 / 2;", True),
    ],
)
def test_enter_runs_what_is_complete(text: str, complete: bool) -> None:
    assert is_complete(text) is complete


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("select * from songp", "", ["sparkify.songplays"]),
        ("select * from sparkify.so", "", ["sparkify.songplays", "sparkify.songs"]),
        ("select * from song", "", ["sparkify.songplays", "sparkify.songs", "staging.songs"]),
        ("select ti", " from sparkify.songs", ["title"]),
        ("select lev", "", ["level"]),
        ("select p.s", " from sparkify.songplays as p", ["p.song_id", "p.songplay_id"]),
        ("select songs.t", " from sparkify.songs", ["songs.title"]),
        ("select 1 fr", "", ["from"]),
        (r"\d songp", "", ["sparkify.songplays"]),
        ("\\", "", [r"\d", r"\x", r"\?", r"\q"]),
        ("select * from nothing.x", "", []),
    ],
)
def test_tab_completes_tables_columns_and_words(before: str, after: str, found: list[str]) -> None:
    assert sorted(completions(before, before + after, TABLES)) == sorted(found)


def test_several_statements_are_answered_and_an_error_is_one_line(shell: Shell, told: Say) -> None:
    out, err = told("select 1 as a;\nselect 2 as b")
    assert out == ["a", "1", "b", "2"]
    assert [line.startswith("(1 row, ") for line in err] == [True, True]
    out, err = told("select 3 as c; select * from nowhere; select 4")
    assert out == ["c", "3"]
    assert err[1:] == ['error: relation "nowhere" does not exist']
    assert told("select 5 as d")[0] == ["d", "5"], "and it goes on"
    assert told("help")[0] == HELP.splitlines()
    for leaving in (r"\q", "exit", "quit;"):
        assert not shell.take(leaving)


def test_it_only_reads_unless_told(ready: Warehouse, told: Say) -> None:
    assert told("delete from sparkify.users")[1] == [
        "error: cannot execute DELETE in a read-only transaction"
    ]
    with Shell(ready, "table", expanded=False, write=True) as writing:
        assert told("create table public.note (a int); insert into public.note values (1)", writing)[0] == [
            "CREATE TABLE",
            "INSERT 0 1",
        ]
        told("begin; delete from public.note; rollback", writing)
    assert told("select count(*) as n from public.note")[0] == ["n", "1"], (
        "a transaction that was begun is one"
    )


def test_tables_are_described_and_rows_expanded(told: Say) -> None:
    out, _ = told(r"\d")
    assert out[1].startswith("sparkify.artists")
    assert any("One row for each play" in line for line in out)
    out, _ = told(r"\d songplays")
    assert out[1].split()[:3] == ["songplay_id", "character", "varying(96)"]
    assert told(r"\d sonplays")[1] == ["error: there is no table sonplays"]
    assert r"\z is no command" in told(r"\z")[1][0]
    assert told(r"\x")[0] == ["Each column is on a line of its own."]
    assert told("select 1 as a")[0] == ["── row 1", "a  1"]


def test_a_lost_connection_is_told_and_opened_again(ready: Warehouse, told: Say) -> None:
    (_, number), _ = told("select pg_backend_pid() as pid")
    with Admin(ready.url) as admin, admin.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s)", (int(number),))
    assert told("select 1 as a")[1][0].endswith("; the next statement connects again")
    assert told("select 1 as a")[0] == ["a", "1"]


ENDLESS = (
    f"select count(*) as endless from {', '.join(f'information_schema.columns as c{n}' for n in range(6))}"
)


def wait_until_it_runs(warehouse: Warehouse) -> None:
    """Wait until the server works on the endless statement."""
    asked = (
        "select 1 from pg_stat_activity"
        " where state = 'active' and query like '%endless%' and pid <> pg_backend_pid()"
    )
    with Admin(warehouse.url) as admin, admin.cursor() as cursor:
        cursor.execute(asked)
        while not cursor.fetchall():
            cursor.execute(asked)


def test_ctrl_c_ends_the_statement_that_runs(ready: Warehouse, shell: Shell, told: Say) -> None:
    told("select 1")

    def interrupt() -> None:
        wait_until_it_runs(ready)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    _, err = told(ENDLESS)
    thread.join()
    assert err == ["The statement was ended."]
    assert told("select 1 as a")[0] == ["a", "1"]


def test_the_history_is_its_owners_and_makes_no_folder(tmp_path: Path) -> None:
    _history(tmp_path / "none").append_string("select 1")
    assert not (tmp_path / "none").exists()
    _history(tmp_path).append_string("select 1")
    assert stat.S_IMODE((tmp_path / HISTORY_FILE).stat().st_mode) == 0o600
    assert list(_history(tmp_path).load_history_strings()) == ["select 1"]


def test_it_is_a_shell_on_a_terminal(ready: Warehouse, tmp_path: Path) -> None:
    """Typed as on a keyboard: several lines, completion, Ctrl-C on a line, history from an earlier time, Ctrl-D."""
    (tmp_path / "home").mkdir()
    _history(tmp_path / "home").append_string("select 'from before' as said;")
    with Keyboard("query", SPARKIFY_HOME=str(tmp_path / "home"), SPARKIFY_WAREHOUSE=as_url(ready)) as typed:
        typed.sees("sparkify>")
        typed.types("select 7 * 6 as\r", sees="...")
        typed.types("answer;\r", sees="42")
        typed.types("\x1b[A" * 3, sees="from before")  # the second moves from one line to the other
        typed.types("\x03", sees="sparkify>")
        typed.types("select count(*) as n from songp\t", sees="sparkify.songplays")
        typed.types(";\r", sees="(1 row")
        typed.sees("\x1b[?2004h")  # it reads keys again
        for _ in range(2):  # and the second Ctrl-C of a session is no reason to leave
            typed.types(f"{ENDLESS};\r")
            wait_until_it_runs(ready)
            typed.process.send_signal(signal.SIGINT)
            typed.sees("The statement was ended.")
            typed.sees("\x1b[?2004h")
        typed.types("\x04")
        assert typed.ended() == 0
