"""Invariants 1 and 2: order and repetition do not matter. Days in any order, songs before, between or after their
plays, anything again: the same rows and the same D."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from random import Random

import pytest

from sparkify_assets.digest import digest
from sparkify_assets.loading import Loader
from sparkify_assets.resources.redshift import Warehouse
from tests.conftest import loader_for
from tests.invariants import oracle, world

ALL = pytest.param(5_040, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])


def load_in_order(loader: Loader, days: Sequence[str], prefixes: Sequence[str], random: Random) -> None:
    """Load days in this order, in groups of random size, with the songs, in parts of random size, at random among them;
    one of the parts a second time."""
    steps = [("events", group) for group in world.chunks(days, random)]
    for group in world.chunks(random.sample(prefixes, len(prefixes)), random):
        steps.insert(random.randint(0, len(steps)), ("songs", group))
    steps.insert(random.randint(0, len(steps)), random.choice(steps))
    for dataset, keys in steps:
        world.load(loader, dataset, keys, reload=random.random() < 0.2)


@pytest.mark.parametrize("orders", [40, ALL])
def test_seven_days_in_any_order(small: Warehouse, tmp_path: Path, orders: int) -> None:
    random = Random(7)
    source = tmp_path / "source"
    files = world.random_files(random)
    world.write(source, files)
    expected = world.fresh_digest(small, files, tmp_path)
    world.assert_holds(small, files)
    chosen = list(permutations(world.DAYS))
    for number, days in enumerate(random.sample(chosen, orders), 1):
        world.clean(small)
        loader = loader_for(small, source, tmp_path / "home")
        load_in_order(loader, days, world.PREFIXES, random)
        assert digest(small).value == expected, f"order {number}: {days}"
        world.told(number, orders, "orders of seven days")


@pytest.mark.parametrize(
    "worlds", [12, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)
def test_other_worlds_in_other_orders(small: Warehouse, tmp_path: Path, worlds: int) -> None:
    for seed in range(worlds):
        random = Random(f"world {seed}")
        source = tmp_path / "source"
        files = world.random_files(random)
        world.clean(small)
        world.remake(source, files)
        loader = loader_for(small, source, tmp_path / "home")
        load_in_order(loader, random.sample(world.DAYS, len(world.DAYS)), world.PREFIXES, random)
        world.assert_holds(small, files)
        world.assert_reconciled(small)
        world.told(seed + 1, worlds, "worlds in random order")


@pytest.mark.parametrize(
    "orders", [1, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)
def test_thirty_real_days_in_random_orders(
    standing_warehouse: Warehouse, reference: Path, tmp_path: Path, orders: int
) -> None:
    files = {key: content for key, content in oracle.files_of(reference).items() if "_data/" in key}
    days = sorted(world.partition(key) for key in files if key.startswith("log_data"))
    prefixes = sorted({world.partition(key) for key in files if key.startswith("song_data")})
    assert len(days) == 30
    expected = world.fresh_digest(standing_warehouse, files, tmp_path)
    world.assert_holds(standing_warehouse, files)
    for seed in range(orders):
        random = Random(f"real {seed}")
        world.clean(standing_warehouse)
        loader = loader_for(standing_warehouse, reference, tmp_path / "home")
        load_in_order(loader, random.sample(days, len(days)), prefixes, random)
        assert digest(standing_warehouse).value == expected, f"seed {seed}"
        world.told(seed + 1, orders, "orders of the real days")


def test_repetition_changes_nothing(small: Warehouse, tmp_path: Path) -> None:
    files = world.random_files(Random(3))
    source = tmp_path / "source"
    world.write(source, files)
    loader = loader_for(small, source, tmp_path / "home")
    world.load_all(loader)
    before = digest(small)
    assert world.load_all(loader) == [], "nothing is new, so nothing is loaded"
    assert digest(small) == before
    for _ in range(2):
        loaded = world.load_all(loader, reload=True)
        assert sum(len(result.partitions) for result in loaded) == len(files)
        assert digest(small) == before
    world.assert_holds(small, files)
