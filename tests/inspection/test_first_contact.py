"""`sparkify tables first-contact`: what the project counts on, asked of the local Redshift, and what it says of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sparkify_assets.inspection.first_contact import first_contact
from sparkify_assets.model import queries
from sparkify_assets.source.urls import open_store
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import queries_of, settings_for


def outcomes(warehouse: Warehouse, folder: Path) -> dict[str, tuple[str, str]]:
    settings = settings_for(folder / "source", folder / "home")
    found = first_contact(warehouse, settings, open_store(settings.work))
    return {answer.probe: (answer.outcome, answer.seen) for answer in found}


def test_the_stand_in_gives_the_answers_that_are_counted_on(warehouse: Warehouse, tmp_path: Path) -> None:
    found = outcomes(warehouse, tmp_path)
    assert {outcome for outcome, _ in found.values()} == {"same", "not here"}
    assert found["12_what_copy_refuses"] == ("same", "1 | 2 | v")
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == []
    with warehouse.transaction(lock=False) as transaction:
        transaction.cursor.execute(
            "select count(*) from pg_class where relname in ('plays', 'arriving', 'moments')"
        )
        assert transaction.cursor.fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("probe", "right", "wrong", "seen"),
    [
        ("07_analyze_in_a_transaction", "-- expected: 3", "-- expected: 4", "3"),
        ("09_union_under_except", "-- expected: surplus | c\n", "", "missing | a\nsurplus | c"),
        ("08_delete_and_update_by_join", "-- expected: 2 | 20", "-- expected error: overflow", "2 | 20"),
        ("11_backslash", "select %(text)s", "select nothing", 'column "nothing" does not exist'),
    ],
)
def test_what_differs_is_said(
    warehouse: Warehouse,
    tmp_path: Path,
    probe: str,
    right: str,
    wrong: str,
    seen: str,
) -> None:
    copy = shutil.copytree(queries.FOLDER, tmp_path / "sql")
    asked = copy / "first_contact" / f"{probe}.sql"
    asked.write_text(asked.read_text("utf-8").replace(right, wrong), "utf-8")
    with queries_of(copy):
        outcome, said = outcomes(warehouse, tmp_path)[probe]
    assert outcome == "differs"
    assert said.startswith(seen)
