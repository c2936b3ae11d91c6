"""One SQL text, one code path: the same tables from files and S3, on the embedded engine and by the Redshift path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparkify_assets.digest import Digest, digest
from sparkify_assets.resources.redshift import Warehouse
from tests.conftest import Admin, load_all, loader_for
from tests.redshift.conftest import LoopbackCluster
from tests.redshift.loads import s3_loader


@pytest.fixture
def loaded_from_files(server: str, reference: Path, tmp_path: Path) -> Iterator[Digest]:
    """D of the real data, loaded from files by the embedded engine."""
    name = f"files_{os.getpid()}"
    with Admin(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    warehouse = Warehouse(url=server.replace("dbname=sparkify", f"dbname={name}"), folder=tmp_path)
    load_all(loader_for(warehouse, reference, tmp_path / "files"))
    yield digest(warehouse)
    with Admin(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database {name} with (force)")


def test_the_real_data_gives_one_digest(
    ready: LoopbackCluster, warehouse: Warehouse, loaded_from_files: Digest, reference: Path, tmp_path: Path
) -> None:
    source = ready.put_folder(reference, "landing")
    load_all(s3_loader(warehouse, source, ready, tmp_path))
    assert digest(warehouse) == loaded_from_files
    redshift = ready.warehouse()
    load_all(s3_loader(redshift, source, ready, tmp_path))
    assert digest(redshift) == loaded_from_files
