"""The tables of four small made-up sources, as they were before the code took its present shape: refactoring changes no
row. A change of what is loaded, or of the made-up data, changes these values, and says why in its commit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sample_data.generate import write_sample
from sparkify_assets.inspection.checksum import digest
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for

NO_RECORDS = '\nnot json\n{"page": "NextSong", "ts": 1}\n'


def spoil(path: Path) -> None:
    path.write_text(path.read_text("utf-8") + NO_RECORDS, "utf-8")


def shorten(path: Path) -> None:
    lines = path.read_text("utf-8").split("\n")
    path.write_text("\n".join(lines[: len(lines) * 3 // 4]), "utf-8")


def deliver_again(path: Path, later: Path) -> None:
    """A later day brings the events of this one as well, with other levels."""
    again = path.read_text("utf-8").replace('"level":"free"', '"level":"paid"')
    later.write_text(later.read_text("utf-8").rstrip() + "\n" + again, "utf-8")


@pytest.mark.parametrize(
    ("seed", "digits"),
    [
        (1, "426dec9851b9d7ee5a84c3916b605a9c"),
        (2, "8707cc8375fb78800a723b2099c984b0"),  # with two rejected records
        (3, "50426a8d69bea6e652725f1f483b1a13"),  # corrected after it was loaded
        (4, "f033719160a27c39c87a7b4237a1e1fc"),  # with plays that two days deliver
    ],
)
def test_the_tables_are_what_they_were(warehouse: Warehouse, tmp_path: Path, seed: int, digits: str) -> None:
    source = tmp_path / "made"
    write_sample(source, events=400, songs=30, days=5, seed=seed, first_day=date(2018, 11, 1))
    day = source / "log_data/2018/11/2018-11-02-events.json"
    if seed == 2:
        spoil(day)
    if seed == 4:
        deliver_again(day, day.with_name("2018-11-03-events.json"))
    loader = loader_for(warehouse, source, tmp_path / "home")
    load_all(loader)
    if seed == 3:
        shorten(day.with_name("2018-11-03-events.json"))
        load_all(loader)
    assert digest(warehouse).value == digits
