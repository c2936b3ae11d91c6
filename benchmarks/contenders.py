"""Who is measured: the floor, the project, and dlt with its defaults. Each does the same pieces of work on request.

All use a server of the local Redshift, which has been started and checkpointed before the measurement.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

import psycopg2
from psycopg2.extensions import make_dsn

import redshift_local
from benchmarks.measuring import Measured, measure

Work = Literal["full load", "one more day", "nothing new"]


@dataclass(frozen=True)
class Done:
    """One piece of work: its seconds without the start of the process, Dagster's seconds, the rows of the star."""

    seconds: float
    dagster: float
    measured: Measured
    rows: dict[str, int]


class Contender(Protocol):
    """A loader that is measured."""

    def start_round(self) -> None:
        """Forget the round before."""

    def do(self, work: Work, /) -> Done:
        """Do one piece of work, for which the source has been prepared."""

    def finish(self) -> None:
        """Stop every server that was started."""


class Floor:
    """The hand-written loader in its faster form: without keys for the full load, with keys afterwards."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder = folder / "floor"
        self.source = source
        self.dsn = redshift_local.ensure(self.folder, "sparkify")
        create_database(self.dsn, "keyed")
        self._load("keyed", "keyed")

    def start_round(self) -> None:
        """A new database for the full load, and a copy of a loaded one for the rest."""
        create_database(self.dsn, "bulk")
        create_database(self.dsn, "next_day", template="keyed")

    def do(self, work: Work, /) -> Done:
        """Load what is new, in the form that is faster for it."""
        return self._load("bulk", "bulk") if work == "full load" else self._load("next_day", "keyed")

    def finish(self) -> None:
        """Stop the server."""
        redshift_local.stop(self.folder)

    def _load(self, database: str, form: str) -> Done:
        checkpoint(self.dsn)
        dsn = make_dsn(self.dsn, dbname=database)
        measured = measure([sys.executable, "-m", "benchmarks.floor", dsn, str(self.source), form])
        return Done(measured.report["seconds"], 0.0, measured, measured.report["tables"])


class Project:
    """`sparkify load` as people run it, in a new state directory each round."""

    def __init__(self, folder: Path, source: Path, first_day: date) -> None:
        self.home = folder / "home"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SPARKIFY_")
        }
        self.environment |= {
            "SPARKIFY_HOME": str(self.home),
            "SPARKIFY_SOURCE": source.as_uri(),
            "SPARKIFY_FIRST_DAY": str(first_day),
        }
        self.rows: dict[str, int] = {}

    def start_round(self) -> None:
        """Create a new state directory and start its server."""
        self.finish()
        self.dsn = redshift_local.ensure(self.home / "warehouse", "sparkify")
        self.rows = {}

    def do(self, _work: Work, /) -> Done:
        """Load what is new in the source."""
        checkpoint(self.dsn)
        sparkify = Path(sys.executable).with_name("sparkify")
        measured = measure([str(sparkify), "load", "--format", "json"], self.environment)
        seconds = measured.report["seconds"]
        for table, rows in measured.report["tables"].items():
            self.rows[table] = self.rows.get(table, 0) + rows["inserted"] - rows["deleted"]
        own = seconds["list"] + seconds["stage"] + seconds["publish"]
        return Done(own, seconds["dagster"], measured, dict(self.rows))

    def finish(self) -> None:
        """Stop the server and remove the state directory."""
        if self.home.exists():
            redshift_local.stop(self.home / "warehouse")
            shutil.rmtree(self.home)


class Dlt:
    """dlt with its defaults, which loads the events into one staging table and nothing else."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.server = folder / "dlt-server"
        self.state = folder / "dlt-state"
        self.source = source
        self.dsn = redshift_local.ensure(self.server, "sparkify")

    def start_round(self) -> None:
        """Start again with a new database and no state."""
        create_database(self.dsn, "dlt")
        shutil.rmtree(self.state, ignore_errors=True)

    def do(self, _work: Work, /) -> Done:
        """Load what is new in the source."""
        checkpoint(self.dsn)
        dsn = make_dsn(self.dsn, dbname="dlt")
        command = [sys.executable, "-m", "benchmarks.dlt_default", dsn, str(self.source), str(self.state)]
        measured = measure(command)
        return Done(measured.report["seconds"], 0.0, measured, {})

    def finish(self) -> None:
        """Stop the server."""
        redshift_local.stop(self.server)


def create_database(dsn: str, name: str, template: str = "template0") -> None:
    """Recreate the database `name` on the server of `dsn`."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"drop database if exists {name} with (force)")
            cursor.execute(f"create database {name} template {template}")


def checkpoint(dsn: str) -> None:
    """Have the server write its dirty buffers now, so that later work is not slowed down by them."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("checkpoint")
