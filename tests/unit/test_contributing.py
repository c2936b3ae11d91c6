"""CONTRIBUTING's five steps, carried out word for word in a copy of the checkout: their table is loaded and proved."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2.extensions
import pytest

from sample_data.generate import write_sample
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import Admin

ROOT = Path(__file__).parents[2]
PARTS = (
    "redshift_local",
    "sample_data",
    "sparkify_assets",
    "sql",
    "docs",
    "terraform",
    "README.md",
    "dagster.yaml",
)
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

Run = Callable[..., str]


def steps() -> list[tuple[str, str, str]]:
    """The blocks of the steps: file, language, text. A block without a file of its own goes into the one before."""
    guide = GUIDE.partition("## Add a table")[2].partition("\n## ")[0]
    found: list[tuple[str, str, str]] = []
    for path, language, text in re.findall(r"(?:`([\w/.]+)`:\n\n)?```(\w+)\n(.*?)```\n", guide, re.DOTALL):
        if language in ("sql", "diff"):
            found.append((path or found[-1][0], language, text))
    return found


def changed(text: str, diff: str, path: str) -> str:
    """The text with the diff applied where its lines stand; they have to stand there once."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    assert text.count(before) == 1, f"{path} does not have these lines once:\n{before}"
    return text.replace(before, after)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout in which the steps were carried out."""
    copy = tmp_path / "checkout"
    unmade = shutil.ignore_patterns("__pycache__", ".terraform", "screenshots")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=unmade)
        else:
            shutil.copy(ROOT / part, copy / part)
    for path, language, text in steps():
        if language == "sql":
            assert not (copy / path).exists(), path
            (copy / path).write_text(text, "utf-8")
        else:
            (copy / path).write_text(changed((copy / path).read_text("utf-8"), text, path), "utf-8")
    return copy


@pytest.fixture
def run(checkout: Path, warehouse: Warehouse, tmp_path: Path) -> Run:
    """Runs Python in the changed checkout, on a small sample and a warehouse of the test's own."""
    write_sample(tmp_path / "source", events=300, songs=10, days=4, seed=5)
    parts = psycopg2.extensions.parse_dsn(warehouse.url)
    environment = {
        **os.environ,
        "PYTHONPATH": str(checkout),
        "DAGSTER_HOME": "",
        "SPARKIFY_HOME": str(tmp_path / "home"),
        "SPARKIFY_SOURCE": (tmp_path / "source").as_uri(),
        "SPARKIFY_WAREHOUSE": (
            f"postgresql:///{parts['dbname']}?host={parts['host']}&user={parts['user']}&port={parts['port']}"
        ),
    }

    def python(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=checkout, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return python


def sparkify(run: Run, *arguments: str, code: int = 0) -> str:
    return run("-c", "from sparkify_assets.cli import main; main()", *arguments, code=code)


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with Admin(warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_there_are_five_steps_in_order() -> None:
    assert re.findall(r"^### (\d)\.", GUIDE, re.MULTILINE) == list("12345")
    assert len(steps()) > 10


def test_the_steps_add_a_table_that_is_loaded_guarded_and_proved(
    checkout: Path, run: Run, warehouse: Warehouse, tmp_path: Path
) -> None:
    (early, late) = sorted((tmp_path / "source").rglob("*-events.json"))[1:3]
    sparkify(run, "load")
    users_of: dict[date, list[int]] = defaultdict(list)
    for start_time, user in rows(warehouse, "select start_time, user_id from sparkify.songplays"):
        users_of[start_time.date()].append(user)
    days = "select day, plays, users from sparkify.days order by day"
    assert len(users_of) >= 4
    assert rows(warehouse, days) == [
        (day, len(users), len(set(users))) for day, users in sorted(users_of.items())
    ]

    late.write_bytes(early.read_bytes())  # the later day now brings the plays of the earlier one
    sparkify(run, "load")
    corrected, digest = rows(warehouse, days), sparkify(run, "digest")
    assert 0 < sum(plays for _, plays, _ in corrected) < sum(map(len, users_of.values()))
    rows(warehouse, "insert into sparkify.days values ('2000-01-01', 1, 1) returning 1")
    sparkify(run, "load", "--republish")
    assert (rows(warehouse, days), sparkify(run, "digest")) == (corrected, digest)

    rows(
        warehouse,
        "update sparkify.days set plays = plays + 1 where day = (select min(day) from sparkify.days) returning 1",
    )
    assert f"missing days: {corrected[0][0]}" in sparkify(run, "reconcile", "--deep", code=1)
    assert sparkify(run, "digest") != digest

    run("docs/make_tables.py")
    assert "## sparkify.days" in (checkout / "docs" / "tables.md").read_text("utf-8")
    graph = "from sparkify_assets.definitions import defs; graph = defs().resolve_asset_graph(); "
    asked = run("-c", graph + "print(*(key.name for key in graph.asset_check_keys))")
    assert "days_keys" in asked.split()
