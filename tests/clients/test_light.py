"""The clients that are quick to install, all in one environment: what `make clients` tries of each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.__main__ import differences
from tests.clients.clients import CLIENTS, Client, known_failures
from tests.clients.running import local_redshift, make_environment, run

LIGHT = [client for client in CLIENTS if client.light or not client.packages]


@pytest.fixture(scope="module")
def installed() -> Path:
    return make_environment("light", [client.requirements for client in LIGHT])


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with local_redshift(tmp_path_factory.mktemp("redshift")) as made:
        yield made


@pytest.mark.parametrize("client", LIGHT, ids=lambda client: client.name)
def test_does_what_is_recorded(
    client: Client, installed: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    steps = run(client, installed, variables, tmp_path / client.name)
    assert steps
    assert differences(client, steps, known_failures(client.name)) == []


def test_a_client_that_does_worse_or_better_is_told() -> None:
    found = differences(LIGHT[0], {"read": "", "write": "failed", "copy": ""}, {"copy": "no COPY there"})
    assert [line.split(": ")[0] for line in found] == [f"{LIGHT[0].title}, write", f"{LIGHT[0].title}, copy"]
