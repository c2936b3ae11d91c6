"""What every suite shares: a server with a fresh database for each test, the real data, and tools that may be absent.

A suite that needs a tool or the reference data runs where they are. `SPARKIFY_REQUIRE=all` turns their absence into a
failure; otherwise the run ends by naming the suites that did not run.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg2
import pytest
from hypothesis import HealthCheck, settings

import redshift_local
from sparkify_assets.load.loader import Loader
from sparkify_assets.load.results import BatchResult
from sparkify_assets.model import queries
from sparkify_assets.settings import Settings
from sparkify_assets.source.urls import open_store
from sparkify_assets.warehouse.connection import Warehouse

pytest_plugins = ["tests.command_line", "tests.dev"]  # fixtures that several suites share

# The same examples in every run, and no limit of time: a machine may be busy.
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")

_ABSENT: dict[str, str] = {}
_TESTS = Path(__file__).parent
_WAITING = ("live", "ui", "infrastructure", "redshift")


def absent(what: str, how: str) -> None:
    """End a test that cannot run here: as a failure where everything is required, else by name at the end."""
    if os.environ.get("SPARKIFY_REQUIRE") == "all":
        pytest.fail(f"{what} is required and is not here: {how}", pytrace=False)
    _ABSENT[what] = how
    pytest.skip(f"{what}: {how}")


def require_tool(name: str) -> str:
    """The path of a program that this test needs."""
    path = shutil.which(name)
    if path is None:
        absent(name, "install it to run these tests")
    assert path is not None
    return path


def pytest_configure() -> None:
    # What a shell starts in the background ignores Ctrl-C, and hands that on to every process that a test starts;
    # Dagster then ignores SIGTERM as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that wait for other programs for minutes come first, so that the last process to end is not one of them."""
    items.sort(key=lambda item: item.path.relative_to(_TESTS).parts[0] not in _WAITING)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for what, how in sorted(_ABSENT.items()):
        terminalreporter.write_line(f"did not run: tests that need {what} ({how})", yellow=True)


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of the real data, with reference.json."""
    folder = os.environ.get("SPARKIFY_REFERENCE", "")
    if not folder or not (Path(folder) / "reference.json").exists():
        absent("the reference data", "set SPARKIFY_REFERENCE to its folder")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of an embedded server for the whole session; SPARKIFY_TEST_SERVER is that of one that runs already."""
    if running := os.environ.get("SPARKIFY_TEST_SERVER"):
        yield running
        return
    folder = tmp_path_factory.mktemp("server") / "warehouse"
    yield redshift_local.ensure(folder, "sparkify")
    redshift_local.stop(folder)


_numbers = itertools.count()


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The DSN of an empty database of its own, dropped at the end whoever is still connected."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with Admin(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name}")
    yield server.replace("dbname=sparkify", f"dbname={name}")
    with Admin(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database {name} with (force)")


@pytest.fixture
def warehouse(server: str, tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse of its own for one test, on the session's server."""
    with fresh_database(server) as dsn:
        yield Warehouse(url=dsn, folder=tmp_path)


@pytest.fixture(scope="module")
def shared_warehouse(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One for all tests of a module."""
    with fresh_database(server) as dsn:
        yield Warehouse(url=dsn, folder=tmp_path_factory.mktemp("folder"))


class Admin:
    """A plain connection in autocommit, for what no project statement does."""

    def __init__(self, dsn: str) -> None:
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True

    def __enter__(self) -> psycopg2.extensions.connection:
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def settings_for(source: Path, home: Path, **changes: object) -> Settings:
    """Settings of a test: a folder as source, a home of its own, every day from 2018 on."""
    values: dict[str, object] = {
        "home": home,
        "source": source.as_uri(),
        "warehouse": "embedded",
        "work": (home / "work").as_uri(),
        "first_day": date(2018, 1, 1),
        "last_day": None,
        "deleted": "withdraw",
        "reject_share": 0.2,
        "reject_rows": 10,
        "max_drop": 0.5,
        "region": "us-west-2",
        "iam_role": "default",
        "requester_pays": False,
        "automation": True,
        "sensor_seconds": 5,
        "late_hours": 6.0,
        "alert_webhook": "",
        "page": "http://127.0.0.1:3000",
    }
    return Settings(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An empty source folder."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def loader(warehouse: Warehouse, source: Path, tmp_path: Path) -> Loader:
    """A loader from the test's source folder into the test's warehouse."""
    return loader_for(warehouse, source, tmp_path / "home")


def loader_for(warehouse: Warehouse, source: Path, home: Path, **changes: object) -> Loader:
    settings = settings_for(source, home, **changes)
    return Loader(settings, warehouse, open_store(settings.source), open_store(settings.work))


@contextmanager
def queries_of(folder: Path) -> Iterator[None]:
    """For a while, every statement is read from a copy of `sql/`."""
    caches = [cached for cached in vars(queries).values() if hasattr(cached, "cache_clear")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "FOLDER", folder)
        for cached in caches:
            cached.cache_clear()
        try:
            yield
        finally:
            for cached in caches:
                cached.cache_clear()


def load_all(loader: Loader, **choice: bool) -> list[BatchResult]:
    """Load songs, then events, as a run does; what became of each batch."""
    return [result for dataset in ("songs", "events") for result in loader.load(dataset, **choice)]  # type: ignore[arg-type]
