"""What the tests of the embedded warehouse share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sparkify_assets.resources import embedded
from sparkify_assets.resources.embedded.connection import Connection


@pytest.fixture
def connection(server: str) -> Iterator[Connection]:
    """A session whose tables go with it: schema pg_temp comes first."""
    opened = embedded.connect(server)
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
