"""Which of Dagster's lines the terminal of `sparkify dev` shows, and how. What Dagster writes is as its version of
constraints.txt writes it; `tests/live` has the real thing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sparkify_assets.cli.dagster_log import DagsterLog, Said

RUN = "667a497f-a05e-43b9-8842-ce5f8ec90092"
TRACE = (
    "\ndagster._core.definitions.events.Failure: blocked: 2018-11-03 by events_row_drop (1)\n\n"
    'Stack Trace:\n  File "execute_plan.py", line 243, in dagster_event_sequence_for_step\n    yield from events\n\n'
)
AT = "2026-11-28 19:40:56 +0000"


@pytest.fixture
def log(tmp_path: Path) -> DagsterLog:
    (tmp_path / "dagster.log").touch()
    return DagsterLog(tmp_path / "dagster.log")


def told(log: DagsterLog, *written: str) -> list[Said]:
    with log.path.open("a", encoding="utf-8") as file:
        file.writelines(f"{text}\n" for text in written)
    return [*log.new(), *log.new()]


def test_a_blocked_day_is_one_line(log: DagsterLog) -> None:
    alert = "Sparkify: events_on_arrival for 2018-11-03 failed."
    assert told(
        log,
        f"{AT} - dagster - ERROR - events_on_arrival - {RUN} - 1345 - load_events - STEP_FAILURE - Failed.{TRACE}",
        f"{AT} - dagster - ERROR - events_on_arrival - {RUN} - analytics - Dependencies for step analytics failed:"
        " ['load_events']. Not executing.",
        f"{AT} - dagster - ERROR - events_on_arrival - {RUN} - 1345 - RUN_FAILURE - Execution failed.{TRACE}",
        f"{AT} - dagster - ERROR - __repository__ - failure_alert - {alert}",
        "blocked: 2018-11-03 by events_row_drop (1)",
        "http://127.0.0.1:3055/runs/1",
    ) == [
        Said(
            f"{alert} blocked: 2018-11-03 by events_row_drop (1) http://127.0.0.1:3055/runs/1",
            "19:40:56 error:",
            "red",
        )
    ]


def test_the_first_start_is_quiet_and_colours_are_the_projects_own(log: DagsterLog) -> None:
    green = "\x1b[32m2026-11-28 19:30:37 +0000\x1b[0m - dagster.daemon.Consumer - \x1b[34mWARNING\x1b[0m - "
    assert (
        told(log, f"{green}No cursor for event type DagsterEventType.RUN_FAILURE, ignoring older events")
        == []
    )
    assert told(log, f"{green}the disk is slow") == [Said("the disk is slow", "19:30:37 warning:", "yellow")]


def test_that_it_was_ended_while_it_started_is_told_by_the_command(log: DagsterLog) -> None:
    assert told(log, "\nAborted!") == []


def test_a_load_is_one_line(log: DagsterLog) -> None:
    said = "loaded 2018-11-01: 12 records read, 12 staged, 0 rejected"
    assert told(log, f"{AT} - dagster - INFO - events_on_arrival - {RUN} - load_events - {said}") == [
        Said(said, "19:40:56", "")
    ]


def test_a_trace_is_one_line_that_says_where_all_of_it_is(log: DagsterLog) -> None:
    trace = ["Traceback (most recent call last):", '  File "x.py", line 1, in y', "    z()", "ValueError: no"]
    where = f"(in full in {log.path})"
    assert told(log, f"{AT} - dagster.daemon - ERROR - Sensor daemon caught an error", *trace) == [
        Said(f"Sensor daemon caught an error {where}", "19:40:56 error:", "red")
    ]
    assert told(log, *trace) == [Said(f"ValueError: no {where}", "error:", "red")]


def test_what_is_not_yet_written_to_its_end_is_awaited(log: DagsterLog) -> None:
    with log.path.open("a", encoding="utf-8") as file:
        file.write(f"{AT} - dagster - WARNING - half")
        file.flush()
        assert list(log.new()) == []
        file.write(" a line\n")
    assert list(log.new()) == []
    assert list(log.new(to_the_end=True)) == [Said("half a line", "19:40:56 warning:", "yellow")]
