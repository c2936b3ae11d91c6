"""`sparkify serve`: the local warehouse at a port of this machine, for psql, notebooks, dbt and whatever else knows
Redshift.

Belongs here: which warehouse is served, and to whom. Does not: how (`redshift_local.serve`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import psycopg2
import typer
from psycopg2.extensions import AsIs, parse_dsn, quote_ident

import redshift_local
from redshift_local import serve as local
from redshift_local.login import Login
from sparkify_assets.cli.connect import listed, pastes_of
from sparkify_assets.cli.console import CommandError, err, say, settings
from sparkify_assets.cli.kept_login import folder_of, forget, kept
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.address import EDITOR, READER, on_aws
from sparkify_assets.warehouse.connection import Warehouse, open_warehouse


def serve(
    port: Annotated[
        int, typer.Option(min=0, max=local.LAST_PORT, help="Port on loopback; 0 for any that is free.")
    ] = local.PORT,
    read_write: Annotated[
        bool, typer.Option("--read-write", help="Let the user change rows; the default is --read-only.")
    ] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="The user only reads the star.")] = False,
    allow_plain: Annotated[
        bool, typer.Option("--allow-plain", help="Take connections without TLS, too.")
    ] = False,
    password_file: Annotated[
        Path | None,
        typer.Option(help=f"A file with the user's password; {local.PASSWORD} may hold it instead."),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How the login is printed.")
    ] = "text",
) -> None:
    """Serve the local warehouse to other tools, as a Redshift on loopback, until Ctrl-C."""
    if read_only and read_write:
        raise CommandError("--read-only and --read-write exclude each other")
    with (
        local.until_ended() as wait,
        served(settings(), port, read_write, allow_plain, password_file) as (login, made),
    ):
        say(login.as_json() if output == "json" else told(login, made=made))
        wait()
    say("The warehouse is not served any more.", to=err)


def told(login: Login, *, made: bool) -> str:
    """What a person is told who is to connect. A password that was not made here is not shown."""
    shown = login if made else replace(login, password=local.HIDDEN)
    may = "changes rows" if login.user == EDITOR else "only reads"
    return (
        f"The warehouse is served at {login.host}:{login.port} to the user {login.user}, who {may}; Ctrl-C ends it.\n\n"
        f"{listed(pastes_of(shown))}\n"
    )


@contextmanager
def served(
    chosen: Settings,
    port: int,
    read_write: bool = False,
    plain: bool = False,
    password_file: Path | None = None,
) -> Iterator[tuple[Login, bool]]:
    """Serve the warehouse of these settings; the login, and whether its password was made. Raises CommandError."""
    if on_aws(chosen.warehouse):
        raise CommandError(f"{chosen.warehouse} is on AWS, where tools reach it themselves")
    warehouse = open_warehouse(chosen)
    own = chosen.warehouse == "embedded"
    folder = folder_of(chosen)
    try:
        password, made = local.chosen_password(local.PASSWORD, password_file)
        with local.alone(folder, port):
            forget(chosen)
            warehouse.ensure_tables()  # this starts the embedded server, too
            dsn = redshift_local.ensure(folder, "sparkify") if own else chosen.warehouse
            database = parse_dsn(dsn).get("dbname", "sparkify")
            user = EDITOR if read_write else READER
            with local.serving(
                dsn, folder, login=Login(local.HOST, port, database, user, password, ""), own=own, only=database,
                plain=plain, grant=lambda: _grant(warehouse, user, database),
            ) as login, kept(chosen, login, made=made):  # fmt: skip
                yield login, made
    except (redshift_local.ServerError, psycopg2.Error) as error:
        raise CommandError(" ".join(str(error).split())) from None


def _grant(warehouse: Warehouse, user: str, database: str) -> None:
    with warehouse.transaction(lock=False) as transaction:
        if user == EDITOR:
            name, of = (AsIs(quote_ident(word, transaction.cursor)) for word in (user, database))
            transaction.run("access/editor")
            transaction.run("access/loader_rights", loader=name, database=of)
            return
        if not transaction.value("access/reader_exists"):
            transaction.run("access/reader")
        transaction.run("access/grants")
        transaction.run("access/analyst")
