"""CONTRIBUTING's guides, carried out word for word in a copy of the checkout: what they add is loaded and checked."""

from __future__ import annotations

import json
import os
import re
import shlex
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


def section(guide: str) -> str:
    """The text of a guide, such as `Add a table`."""
    return GUIDE.partition(f"\n## {guide} in")[2].partition("\n## ")[0]


def steps(guide: str) -> list[tuple[str, str, str]]:
    """The blocks of its steps: file, language, text. A block without a file of its own goes into the one before."""
    found: list[tuple[str, str, str]] = []
    blocks = re.findall(r"(?:`([\w/.]+)`:\n\n)?```(\w+)\n(.*?)```\n", section(guide), re.DOTALL)
    for path, language, text in blocks:
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


def carry_out(guide: str, copy: Path) -> None:
    for path, language, text in steps(guide):
        if language == "sql":
            assert not (copy / path).exists(), path
            (copy / path).write_text(text, "utf-8")
        else:
            (copy / path).write_text(changed((copy / path).read_text("utf-8"), text, path), "utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout."""
    copy = tmp_path / "checkout"
    unmade = shutil.ignore_patterns("__pycache__", ".terraform", "screenshots")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=unmade)
        else:
            shutil.copy(ROOT / part, copy / part)
    return copy


@pytest.fixture
def run(checkout: Path, warehouse: Warehouse, tmp_path: Path) -> Run:
    """Runs Python in that copy, on a small sample and a warehouse of the test's own."""
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


def sparkify_error(run: Run, *arguments: str) -> str:
    """What a command that has to fail says on standard error."""
    script = "import sys; sys.stderr = sys.stdout; from sparkify_assets.cli import main; main()"
    return run("-c", script, *arguments, code=1)


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with Admin(warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


@pytest.mark.parametrize("guide", ["Add a field", "Add a table"])
def test_the_steps_of_a_guide_are_in_order(guide: str) -> None:
    assert f"\n## {guide} in four steps\n" in GUIDE
    assert re.findall(r"^### (\d)\.", section(guide), re.MULTILINE) == list("1234")
    assert len(steps(guide)) > 7


def test_a_field_of_events_touches_at_most_six_files() -> None:
    assert len({path for path, _, _ in steps("Add a field")}) <= 6


def test_the_steps_add_a_field_that_is_loaded_and_chosen_by(
    checkout: Path, run: Run, warehouse: Warehouse, tmp_path: Path
) -> None:
    day = min((tmp_path / "source").rglob("*-events.json"))
    records = [json.loads(line) for line in day.read_text("utf-8").splitlines()]
    twice = next(record for record in records if record["page"] == "NextSong")
    twice["device"] = "phone"
    records[-1]["device"] = "computer"
    more = [{**twice, "device": device} for device in ("tablet", "tablet  ", "laptop")]
    day.write_text("\n".join(map(json.dumps, [*records, *more])), "utf-8")
    sparkify(run, "load")  # as it was before, with a warning about a field that nobody reads
    assert "device" in sparkify(run, "status")

    carry_out("Add a field", checkout)
    [commands] = re.findall(r"```sh\n(sparkify .*?)```", section("Add a field"), re.DOTALL)
    assert "sparkify tables migrate" in sparkify_error(run, "load")
    *looks, migrate = [shlex.split(command, comments=True)[1:] for command in commands.splitlines()]
    for look in looks:
        assert "device" in sparkify(run, *look, code=2)
    sparkify(run, *migrate, "--yes")
    devices = (
        "select rtrim(device), count(*) from staging.events group by rtrim(device) order by rtrim(device)"
    )
    assert rows(warehouse, devices) == [
        ("computer", 1),
        ("laptop", 1),
        ("phone", 1),
        ("tablet", 2),
        (None, len(records) - 2 + rest_of_the_days(tmp_path / "source", day)),
    ]
    [play] = rows(warehouse, "select songplay_id, device from sparkify.songplays where device <> 'computer'")
    key = (twice[name] for name in ("sessionId", "itemInSession", "userId", "ts"))
    assert play == ("-".join(map(str, key)), "tablet  ")
    assert sparkify(run, "reconcile", "--deep") == sparkify(run, "reconcile")

    digest = sparkify(run, "digest")
    rows(warehouse, "update staging.events set device = 'watch' where device = 'laptop' returning 1")
    assert "missing staging_events: " in sparkify(run, "reconcile", "--deep", code=1)
    assert sparkify(run, "digest") != digest
    run("docs/make_tables.py")
    assert "| `device` | varchar(64) |" in (checkout / "docs" / "tables.md").read_text("utf-8")


def rest_of_the_days(source: Path, day: Path) -> int:
    """How many events the other days hold."""
    return sum(len(path.read_bytes().splitlines()) for path in source.rglob("*-events.json") if path != day)


def test_the_steps_add_a_table_that_is_loaded_guarded_and_proved(
    checkout: Path, run: Run, warehouse: Warehouse, tmp_path: Path
) -> None:
    sparkify(run, "load")
    carry_out("Add a table", checkout)
    sparkify(run, "tables", "migrate", "--yes")
    (early, late) = sorted((tmp_path / "source").rglob("*-events.json"))[1:3]
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
