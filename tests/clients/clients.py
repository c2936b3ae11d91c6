"""The clients that are tried, and what each step of their scripts is known to fail for.

A client has a script in `scripts/`, which prints one line of JSON for each of its steps, and its packages with their
versions in `requirements/`. Does not belong here: how a script is run (`running`).
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Client:
    """A client: the name of its script, its own name, the packages that are it, and whether it is tried in CI."""

    name: str
    title: str
    packages: tuple[str, ...] = ()
    light: bool = False

    @property
    def requirements(self) -> Path:
        """Its packages: a file for pip, a folder for npm; nothing is there for what the system has."""
        file = HERE / "requirements" / f"{self.name}.txt"
        return file if file.exists() else file.with_suffix("")

    @property
    def script(self) -> Path:
        [found] = HERE.glob(f"scripts/use_{self.name}.*")
        return found

    @property
    def version(self) -> str:
        """The versions of its packages, as they are pinned."""
        if not self.packages:
            return ""
        if self.requirements.is_dir():
            pins = json.loads((self.requirements / "package.json").read_text())["dependencies"]
        else:
            pins = dict(re.findall(r"(?m)^([\w.-]+)==(.+)$", self.requirements.read_text()))
        normal = {_normal(name): version for name, version in pins.items()}
        return ", ".join(f"{package} {normal[_normal(package)]}" for package in self.packages)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


CLIENTS = (
    Client("redshift_connector", "redshift_connector", ("redshift_connector",), light=True),
    Client("psycopg3", "psycopg 3", ("psycopg",), light=True),
    Client("psycopg2", "psycopg 2", ("psycopg2-binary",), light=True),
    Client("asyncpg", "asyncpg", ("asyncpg",), light=True),
    Client("pg8000", "pg8000", ("pg8000",), light=True),
    Client("sqlalchemy", "SQLAlchemy", ("sqlalchemy-redshift", "SQLAlchemy", "pandas"), light=True),
    Client("awswrangler", "awswrangler", ("awswrangler",)),
    Client("dbt", "dbt", ("dbt-redshift", "dbt-core")),
    Client("sqlmesh", "SQLMesh", ("sqlmesh",)),
    Client("dlt", "dlt", ("dlt",)),
    Client("ibis", "ibis", ("ibis-framework",)),
    Client("polars", "Polars", ("polars", "connectorx", "adbc-driver-postgresql")),
    Client("soda", "Soda Core", ("soda-core-redshift",)),
    Client("node_pg", "Node's pg", ("pg",)),
    Client("psql", "psql"),
    Client("jdbc", "JDBC, with PostgreSQL's driver", ("JPype1",)),
    Client("superset", "Superset", ("apache-superset", "sqlalchemy-redshift")),
)


def known_failures(client: str) -> dict[str, str]:
    """The steps of a client's script that fail, each with its reason."""
    with (HERE / "known_failures.toml").open("rb") as file:
        return tomllib.load(file).get(client, {})
