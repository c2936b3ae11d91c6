"""Ctrl-C at chosen moments: one line says what is whole and what to type next, the run is canceled, and the next load
completes what this one began.

Belongs here: single moments, in this process. Does not: every moment of every command (`test_interruption_sweep`).
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import dagster as dg
import duckdb
import pytest

from sparkify_assets.defs import run_here
from sparkify_assets.interruption import apart, check, held, interruptible, pause
from sparkify_assets.leaving import INTERRUPTED, TOLD
from sparkify_assets.warehouse.connection import Warehouse
from tests.command_line import Result, Run, one_line


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def told(result: Result) -> str:
    assert result.code == INTERRUPTED
    [line] = result.err.splitlines()
    return line.removeprefix("interrupted: ")


@contextmanager
def interrupted_at(name: str) -> Iterator[None]:
    """Has Ctrl-C come once, before the first statement whose name begins so."""
    prepare = Warehouse.__post_init__
    came: list[str] = []

    def watch(statement: str) -> None:
        if statement.startswith(name) and not came:
            came.append(statement)
            ctrl_c()
            time.sleep(0.5)  # so long the statement would take

    def watched(warehouse: Warehouse) -> None:
        prepare(warehouse)
        warehouse.before_statement = watch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "__post_init__", watched)
        yield
    assert came, f"no statement {name}"


def last_run(home: Path) -> dg.DagsterRun:
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        return instance.get_runs(limit=1)[0]


@pytest.mark.parametrize(
    ("moment", "whole"),
    [
        ("copy/songs", 0),
        ("ledger/publish", 0),
        ("copy/events_compacted", 26),
        ("ledger/insert_batch", 0),
    ],
)
def test_an_interrupted_load_says_what_is_whole_and_the_next_one_does_the_rest(
    sparkify: Run, tmp_path: Path, moment: str, whole: int
) -> None:
    with interrupted_at(moment):
        line = told(sparkify("load"))
    found = re.fullmatch(
        r"(\d+) of (\d+) days and prefixes of songs were loaded, each as a whole, and the others are as before;"
        r" `sparkify load` loads the rest",
        line,
    )
    assert found, line
    assert int(found[1]) == whole
    assert last_run(tmp_path / "home").status is dg.DagsterRunStatus.CANCELED
    rest = sparkify("load", "--format", "json")
    assert json.loads(rest.out)["partitions"] == int(found[2]) - whole
    agreed = sparkify("reconcile", "--deep")
    assert agreed.out, agreed.err
    assert (agreed.code, agreed.out.splitlines()[-1]) == (0, "Source and warehouse agree.")


def test_a_load_that_had_ended_when_ctrl_c_came_says_so(
    sparkify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(work: Callable[[], Any], *_: object) -> tuple[Any, bool]:
        return work(), True

    monkeypatch.setattr(run_here, "apart", too_late)
    line = told(sparkify("load"))
    assert re.fullmatch(r"all \d+ days and prefixes of songs had been loaded by then", line), line
    assert last_run(tmp_path / "home").status is dg.DagsterRunStatus.SUCCESS


def test_what_a_library_makes_of_ctrl_c_is_no_error(sparkify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB ends a query at Ctrl-C by an error of its own."""

    def queried(*_: object, **__: object) -> NoReturn:
        try:
            ctrl_c()
            time.sleep(0.5)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None
        raise AssertionError

    sparkify("tables", "create")
    monkeypatch.setattr(duckdb, "connect", queried)
    assert told(sparkify("report", "--profile")) == TOLD


@pytest.mark.parametrize("command", [("load",), ("status",), ("digest",)])
def test_before_and_without_a_run_a_line_says_that_nothing_is_half_done(
    sparkify: Run, command: tuple[str, ...]
) -> None:
    sparkify("tables", "create")
    with interrupted_at("ledger/"):
        assert told(sparkify(*command)) == TOLD


def test_a_prompt_that_is_interrupted_is_no_error_and_one_without_an_answer_is_one(
    sparkify: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparkify("tables", "create")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", SimpleNamespace(readline=lambda *_: ctrl_c()))
        assert told(sparkify("tables", "reset")) == TOLD
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO())
        assert "nothing was typed" in one_line(sparkify("tables", "reset"))


def test_work_ends_where_it_asks_and_not_before_it_may() -> None:
    looks: list[int] = []

    def may_ask() -> bool:
        looks.append(1)
        return len(looks) > 2

    def work() -> str:
        ctrl_c()
        try:
            pause(30)
        except KeyboardInterrupt:
            return "asked"
        return "not asked"

    assert apart(work, may_ask, lambda: None) == ("asked", True)
    assert len(looks) == 3
    check()  # and nothing else is asked


def test_a_second_one_leaves_unless_a_block_has_to_end_first() -> None:
    left: list[str] = []

    def stubborn() -> None:
        for _ in range(2):
            ctrl_c()
            time.sleep(0.3)

    with pytest.raises(KeyboardInterrupt):
        apart(stubborn, lambda: True, lambda: left.append("left"))
    assert left == ["left"]

    def has_to_end() -> str:
        try:
            with held() as came:
                stubborn()
                assert came()
        except KeyboardInterrupt:
            return "ended"
        return "not interrupted"

    assert apart(has_to_end, lambda: True, lambda: left.append("again")) == ("ended", True)
    assert left == ["left"]


def test_what_is_held_is_raised_at_the_end() -> None:
    came: list[int] = []

    def work() -> None:
        with held() as how_often:
            ctrl_c()
            came.append(how_often())

    with pytest.raises(KeyboardInterrupt):
        work()
    assert came == [1]


class Lossy:
    def __del__(self) -> None:
        ctrl_c()


def test_what_is_lost_in_a_destructor_is_raised_again() -> None:
    def work() -> None:
        with interruptible():
            Lossy()
            time.sleep(30)

    with pytest.raises(KeyboardInterrupt):
        work()


def test_what_a_shell_has_ignored_stays_so() -> None:
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            ctrl_c()
    finally:
        signal.signal(signal.SIGINT, former)


#: Ctrl-C while the commands are imported, and twice while a command works and cleans up.
AT_IMPORT = """
class Finder:
    def find_spec(name, *_):
        if name == "typer":
            os.killpg(0, signal.SIGINT)
sys.meta_path.insert(0, Finder)
"""
TWICE = """
def interrupted(*_, **__):
    try:
        os.killpg(0, signal.SIGINT)
    finally:
        os.killpg(0, signal.SIGINT)
from sample_data import generate
generate.write_sample = interrupted
"""


@pytest.mark.parametrize("when", [AT_IMPORT, TWICE], ids=["import", "twice"])
def test_in_a_process_of_its_own_it_is_one_line(tmp_path: Path, when: str) -> None:
    """As a terminal does it, to the whole group."""
    program = (
        f"import os, signal, sys\nfrom sparkify_assets import __main__ as program\n{when}\nprogram.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "sample", str(tmp_path / "out")],
        cwd=tmp_path, env={**os.environ, "SPARKIFY_HOME": str(tmp_path)}, start_new_session=True,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (INTERRUPTED, f"interrupted: {TOLD}\n")
