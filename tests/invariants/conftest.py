"""What the proofs share: a warehouse that many small worlds take in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sparkify_assets.warehouse.connection import Warehouse
from tests.conftest import fresh_database
from tests.invariants import world


@pytest.fixture(scope="session")
def standing_warehouse(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One database with its tables for all tests of the session. What a test writes need not outlive the machine, so
    commits do not wait for the disk."""
    with fresh_database(server) as dsn:
        url = dsn + " options='-c synchronous_commit=off'"
        warehouse = Warehouse(url=url, folder=tmp_path_factory.mktemp("standing"))
        warehouse.ensure_tables()
        yield warehouse


@pytest.fixture
def small(standing_warehouse: Warehouse) -> Warehouse:
    """The standing warehouse, empty."""
    world.clean(standing_warehouse)
    return standing_warehouse


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where manifests and compacted files go."""
    return tmp_path / "home"
