"""Who is measured: the floor, the project, a DuckDB script and dlt. Each loads what is new in a source on request.

The floor and the project each have a server of the local Redshift, which has been started and checkpointed before the
measurement.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg2
from psycopg2.extensions import make_dsn

import redshift_local
from benchmarks.measuring import Measured, measure

PYTHON = sys.executable
SPARKIFY = str(Path(sys.executable).with_name("sparkify"))

#: The contenders, and what each promises beside its time.
CONTENDERS = ("floor", "sparkify", "DuckDB script", "dlt, staging")
PROMISES = {
    "the star": ("yes", "yes", "yes", "no"),
    "only new files are read": ("yes", "yes", "yes", "yes"),
    "a load is published as a whole or not at all": ("yes", "yes, each batch", "yes", "no, each table"),
    "a corrected file replaces its rows": ("no", "yes", "those of the same key", "no, they are there twice"),
    "the rows of a deleted file go": ("no", "yes", "no", "no"),
    "a song that arrives after its plays is matched": ("no", "yes", "no", "no star"),
    "a malformed record is kept apart": ("the load fails", "yes", "the load fails", "the load fails"),
    "checks before publishing": ("no", "yes", "no", "types only"),
    "which file and run a row is from": ("no", "yes", "no", "no"),
    "a server for many readers": ("yes", "yes", "no", "no"),
    "the same on Redshift": ("no", "yes", "no", "by another destination"),
    "a web UI with history, sensors and backfills": ("no", "yes", "no", "no"),
}


@dataclass(frozen=True)
class Done:
    """What one load took: its seconds without the start of the process, Dagster's seconds, the rows there are now."""

    seconds: float
    dagster: float
    measured: Measured
    rows: dict[str, int]


class Contender(Protocol):
    """A loader that is measured."""

    def start(self) -> None:
        """Forget everything that was loaded."""

    def load(self) -> Done:
        """Load what is new in the source."""

    def finish(self) -> None:
        """Stop every server that was started, and remove what was loaded."""


class Floor:
    """The hand-written loader in its faster form: without keys for the full load, with keys afterwards."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder, self.source = folder / "floor", source

    def start(self) -> None:
        """A new database for the full load, and a copy of a loaded one for the rest."""
        if not self.folder.exists():
            self.dsn = redshift_local.ensure(self.folder, "sparkify")
            create_database(self.dsn, "keyed")
            self._load("keyed", "keyed")
        create_database(self.dsn, "bulk")
        create_database(self.dsn, "loaded", template="keyed")
        self.empty = True

    def load(self) -> Done:
        """Load what is new, in the form that is faster for it."""
        database, form = ("bulk", "bulk") if self.empty else ("loaded", "keyed")
        self.empty = False
        return self._load(database, form)

    def finish(self) -> None:
        """Stop the server and remove its data."""
        remove_server(self.folder)

    def _load(self, database: str, form: str) -> Done:
        checkpoint(self.dsn)
        dsn = make_dsn(self.dsn, dbname=database)
        command = [PYTHON, "-m", "benchmarks.floor", dsn, str(self.source), form]
        return _done(measure(command, server=self.folder))


class Sparkify:
    """`sparkify load` as people run it, in a new state directory each round."""

    def __init__(self, folder: Path, source: Path, first_day: str, last_day: str) -> None:
        self.home = folder / "home"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPARKIFY_")}
        self.environment = inherited | {
            "SPARKIFY_HOME": str(self.home),
            "SPARKIFY_SOURCE": source.as_uri(),
            "SPARKIFY_FIRST_DAY": first_day,
            "SPARKIFY_LAST_DAY": last_day,
        }

    def start(self) -> None:
        """Create a new state directory and start its server."""
        self.finish()
        self.dsn = redshift_local.ensure(self.home / "warehouse", "sparkify")
        self.rows: dict[str, int] = {}

    def load(self) -> Done:
        """Load what is new in the source."""
        done = self.run(SPARKIFY, "load", "--format", "json")
        for table, rows in done.report["tables"].items():
            self.rows[table] = self.rows.get(table, 0) + rows["inserted"] - rows["deleted"]
        seconds = done.report["seconds"]
        return Done(seconds["total"] - seconds["dagster"], seconds["dagster"], done, dict(self.rows))

    def run(self, *command: str) -> Measured:
        """Run a command on this state directory."""
        checkpoint(self.dsn)
        return measure(command, self.environment, self.home / "warehouse")

    def finish(self) -> None:
        """Stop the server and remove the state directory."""
        remove_server(self.home / "warehouse")
        shutil.rmtree(self.home, ignore_errors=True)


class Script:
    """A script of this folder that keeps everything in a folder of its own."""

    def __init__(self, module: str, folder: Path, source: Path) -> None:
        self.folder = folder / module
        self.command = [PYTHON, "-m", f"benchmarks.{module}", str(self.folder), str(source)]

    def start(self) -> None:
        """An empty folder."""
        self.finish()
        self.folder.mkdir()

    def load(self) -> Done:
        """Load what is new in the source."""
        return _done(measure(self.command))

    def finish(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _done(measured: Measured) -> Done:
    return Done(measured.report["seconds"], 0.0, measured, measured.report["rows"])


def create_database(dsn: str, name: str, template: str = "template0") -> None:
    """Recreate the database `name` on the server of `dsn`."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"drop database if exists {name} with (force)")
            cursor.execute(f"create database {name} template {template} strategy file_copy")


def checkpoint(dsn: str) -> None:
    """Have the server write its dirty buffers now, so that later work is not slowed down by them."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("checkpoint")


def remove_server(folder: Path) -> None:
    """Stop a server, if there is one, and remove its data."""
    if folder.exists():
        redshift_local.stop(folder)
        shutil.rmtree(folder)
