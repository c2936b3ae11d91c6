"""Fixtures of a source that announces what lands in it."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from sample_data.generate import write_sample
from sparkify_assets.load.loader import Loader
from sparkify_assets.source import queue
from tests.automation.announcing import Announcing, Daemon, announced_loader, announcing, files_of


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Announcing]:
    """An empty bucket that notifies its queue, which answers at once."""
    monkeypatch.setattr(queue, "WAIT_SECONDS", 0)
    with announcing(monkeypatch) as place:
        yield place


@pytest.fixture(scope="package")
def sample(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Three days and a few songs, by key."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, events=60, songs=4, days=3, seed=3)  # 2018-11-01 to 2018-11-03
    return files_of(folder)


@pytest.fixture
def daemon(loader: Loader, place: Announcing, instance: dg.DagsterInstance) -> Daemon:
    """A sensor that has begun to watch an empty bucket."""
    place.notify()
    daemon = Daemon(announced_loader(loader, place), instance)
    daemon.begin()
    return daemon
