"""The warehouse from Python: load it, query it, and ask it what the command line can be asked.

Belongs here: what a script, a notebook or another project's asset may call, and keep calling. Does not: how it is done
(`run`, `inspection`), or what is printed of it (`cli`).

    from sparkify_assets.api import Sparkify

    sparkify = Sparkify(source="~/my-data", home="~/sparkify")
    sparkify.load()
    sparkify.query("select level, count(*) as users from sparkify.users group by level order by level")
"""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Any

from sparkify_assets.defs.instance import prepare_home
from sparkify_assets.inspection import provenance
from sparkify_assets.inspection.status import Status
from sparkify_assets.inspection.status import status as compare
from sparkify_assets.load.loader import open_loader
from sparkify_assets.load.selection import Selection
from sparkify_assets.run import LoadReport, run_load
from sparkify_assets.settings import Settings, SettingsError


class Sparkify:
    """One source and one warehouse. All errors that the methods foresee are `sparkify_assets.errors.SparkifyError`."""

    def __init__(self, **settings: str) -> None:
        """Take the settings of `.env.example`, without their prefix and in lower case, over those of the environment:
        `source="s3://bucket/prefix", first_day="2018-11-01"`. No `.env` is read. The state directory is created.

        Raises SettingsError for a name that there is not and a value that cannot be used, HomeError for a state
        directory of somebody else.
        """
        if unknown := settings.keys() - {field.name for field in fields(Settings)}:
            raise SettingsError(f"there is no setting {', '.join(sorted(unknown))}: .env.example lists all")
        given = {f"SPARKIFY_{name.upper()}": value for name, value in settings.items()}
        self._settings = Settings.from_environment({**os.environ, **given})
        prepare_home(self._settings)
        self._loader = open_loader(self._settings)

    def load(self, days: str = "", songs: str = "", *, full: bool = False) -> LoadReport:
        """Load what is new or changed in one Dagster run, and return what the run did.

        `days` is `2018-11-01..2018-11-07` or one day in UTC, and `songs` is prefixes such as `AA,AB`; without both,
        everything. With `full`, what has not changed is loaded too. What is blocked or failed is in the report, and
        raises nothing.

        Raises SelectionError for a day or prefix that does not exist, WrongSource, SourceError, WarehouseError,
        DeletionsRefused, Interrupted.
        """
        plan, chosen = Selection(days, songs, full).planned(self._loader)
        return run_load(self._loader, plan, chosen, reload=full)

    def query(self, statement: str) -> list[dict[str, Any]]:
        """Run one statement in Redshift's SQL that changes nothing; its rows by column name, with Python's types.

        Raises psycopg2.Error for what the warehouse refuses, and WarehouseError if it is not there.
        """
        with (
            self._loader.warehouse.session(read_only=True) as session,
            session.transaction(lock=False) as transaction,
        ):
            answer = transaction.ask(statement)
            columns = [column.name for column in answer.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()] if columns else []

    def status(self) -> Status:
        """Compare the source with what is loaded: every day and prefix with its state and its counts.

        Raises WrongSource, SourceError, WarehouseError.
        """
        return compare(self._loader)

    def why(self, play: str) -> dict[str, Any]:
        """The provenance of a play: its files, its run, its rules, and how its song was found.

        `play` is its songplay_id, or its session and item such as `818-5` if these are unique. Raises NoSuchPlay,
        WarehouseError.
        """
        return provenance.why(self._loader.warehouse, play, self._loader.source)
