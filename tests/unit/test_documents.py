"""README and docs are in step with the code: tables, commands, targets of make, links."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from sparkify_assets.cli import app
from sparkify_assets.model.tables import TABLES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


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
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert named <= targets
    assert targets - named <= {"help", "setup"}


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings_that_there_are(page: str) -> None:
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", (ROOT / page).read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), link


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_commands_options_and_targets_that_there_are(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    blocks = [
        line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()
    ]
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for said in (text.partition(" #")[0].strip() for text in [*blocks, *spans]):
        if match := re.match(r"make ([a-z][a-z-]*)", said):
            assert match[1] in targets, said
        if not said.startswith("sparkify "):
            continue
        command: Any = typer.main.get_command(app)
        for word in said.split()[1:]:
            if hasattr(command, "commands") and not word.startswith(("-", "…")):
                assert word in command.commands, said
                command = command.commands[word]
        options = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"(?<= )--[a-z-]+", said)) <= options, said


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CONTRIBUTING.md"])
def test_pages_name_files_that_there_are(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    paths = re.findall(r"`((?:sql|tests|docs|terraform|benchmarks|sparkify_assets)/[\w/.]+)`", text)
    assert [
        path for path in paths if not (ROOT / path).exists() and not (ROOT / f"{path}.sql").exists()
    ] == []


def test_every_decision_is_listed_and_names_the_tests_that_hold_it() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = {path.name: path.read_text("utf-8") for path in folder.glob("[0-9]*.md")}
    listed = re.findall(r"\[(.+)\]\((\d.+\.md)\)", (folder / "README.md").read_text("utf-8"))
    assert [name for _, name in listed] == sorted(pages)
    for title, name in listed:
        assert pages[name].startswith(f"# {title}\n"), name
        parts = re.findall(r"^\*\*(.+?)\*\*", pages[name], re.MULTILINE)
        assert parts == ["The question.", "Decided.", "Why.", "The price.", "Held by"], name
        assert "`tests/" in pages[name].partition("**Held by**")[2], name


def test_the_layout_names_files_that_there_are() -> None:
    (layout,) = re.findall(r"^redshift_local/ .*?^```", README, re.MULTILINE | re.DOTALL)
    package, named, missing = "", 0, []
    for line in layout.splitlines()[:-1]:
        if found := re.match(r"(\w+)/ ", line):
            package = layer = found[1]
            named += 1
            missing += [package] * (not (ROOT / package).is_dir())
        elif found := re.match(r"  ([\w.]+)/? ", line):
            layer = f"{package}/{found[1]}"
            named += 1
            missing += [layer] * (not (ROOT / layer).exists())
        for name in re.findall(r"(?<!  )\b(\w+(?:\.py|/))[ ,;:]", line[22:]):
            named += 1
            missing += [f"{layer}/{name}"] * (
                not (ROOT / layer / name).exists() and not (ROOT / package / name).exists()
            )
    assert named > 40
    assert missing == []


def test_the_architecture_names_files_that_there_are() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    names = re.findall(r"`([\w/]+\.py)`", text)
    assert len(names) > 4
    assert [name for name in names if not (ROOT / "sparkify_assets" / name).exists()] == []
    folders = re.findall(r"`((?:sql|tests)/\w+)`", text)
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []


def defined(path: Path, name: str) -> bool:
    """Whether a module defines a function, class or constant; `Class.method` for what a class defines."""
    body = ast.parse(path.read_text("utf-8")).body
    for part in name.split("."):
        found = [
            node
            for node in body
            if getattr(node, "name", None) == part
            or (isinstance(node, ast.AnnAssign) and getattr(node.target, "id", None) == part)
        ]
        if not found:
            return False
        body = getattr(found[0], "body", [])
    return True


def test_the_way_of_a_record_is_short_and_names_functions_that_there_are() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    steps = re.findall(r"^\| (\d+) \| `([\w/]+\.py):([\w.]+)` \|", text, re.MULTILINE)
    assert [int(number) for number, *_ in steps] == list(range(1, len(steps) + 1))
    assert 20 <= len(steps) <= 30
    missing = []
    for _, file, name in steps:
        path = ROOT / file if file.startswith("redshift_local/") else ROOT / "sparkify_assets" / file
        if not path.exists() or not defined(path, name):
            missing.append(f"{file}:{name}")
    assert missing == []


def test_every_picture_is_small() -> None:
    pictures = list((ROOT / "docs" / "screenshots").glob("*.png"))
    assert {f"docs/screenshots/{path.name}" for path in pictures} == set(
        re.findall(r"!\[.*?\]\((.*?)\)", README)
    )
    assert all(path.stat().st_size < 300_000 for path in pictures)


def test_the_table_of_where_things_belong_names_what_there_is() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    table = guide.partition("## Where things belong")[2].partition("\n## ")[0]
    named = re.findall(r"`([\w/]+(?:\.\w+|/))`", table.partition("|---|")[2])
    assert len(named) > 25
    places = (ROOT, ROOT / "sparkify_assets")
    assert [name for name in named if not any((place / name).exists() for place in places)] == []
