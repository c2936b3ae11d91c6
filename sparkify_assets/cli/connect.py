"""`sparkify connect`: what to paste into a tool, so that it reads the warehouse.

The local warehouse is reached through `sparkify serve`, whose login this command finds; one on AWS by IAM, without a
password unless one is asked for.

Belongs here: which tools there are, and where their text goes. Does not: the text itself (`redshift_local.login`,
`iam_login`), serving (`serve`).
"""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from textwrap import indent
from typing import Annotated, Literal

import typer

from redshift_local.login import Login, Paste
from redshift_local.serve import HIDDEN
from sparkify_assets.cli.console import CommandError, err, printing, say
from sparkify_assets.cli.iam_login import IamLogin
from sparkify_assets.cli.kept_login import running
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.address import EDITOR, READER, on_aws
from sparkify_assets.warehouse.redshift import Redshift, certificates

_ROOT = Path(__file__).resolve().parents[2]
_QUERY = "select level, count(*) as plays from sparkify.songplays group by level"


def connect(
    psql: Annotated[bool, typer.Option("--psql", help="A command for psql.")] = False,
    pandas: Annotated[bool, typer.Option("--pandas", help="Python for a DataFrame of pandas.")] = False,
    redshift_connector: Annotated[
        bool, typer.Option("--redshift-connector", help="Python for AWS's own driver.")
    ] = False,
    jdbc: Annotated[bool, typer.Option("--jdbc", help="The URL for JDBC.")] = False,
    dbeaver: Annotated[bool, typer.Option("--dbeaver", help="A command for DBeaver.")] = False,
    dbt: Annotated[bool, typer.Option("--dbt", help="A profiles.yml for dbt.")] = False,
    superset: Annotated[bool, typer.Option("--superset", help="The URI for Superset.")] = False,
    notebook: Annotated[bool, typer.Option("--notebook", help="How to open the project's notebook.")] = False,
    password: Annotated[
        bool, typer.Option("--password", help="On AWS: make a password of an hour now, and print it.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "--output", metavar="FILE", help="Write it to a new file that only you can read."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --out replace a file.")] = False,
    output: Annotated[
        Literal["text", "json"],
        typer.Option(
            "--format", help="json: the login, and the text of every tool, or of the one that is named."
        ),
    ] = "text",
) -> None:
    """Print what to paste into a tool, so that it reads the warehouse; without an option, list the tools."""
    options = {
        "psql": psql, "pandas": pandas, "redshift-connector": redshift_connector, "jdbc": jdbc, "dbeaver": dbeaver,
        "dbt": dbt, "superset": superset, "notebook": notebook,
    }  # fmt: skip
    asked = [tool for tool, chosen in options.items() if chosen]
    if len(asked) > 1:
        raise CommandError(f"--{asked[0]} and --{asked[1]}: name one tool at a time")
    login = _login(Settings.from_environment(), password=password)
    pastes = pastes_of(login)
    if output == "json":
        found = asdict(login) if isinstance(login, Login) else {}
        texts = {tool: pastes[tool].text for tool in asked or pastes}
        _write(json.dumps({**found, "paste": texts}), out, force)
    elif asked:
        _write(pastes[asked[0]].text, out, force)
        _advise(asked[0], login)
    elif out:
        raise CommandError("--out needs a tool, such as --dbt, or --format json")
    else:
        say(listed(pastes))


def pastes_of(login: Login | IamLogin) -> Mapping[str, Paste]:
    """What each tool is given, by its name; psql is the first."""
    return {**login.pastes(_QUERY), "notebook": Paste("the project's notebook: five questions", _notebook())}


def listed(pastes: Mapping[str, Paste]) -> str:
    """The line for psql, and how to come to the text of the other tools."""
    [(name, first), *others] = pastes.items()
    commands = "\n".join(f"  sparkify connect --{name:<20}{paste.title}" for name, paste in others)
    return f"{name}\n{indent(first.text, '  ')}\n\nother tools\n{commands}"


def _login(settings: Settings, *, password: bool) -> Login | IamLogin:
    """How to log in to the warehouse of the settings, to read. Raises CommandError and ClusterError."""
    if on_aws(settings.warehouse):
        return _login_on_aws(settings.warehouse, password=password)
    if login := running(settings):
        return login
    raise CommandError(
        f"the warehouse of {settings.home} is not served; `sparkify serve` in another terminal serves it until Ctrl-C"
    )


def _login_on_aws(url: str, *, password: bool) -> Login | IamLogin:
    redshift = Redshift(url, lambda line: say(line, to=err))
    address = redshift.address
    if not password:
        found = redshift.endpoint()
        return IamLogin(address, found.host, found.port)
    credentials = redshift.reader()
    found = redshift.endpoint()
    root = certificates(address.sslrootcert)
    return Login(found.host, found.port, address.database, credentials.user, credentials.password, root)


def _notebook() -> str:
    """How to open the notebook, and before that how to install what it needs, unless that is there."""
    file = _ROOT / "notebooks" / "listening.py"
    install = _command(
        sys.executable, "-m", "pip", "install", "--constraint", _ROOT / "constraints.txt", "--editable",
        f"{_ROOT}[notebook]",
    )  # fmt: skip
    opened = _command(sys.executable, "-m", "marimo", "edit", file)
    return opened if importlib.util.find_spec("marimo") else f"{install}\n{opened}"


def _command(*words: str | Path) -> str:
    return shlex.join(str(word) for word in words)


def _write(text: str, out: Path | None, force: bool) -> None:
    """Print a text as it is, or write it to a file of mode 600. Raises CommandError."""
    if out is None:
        with printing():
            sys.stdout.write(text + "\n")
        return
    try:
        if force:
            out.unlink(missing_ok=True)
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
    except FileExistsError:
        raise CommandError(f"{out} is there already; --force replaces it") from None
    except OSError as error:
        raise CommandError(f"{out} cannot be written: {error.strerror}") from None
    say(f"{out} is written, for your eyes only.", to=err)


def _advise(tool: str, login: Login | IamLogin) -> None:
    """Say beside the text what whoever pastes it should know."""
    if isinstance(login, Login) and login.password == HIDDEN:
        say(f"{HIDDEN} stands where the password belongs that `sparkify serve` was given", "note:", to=err)
    if isinstance(login, Login) and login.user == EDITOR:
        say(
            f"{EDITOR} changes rows: `sparkify serve` without --read-write serves to {READER}",
            "note:",
            to=err,
        )
    elif tool == "dbt":
        say(
            f"dbt makes tables, and {READER} only reads: `sparkify serve --read-write` serves to {EDITOR}"
            if isinstance(login, Login)
            else f"dbt makes tables, and {READER} only reads: name a user that owns a schema of its own",
            "note:",
            to=err,
        )
