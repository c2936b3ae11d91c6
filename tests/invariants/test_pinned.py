"""The digest of three small worlds, written down: whatever is changed in the code, these rows are loaded from these
files. A value here changes only where the meaning of the tables is meant to change, or the made-up data.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sample_data.generate import write_sample
from sparkify_assets.inspection.checksum import digest
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all, loader_for


def as_it_comes(source: Path) -> None:
    """A sample, and nothing done to it."""


def with_rejects(source: Path) -> None:
    """Records of each kind that the quarantine holds, at the end of a day and among the songs."""
    first = min(source.rglob("*-events.json"))
    with first.open("ab") as file:
        file.write(b'\n{"page": "NextSong", "ts": 1541121934796}\n[1, 2]\nnot JSON\n{"other": 1}\n')
    song = min(source.rglob("TR*.json"))
    song.with_name("TRREJECTED.json").write_bytes(b'{"title": "no song_id"}\n')


def delivered_twice(source: Path) -> None:
    """A later day brings the plays of an earlier one as well, in other words."""
    early, late = sorted(source.rglob("*-events.json"))[:2]
    again = early.read_bytes().replace(b'"level":"free"', b'"level":"paid"')
    late.write_bytes(late.read_bytes().rstrip() + b"\n" + again)


@pytest.mark.parametrize(
    ("seed", "spoil", "correct", "expected"),
    [
        (11, as_it_comes, as_it_comes, "d2299cd507ed6e923edb77638eec8f26"),
        (12, delivered_twice, as_it_comes, "d8bdcf321dc84724678e2a8aba229e52"),
        (13, with_rejects, delivered_twice, "24bf4b93871cd61f63b3e3ff2e08d851"),
    ],
    ids=["a sample", "plays delivered twice", "rejected records, and a correction"],
)
def test_the_digest_is_the_one_written_down(
    small: Warehouse,
    source: Path,
    tmp_path: Path,
    seed: int,
    spoil: Callable[[Path], None],
    correct: Callable[[Path], None],
    expected: str,
) -> None:
    write_sample(source, events=400, songs=30, days=4, seed=seed)
    spoil(source)
    loader = loader_for(small, source, tmp_path / "home")
    load_all(loader)
    correct(source)
    load_all(loader)
    assert str(digest(small)) == expected
