"""What the tests of the local Redshift share. They run without the rest of the repository, and without Dagster."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import redshift_local
from redshift_local.session import Connection


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a local server for the whole session."""
    folder = tmp_path_factory.mktemp("local") / "warehouse"
    yield redshift_local.ensure(folder)
    redshift_local.stop(folder)


@pytest.fixture
def connection(server: str) -> Iterator[Connection]:
    """A session whose tables go with it: schema pg_temp comes first."""
    opened = redshift_local.connect(server)
    yield opened
    opened.close()


@pytest.fixture
def sql(connection: Connection) -> Callable[..., list[tuple]]:
    """Run SQL; the rows of the last statement, if it has any."""

    def run(text: str, parameters: object = None) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(text, parameters)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., str]:
    """Write an object; its URL. A dict is written as JSON."""

    def write(name: str, content: bytes | str | dict) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path.as_uri()

    return write
