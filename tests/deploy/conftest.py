"""What a server has beside the project: a PostgreSQL for Dagster's records, AWS's APIs, the services' variables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import boto3
import pytest
from moto.server import ThreadedMotoServer
from psycopg2.extensions import parse_dsn

from tests.conftest import fresh_database
from tests.infrastructure.conftest import running_emulator, terraform

__all__ = ["running_emulator", "terraform"]

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """The address of an emulated AWS."""
    emulator = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    emulator.start()
    host, port = emulator.get_host_and_port()
    yield f"http://{host}:{port}"
    emulator.stop()


@pytest.fixture
def aws(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The emulated AWS as the one that boto3 finds; its bucket `logs` is there."""
    for name, value in {
        "AWS_ENDPOINT_URL": aws_endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="logs")
    return aws_endpoint


@pytest.fixture
def dagster_database(server: str) -> Iterator[dict[str, Any]]:
    """The connection of an empty database for Dagster's records."""
    with fresh_database(server) as dsn:
        yield parse_dsn(dsn)


@pytest.fixture
def server_variables(
    aws: str, dagster_database: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """What /etc/sparkify.env says, for this machine: a source without files, the embedded warehouse."""
    at = dagster_database
    login = quote(at["user"]) + (":" + quote(at["password"]) if "password" in at else "")
    where = urlencode({name: at[name] for name in ("host", "port") if name in at})
    (tmp_path / "source").mkdir()
    variables = {
        "SPARKIFY_HOME": str(tmp_path),
        "SPARKIFY_SOURCE": (tmp_path / "source").as_uri(),
        "SPARKIFY_WORK": (tmp_path / "work").as_uri(),
        "SPARKIFY_WAREHOUSE": "embedded",
        "SPARKIFY_DAGSTER_YAML": str(DEPLOY / "dagster.yaml"),
        "AWS_REGION": "us-east-1",
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "DAGSTER_PG_URL": f"postgresql+psycopg2://{login}@/{at['dbname']}?{where}",
        "DAGSTER_LOGS_BUCKET": "logs",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables
