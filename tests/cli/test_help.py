"""What `--help` shows, and what a shell completes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from sparkify_assets import cli
from sparkify_assets.cli import completion
from sparkify_assets.cli.help import EXAMPLES
from tests.command_line import Run, events


def commands(group: Any) -> Iterator[Any]:
    for command in group.commands.values():
        yield command
        yield from commands(command) if hasattr(command, "commands") else ()


def test_flags_are_shown_as_flags_by_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    root = typer.main.get_command(cli.app)
    for command in [root, *commands(root)]:
        with pytest.raises(SystemExit):
            command.main(["--help"], prog_name="sparkify")
        shown = capsys.readouterr().out
        assert "--help" in shown
        assert "<bool>" not in shown, command.name


def test_an_example_is_shown_on_a_line_and_can_be_typed(sparkify: Run) -> None:
    root: Any = typer.main.get_command(cli.app)
    for name, examples in EXAMPLES.items():
        shown = sparkify(name, "--help").out.splitlines()
        for example in examples:
            assert f" {example}" in map(str.rstrip, shown)
            inner = re.search(r"\$\((.*)\)", example)
            words = shlex.split(inner[1] if inner else re.split(r" [<>] | {4}", example)[0])[1:]
            assert words[0] == name
            root.commands[name].make_context(name, words[1:])


def test_days_prefixes_and_files_are_completed(sparkify: Run, tmp_path: Path) -> None:
    day = events(tmp_path, "2018-11-02")
    assert completion.blocked("") == completion.rejected("") == [], "and no warehouse is no error"
    day.write_bytes(day.read_bytes() + b"\n" + b"not a record\n" * 200)
    sparkify("load")
    assert completion.days("2018-11-0")[:2] == ["2018-11-01", "2018-11-02"]
    assert completion.days("2018-11-01..2018-11-04") == ["2018-11-01..2018-11-04"]
    first, second = completion.prefixes("")[:2]
    assert completion.prefixes(first[0].lower())[0] == first
    assert f"{first},{second}" in completion.prefixes(f"{first},{second[0]}")
    assert completion.blocked("") == completion.rejected("2018") == ["2018-11-02"]
    assert completion.rejected_files("") == ["log_data/2018/11/2018-11-02-events.json"]
