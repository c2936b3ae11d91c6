"""A run in this process: its own success decides, and whatever ends it is said in lines."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy.exc

from sparkify_assets.defs.instance import HomeError, prepare_home
from sparkify_assets.defs.run_here import Ended, RunError, run_here
from tests.conftest import settings_for


def run(resource: Callable[[], Any], op: Callable[[], None] = lambda: None, **config: object) -> Ended:
    """A run of one step with one resource, on a short-lived instance."""

    @dg.resource(config_schema={"size": dg.Field(int, default_value=1)})
    def place(_: dg.InitResourceContext) -> object:
        return resource()

    @dg.op(required_resource_keys={"place"})
    def work() -> None:
        op()

    @dg.job(resource_defs={"place": place}, executor_def=dg.in_process_executor)
    def busy() -> None:
        work()

    return run_here(busy, dg.DagsterInstance.ephemeral, Path(os.devnull), run_config=config)


def fails_with(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


NO_RIGHT = PermissionError(13, "Permission denied", "/var/sparkify/runs/1")


def test_what_succeeds_has_no_errors() -> None:
    ended = run(lambda: 1)
    assert (ended.succeeded, ended.interrupted, ended.errors) == (True, False, [])


def test_a_run_that_ends_before_its_first_step_did_not_succeed() -> None:
    ended = run(fails_with(NO_RIGHT))
    assert not ended.result.get_step_failure_events(), "no step came to fail"
    assert not ended.succeeded
    [line] = ended.errors
    assert line.startswith("/var/sparkify/runs/1: Permission denied")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NO_RIGHT, "/var/sparkify/runs/1: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(30, "Read-only file system", "/x"), "/x: Read-only file system"),
        (
            sqlalchemy.exc.OperationalError(
                "insert", {}, sqlite3.OperationalError("database or disk is full")
            ),
            "Dagster's storage: database or disk is full",
        ),
        (KeyError("endpoint"), "KeyError: 'endpoint' (a fault of the program"),
    ],
)
def test_what_ends_a_step_is_one_line(error: Exception, told: str) -> None:
    [line] = run(lambda: 1, fails_with(error)).errors
    assert line.startswith(told)
    assert ("a fault of the program" in line) is isinstance(error, KeyError)


def test_an_interruption_is_known_as_one() -> None:
    for ended in (run(fails_with(KeyboardInterrupt())), run(lambda: 1, fails_with(KeyboardInterrupt()))):
        assert (ended.succeeded, ended.interrupted, ended.errors) == (False, True, ["interrupted"])


def test_an_interruption_is_not_taken_for_the_error_that_was_being_handled() -> None:
    """As where a life's end is interrupted that a failure has begun."""

    def interrupt() -> None:
        raise dg.DagsterExecutionInterruptedError

    try:
        raise ValueError("the first failure")
    except ValueError:
        ended = run(lambda: 1, interrupt)
    assert (ended.interrupted, ended.errors) == (True, ["interrupted"])


def test_a_wrong_configuration_is_one_line() -> None:
    with pytest.raises(RunError, match=r"whether busy succeeded is not recorded: .*size") as told:
        run(lambda: 1, resources={"place": {"config": {"size": "large"}}})
    assert "\n" not in str(told.value)
    assert "a fault of the program" not in str(told.value)


def test_a_storage_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    @dg.job
    def idle() -> None: ...

    @contextmanager
    def full() -> Iterator[dg.DagsterInstance]:
        with dg.DagsterInstance.ephemeral() as instance:
            error = sqlite3.OperationalError("database or disk is full")
            failing = fails_with(sqlalchemy.exc.OperationalError("insert", {}, error))
            monkeypatch.setattr(instance, "create_run_for_job", lambda **_: failing())
            yield instance

    with pytest.raises(RunError, match="Dagster's storage: database or disk is full; what it did is kept"):
        run_here(idle, full, Path(os.devnull))  # type: ignore[arg-type]


def test_a_home_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(HomeError, match=r"state directory .*home: .*Not a directory"):
        prepare_home(settings_for(tmp_path, tmp_path / "home"))
