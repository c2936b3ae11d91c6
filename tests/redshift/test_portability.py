"""Every statement of sql/ is Redshift's: parsed as its dialect, and compared with the list of what it lacks.

sqlfluff, which knows Redshift's grammar best, parses the same statements in `make lint`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import sqlglot
from sqlglot.errors import ErrorLevel

from redshift_local import refusals
from redshift_local.checks import RULES
from sparkify_assets.model import queries
from sparkify_assets.warehouse.errors import FAULTS

ROOT = Path(__file__).parents[2]

#: sql/profile is DuckDB's.
FOLDERS = sorted(path.name for path in queries.FOLDER.iterdir() if path.is_dir() and path.name != "profile")
FILES = [name for folder in FOLDERS for name in queries.names(folder)]

#: What stands for the names in statements of definition, which are no values.
_NAMES = {"table": "s.t", "column": "c", "former": "b", "type": "varchar(9)", "declaration": "c varchar(9)"}

#: Statements that sqlglot does not parse but passes on; the embedded warehouse and sqlfluff do.
_OF_REDSHIFT_ONLY = re.compile(
    r"(?:copy|lock|create (?:user|group)|alter group|grant|alter default|analyze|vacuum|declare|fetch|close)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", FILES)
def test_every_statement_parses_as_redshift_s_and_is_on_no_list(name: str) -> None:
    if "-- expected error: " not in queries.read(name):  # first contact may ask what nothing else may hold
        assert refusals(_named(queries.read(name))) == []
    for statement in map(_named, queries.statements(name)):
        bare = re.sub(r"--[^\n]*", "", statement).strip()
        if not _OF_REDSHIFT_ONLY.match(bare):
            filled = re.sub(r"%\(\w+\)s", "'1'", bare).replace("%%", "%")
            [parsed] = sqlglot.parse(filled, dialect="redshift", error_level=ErrorLevel.RAISE)
            assert not isinstance(parsed, sqlglot.exp.Command), bare[:80]


def _named(text: str) -> str:
    return re.sub(rf"%\(({'|'.join(_NAMES)})\)s", lambda found: _NAMES[found[1]], text)


def test_sqlfluff_parses_all_of_it_as_redshift_s() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["sqlfluff"]["core"]
    assert config["dialect"] == "redshift"
    for file in ("Makefile", ".pre-commit-config.yaml"):
        text = (ROOT / file).read_text("utf-8").replace("$(VENV)", ".venv")
        assert "sparkify_assets.model.queries --write .venv/sql\n" in text
        assert "sqlfluff lint --disable-progress-bar .venv/sql" in text
    assert (ROOT / ".sqlfluffignore").read_text("utf-8") == "profile/\n"


def test_what_sqlfluff_reads_is_what_is_sent(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sparkify_assets.model.queries"]
    subprocess.run([*command, "--write", tmp_path], check=True, cwd=ROOT)
    written = {
        str(p.relative_to(tmp_path).with_suffix("")): p.read_text("utf-8") for p in tmp_path.rglob("*.sql")
    }
    assert {name: text for name, text in written.items() if not name.startswith("profile/")} == {
        name: queries.read(name) for name in FILES
    }
    printed = subprocess.run(
        [*command, "checks/songs_row_drop"], check=True, cwd=ROOT, capture_output=True, text=True
    )
    assert printed.stdout == written["checks/songs_row_drop"]
    assert "l.dataset = 'songs'" in printed.stdout


def test_a_batch_holds_nothing_that_ends_or_forbids_a_transaction() -> None:
    for name in FILES:
        if not name.startswith("maintenance/"):
            for statement in queries.statements(name):
                bare = re.sub(r"--[^\n]*", "", statement).split()
                assert bare[0].lower() not in ("vacuum", "truncate", "commit", "begin", "end", "rollback"), (
                    name
                )


def test_a_day_is_deleted_by_a_range_of_the_sort_key() -> None:
    """So that Redshift reads the blocks of these days only."""
    [delete] = [s for s in queries.statements("merge/staging_events") if "delete from staging.events" in s]
    assert "event_date between %(first)s and %(last)s" in delete
    assert "sortkey (event_date, ts)" in queries.read("ddl/staging")


def test_no_key_is_declared_that_a_check_of_it_could_be_planned_away_by() -> None:
    """t_Defining_constraints: the planner takes declared keys as true, and nothing enforces them."""
    for name in queries.names("ddl"):
        assert not re.search(
            r"\b(?:primary|foreign) key\b|\bunique\b|\breferences\b", queries.read(name), re.IGNORECASE
        )


def test_every_table_that_holds_rows_is_maintained() -> None:
    tables = {
        table
        for path in (queries.FOLDER / "ddl").iterdir()
        for table in re.findall(r"create table if not exists (\S+)", path.read_text("utf-8"))
    }
    assert len(tables) > 15
    maintained = [
        statement for name in queries.names("maintenance") for statement in queries.statements(name)
    ]
    assert sorted(re.sub(r"--[^\n]*\n", "", statement) for statement in maintained) == sorted(
        f"{command} {table}" for command in ("vacuum", "analyze") for table in tables - {"ledger.load_lock"}
    )


@pytest.mark.parametrize(
    "name", [name for name in queries.names("reconcile") if "except" in queries.read(name)]
)
def test_a_comparison_of_rows_counts_the_letters_of_every_text(name: str) -> None:
    """r_Character_types: trailing blanks mean nothing where Redshift compares, also in GROUP BY and EXCEPT."""
    _, _, table = name.partition("/")
    schema, _, bare = table.rpartition("_")
    [ddl] = [
        statement
        for statement in queries.statements(f"ddl/{schema or 'sparkify'}")
        if f"exists {schema or 'sparkify'}.{bare} (" in statement
    ]
    texts = re.findall(r"^    (\w+) varchar", ddl, re.MULTILINE)
    compared = re.findall(r"    select\n(.*?)    from ", queries.read(name), re.DOTALL)
    assert len(compared) == 2
    for side in compared:
        assert re.findall(r"coalesce\(len\((\w+)\), 0\)", side) == texts


def test_every_entry_of_the_lists_has_its_own_subject_and_a_page() -> None:
    for names in ([r.construct for r in RULES], [f.what for f in FAULTS]):
        assert len(names) == len(set(names))
    pages = [*(r.page for r in RULES), *(f.page for f in FAULTS)]
    assert all(re.fullmatch(r"[\w/-]+", page) for page in pages)


def test_every_difference_of_meaning_says_what_each_side_does_and_where_aws_says_so() -> None:
    page = (ROOT / "docs/redshift.md").read_text("utf-8")
    section = page.partition("## The same statement with another meaning\n")[2]
    lines = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    assert head[:4] == ["What", "Redshift", "The local Redshift", "This project"]
    assert len({row[0] for row in rows}) == len(rows) >= 25
    aws = re.escape("https://docs.aws.amazon.com/redshift/latest/dg/")
    for *cells, link in rows:
        assert len(cells) == 4
        assert all(cells), cells
        assert re.fullmatch(rf"\[AWS\]\({aws}[\w/-]+\.html\)", link), cells


def test_the_page_for_users_is_made_of_these_lists() -> None:
    command = [sys.executable, ROOT / "docs" / "make_redshift.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
