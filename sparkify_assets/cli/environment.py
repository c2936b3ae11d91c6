"""The environment of a command: the file `.env` of the checkout, wherever in it the command is typed.

Belongs here: finding the checkout, and what its file adds. Does not: what a variable means (`settings`).
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from sparkify_assets.cli.console import CommandError

#: What marks the top of a checkout, above which nothing is looked for.
_TOP = (".git", "workspace.yaml")

#: The variables with a path, which is relative to the file that names it.
_PATHS = ("SPARKIFY_HOME", "SPARKIFY_SOURCE", "SPARKIFY_WORK", "SPARKIFY_DAGSTER_YAML")


def complete_environment() -> None:
    """Add what the environment lacks from `.env`, and have the state directory of the checkout in force in its folders.

    What the environment has already counts more than the file. Raises CommandError for a file that is not text.
    """
    folder = folder_of_settings(Path.cwd())
    for name, value in values_of(folder).items():
        os.environ.setdefault(name, value)
    if folder != Path.cwd():
        os.environ.setdefault("SPARKIFY_HOME", str(folder / ".sparkify"))


def folder_of_settings(here: Path) -> Path:
    """The nearest folder with `.env` or a state directory, from here up to the top of the checkout; if there is none,
    or no checkout, this one.
    """
    folders: list[Path] = []
    for folder in (here, *here.parents):
        folders.append(folder)
        if any((folder / name).exists() for name in _TOP):
            break
    else:
        return here
    return next((f for f in folders if (f / ".env").is_file() or (f / ".sparkify").is_dir()), here)


def values_of(folder: Path) -> dict[str, str]:
    """What `.env` in this folder sets; nothing if there is none. Raises CommandError for a file that is not text."""
    try:
        given = dotenv_values(folder / ".env")
    except UnicodeDecodeError as error:
        raise CommandError(f"{folder / '.env'}: not UTF-8: {error.reason} at byte {error.start}") from None
    return {
        name: _from(folder, value) if name in _PATHS else value
        for name, value in given.items()
        if value is not None
    }


def _from(folder: Path, value: str) -> str:
    if not value or urlsplit(value).scheme or value.startswith("~"):
        return value
    return str(folder / value)
