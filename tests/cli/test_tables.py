"""`sparkify tables diff` and `migrate`: what they print, what they ask, and their exit codes."""

from __future__ import annotations

import io
import json

import pytest

from tests.command_line import Run, one_line


def test_tables_are_compared_and_brought_over(sparkify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sparkify("tables", "migrate", "--yes").code == 0  # nothing is there yet: it makes the tables
    assert sparkify("load").code == 0
    same = sparkify("tables", "diff")
    assert (same.code, same.out) == (0, "The tables are those of sql/ddl.\n")
    digest = sparkify("digest").out
    for statement in (
        "alter table staging.events drop column auth",
        "alter table sparkify.time drop column month",
        "alter table sparkify.songs add column mine integer",
    ):
        assert sparkify("query", "--write", statement).code == 0

    shown = sparkify("tables", "diff")
    assert shown.code == 2
    assert [line.split()[:4] for line in shown.out.splitlines()[1:-1]] == [
        ["sparkify.songs", "mine", "extra", "column"],
        ["sparkify.time", "month", "missing", "column"],
        ["staging.events", "auth", "missing", "column"],
    ]
    told = sparkify("tables", "diff", "--format", "json")
    found = json.loads(told.out)
    assert told.code == 2
    assert [(item["table"], item["name"], item["what"]) for item in found["differences"]] == [
        ("sparkify.songs", "mine", "extra column"),
        ("sparkify.time", "month", "missing column"),
        ("staging.events", "auth", "missing column"),
    ]
    assert "`sparkify tables migrate` brings them over" in one_line(sparkify("load"))

    would = sparkify("tables", "migrate", "--dry-run")
    assert would.code == 2
    assert would.out.splitlines() == [
        "then sparkify.time: make anew: month is missing",
        "then staging.events: add column auth varchar(64)",
        "then the star is rebuilt from staging",
        "then all files are read again (`sparkify load --full`), since 5 days and prefixes were staged by other rules,"
        " or lack a column",
        "left to you sparkify.songs.mine is extra: alter table sparkify.songs drop column mine, if nobody needs it",
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert "not confirmed; nothing was changed" in one_line(sparkify("tables", "migrate"))
    assert sparkify("tables", "diff").code == 2

    monkeypatch.setattr("sys.stdin", io.StringIO("migrate\n"))
    done = sparkify("tables", "migrate")
    assert done.code == 0, "what is left stops no load"
    assert "Migrated in" in done.out
    assert "Loaded 35 files" in done.out
    sparkify("query", "--write", "alter table sparkify.songs drop column mine")
    assert sparkify("tables", "migrate").code == 0
    assert sparkify("digest").out == digest
    assert sparkify("reconcile", "--deep").code == 0


def test_what_was_staged_by_other_rules_can_be_left_to_a_load(sparkify: Run) -> None:
    sparkify("load")
    sparkify("query", "--write", "alter table staging.songs drop column num_songs")
    assert "Loaded" not in sparkify("tables", "migrate", "--yes", "--no-load").out
    assert "staged by other rules" in sparkify("status").out
    assert "read again" in sparkify("tables", "migrate", "--yes").out
    assert "staged by other rules" not in sparkify("status").out
