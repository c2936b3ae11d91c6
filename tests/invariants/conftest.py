"""What the proofs share: a warehouse that many small worlds take in turn."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparkify_assets.resources.redshift import Warehouse
from tests.conftest import Admin
from tests.invariants import world

_numbers = itertools.count()


@pytest.fixture(scope="session")
def standing_warehouse(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One database with its tables for all tests of the session. What a test writes need not outlive the machine, so
    commits do not wait for the disk."""
    name = f"standing_{os.getpid()}_{next(_numbers)}"
    with Admin(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    url = server.replace("dbname=sparkify", f"dbname={name}") + " options='-c synchronous_commit=off'"
    warehouse = Warehouse(url=url, folder=tmp_path_factory.mktemp("standing"))
    warehouse.ensure_tables()
    yield warehouse
    with Admin(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database {name} with (force)")


@pytest.fixture
def small(standing_warehouse: Warehouse) -> Warehouse:
    """The standing warehouse, empty."""
    world.clean(standing_warehouse)
    return standing_warehouse


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where manifests and compacted files go."""
    return tmp_path / "home"
