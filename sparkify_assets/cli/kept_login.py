"""The login of a warehouse that is served, in a file for `sparkify connect`, for as long as it is served.

The file has mode 600 and lies beside the lock of whoever serves. A process that was killed leaves the file, but not the
lock, so a file without a lock tells nobody anything. A password that the user gave is not copied into it.

Belongs here: writing, reading and removing that file. Does not: serving (`serve`), what is pasted (`connect`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from redshift_local.login import Login
from redshift_local.serve import HIDDEN, PASSWORD, is_served
from sparkify_assets.cli.console import CommandError
from sparkify_assets.settings import Settings


def folder_of(settings: Settings) -> Path:
    """The folder with the lock and the login of whoever serves the warehouse of these settings."""
    return settings.warehouse_folder if settings.warehouse == "embedded" else settings.home


@contextmanager
def kept(settings: Settings, login: Login, *, made: bool) -> Iterator[None]:
    """Keep a login until the end; its password only if it was made here. Raises CommandError."""
    file = _file(settings)
    new = file.with_suffix(".new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write((login if made else replace(login, password="")).as_json() + "\n")
        new.replace(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from None
    try:
        yield
    finally:
        forget(settings)


def forget(settings: Settings) -> None:
    """Remove what is kept, also what a process left that was killed."""
    with suppress(OSError):
        _file(settings).unlink()


def running(settings: Settings) -> Login | None:
    """How to log in to the warehouse of these settings, if it is served now. Of a password that its user gave, the
    environment may hold a copy; else a word stands in its place.
    """
    try:
        login = Login(**json.loads(_file(settings).read_text()))
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise CommandError(f"{_file(settings)} cannot be read: {error.strerror}") from None
    if not is_served(folder_of(settings)):
        return None
    return login if login.password else replace(login, password=os.environ.get(PASSWORD) or HIDDEN)


def _file(settings: Settings) -> Path:
    return folder_of(settings) / "login.json"
