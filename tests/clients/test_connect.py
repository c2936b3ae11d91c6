"""What `sparkify connect` prints, pasted word by word into a shell and into a Python without the project."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparkify_assets.cli.serve import served
from sparkify_assets.settings import Settings
from tests.clients.running import make_environment
from tests.clients.test_light import LIGHT
from tests.command_line import Run
from tests.conftest import Admin, require_tool

PLAYS = """
    insert into sparkify.songplays (songplay_id, start_time, user_id, level, session_id, item_in_session, event_date)
    values
        ('1-0-7-0', '2018-11-01', 7, 'paid', 1, 0, '2018-11-01'),
        ('1-1-7-1', '2018-11-01', 7, 'paid', 1, 1, '2018-11-01')
"""


@pytest.fixture
def connect(sparkify: Run) -> Iterator[Run]:
    """The command line beside a warehouse that is served, with two plays."""
    settings = Settings.from_environment()
    with served(settings, 0):
        with Admin(settings.warehouse) as connection, connection.cursor() as cursor:
            cursor.execute(PLAYS)
        yield sparkify


def test_the_line_of_psql_and_the_lines_of_pandas_answer(connect: Run) -> None:
    path = {"PATH": f"{Path(require_tool('psql')).parent}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    psql = subprocess.run(
        ["sh", "-c", connect("connect", "--psql").out],
        input="\\pset format unaligned\n\\t\nselect count(*), current_user from sparkify.songplays;",
        capture_output=True, text=True, timeout=60, env=path, check=True,
    )  # fmt: skip
    assert psql.stdout.splitlines()[-1] == "2|analyst"

    python = make_environment("light", [client.requirements for client in LIGHT]) / "bin" / "python"
    pandas = subprocess.run(
        [python, "-W", "error", "-c", connect("connect", "--pandas").out],
        capture_output=True, text=True, timeout=120, env=path, check=True,
    )  # fmt: skip
    assert pandas.stdout.split() == ["level", "plays", "0", "paid", "2"]
