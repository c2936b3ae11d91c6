"""README and docs are in step with the code: tables, commands, targets of make, links."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from sparkify_assets.cli import app
from sparkify_assets.tables import TABLES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_dictionary_of_the_tables_is_that_of_the_code() -> None:
    command = [sys.executable, ROOT / "docs" / "make_tables.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_readme_says_of_each_table_what_the_code_says() -> None:
    shown = dict(re.findall(r"^\| `((?:sparkify|staging)\.\w+)` \| (.+) \|$", README, re.MULTILINE))
    assert shown.keys() == {table.name for table in TABLES.values()}
    for table in TABLES.values():
        assert table.description.startswith(shown[table.name].removesuffix(".")), table.name


def test_readme_names_every_command_with_options_that_it_has() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    named = {tuple(words.split()) for words in re.findall(r"`sparkify ([a-z]+(?: [a-z]+)?)", README)}
    assert {words[0] for words in named} == commands.keys()
    for line in README.splitlines():
        if match := re.match(r"\| `sparkify ([a-z]+)", line):
            options = {option for parameter in commands[match[1]].params for option in parameter.opts}
            assert set(re.findall(r"--[a-z-]+", line)) <= options, line


def test_readme_names_every_target_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^(\w+):.*## ", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE))
    assert named <= targets
    assert targets - named <= {"help", "setup"}


@pytest.mark.parametrize("page", ["README.md", "docs/tables.md"])
def test_links_lead_to_files_that_there_are(page: str) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", (ROOT / page).read_text("utf-8"))
    assert links
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_the_layout_names_files_that_there_are() -> None:
    (layout,) = re.findall(r"^sparkify_assets/landing\.py.*?^```", README, re.MULTILINE | re.DOTALL)
    names = re.findall(r"^(?:sparkify_assets)? */([\w/.]+)", layout, re.MULTILINE)
    folders = re.findall(r"^(\w+)/ ", layout, re.MULTILINE)
    assert len(names) > 8
    assert [name for name in names if not (ROOT / "sparkify_assets" / name).exists()] == []
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []


def test_the_architecture_names_files_that_there_are() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    names = re.findall(r"`(\w+\.py)`", text)
    assert len(names) > 4
    assert [name for name in names if not (ROOT / "sparkify_assets" / name).exists()] == []
    folders = re.findall(r"`((?:sql|tests)/\w+)`", text)
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []


def test_every_picture_is_small() -> None:
    pictures = list((ROOT / "docs" / "screenshots").glob("*.png"))
    assert {f"docs/screenshots/{path.name}" for path in pictures} == set(
        re.findall(r"!\[.*?\]\((.*?)\)", README)
    )
    assert all(path.stat().st_size < 300_000 for path in pictures)
