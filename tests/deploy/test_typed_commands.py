"""What the pages tell to type exists: every `sparkify` command, with its options."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from sparkify_assets.cli import app
from tests.deploy.conftest import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("terraform/**/*.md")])


def commands(text: str) -> list[str]:
    """The commands of a page: in backticks, or at the beginning of a line of a block of code."""
    typed = re.findall(r"`(?:[A-Z_]+=\S+ )?(sparkify [^`]+)`", text)
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        typed += re.findall(r"(?:^|\$\(|/bin/)(?:[A-Z_]+=\S+ )?(sparkify [a-z][^\n]*)", block, re.MULTILINE)
    return typed


def words_of(line: str) -> list[str]:
    """The words of a line of a shell, up to the end of its first command."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    return list(itertools.takewhile(lambda word: not set(word) <= set("();<>|&"), lexer))


def complaint(line: str) -> str:
    """What is wrong with a command; empty where nothing is."""
    try:
        words = words_of(line)[1:]
    except ValueError as error:
        return f"{line}: {error}"
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name not in command.commands:
            return f"{line}: there is no {name}"
        command = command.commands[name]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [
        word for word in words if word.startswith("-") and word.partition("=")[0] not in {*options, "--help"}
    ]
    return f"{line}: there is no {', '.join(unknown)}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    found = [complaint(line) for line in commands(page.read_text("utf-8"))]
    assert [text for text in found if text] == []


def test_commands_are_found_and_told_apart() -> None:
    text = (
        "`sparkify load --days A..B`, `sparkify loud`\n```sh\n$(sparkify infra output --colour)  # x\n```\n"
    )
    assert [complaint(line) for line in commands(text)] == [
        "",
        "sparkify loud: there is no loud",
        "sparkify infra output --colour)  # x: there is no --colour",
    ]
