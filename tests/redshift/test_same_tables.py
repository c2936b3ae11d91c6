"""One SQL text, one code path: the same tables from files and S3, on the local Redshift and by the Redshift path."""

from __future__ import annotations

from pathlib import Path

import pytest

from sample_data.generate import write_sample
from sparkify_assets.inspection.checksum import Digest, digest
from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import load_all
from tests.redshift.conftest import LoopbackCluster, separate_warehouse
from tests.redshift.loads import s3_loader


@pytest.fixture
def loaded_from_files(server: str, reference: Path, tmp_path: Path) -> Digest:
    """D of the real data, loaded from files by the local Redshift."""
    with separate_warehouse(server, tmp_path / "files") as loader:
        load_all(loader(reference))
        return digest(loader(reference).warehouse)


def test_the_real_data_gives_one_digest(
    ready: LoopbackCluster, warehouse: Warehouse, loaded_from_files: Digest, reference: Path, tmp_path: Path
) -> None:
    source = ready.put_folder(reference, "landing")
    load_all(s3_loader(warehouse, source, ready, tmp_path))
    assert digest(warehouse) == loaded_from_files
    redshift = ready.warehouse()
    load_all(s3_loader(redshift, source, ready, tmp_path))
    assert digest(redshift) == loaded_from_files


def test_keys_with_blanks_and_letters_of_any_alphabet(
    ready: LoopbackCluster, server: str, tmp_path: Path
) -> None:
    """A manifest names keys as they are; only the address of a file is quoted."""
    folder = tmp_path / "source"
    write_sample(folder, events=40, songs=2, days=1, seed=3)
    [day] = folder.rglob("*-events.json")
    day.rename(day.with_name(day.name.replace("-events", "-events Übung 100% +1 #2 歌")))
    song = next(folder.rglob("TR*.json"))
    song.rename(song.with_name("à la carte.json"))
    with separate_warehouse(server, tmp_path / "files") as loader:
        load_all(loader(folder))
        expected = digest(loader(folder).warehouse)
    warehouse = ready.warehouse()
    load_all(s3_loader(warehouse, ready.put_folder(folder, "landing zone"), ready, tmp_path))
    assert digest(warehouse) == expected
