"""The SQL of `sql/`: files as statements, and the fingerprints of the rules. No SQL text belongs in Python."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

#: The folder `sql/`, beside the packages in a checkout.
FOLDER = Path(__file__).resolve().parents[2] / "sql"

_END = re.compile(r";\s*$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\w+|\S")
_SEVERITY = re.compile(r"-- (?:block|warn):")

#: The merges that write staging, which a rebuild of the star does not touch.
_STAGING = frozenset({"merge/staging_events", "merge/staging_songs"})


class Rules(NamedTuple):
    """The fingerprints of the rules of a load: of the SQL that stages records, and of the SQL that makes the star from
    them.
    """

    staging: str
    star: str


@cache
def read(name: str) -> str:
    """The text of a file such as `merge/users`; raises FileNotFoundError."""
    return (FOLDER / f"{name}.sql").read_text("utf-8")


@cache
def statements(name: str) -> tuple[str, ...]:
    """The statements of a file, in order, without their final semicolons. In our files a statement ends where a
    line ends with a semicolon.
    """
    pieces = (piece.strip() for piece in _END.split(read(name)))
    return tuple(piece for piece in pieces if _COMMENT.sub("", piece).strip())


@cache
def names(folder: str) -> tuple[str, ...]:
    """The names of the files in a folder of `sql/`, such as `checks`, sorted."""
    return tuple(f"{folder}/{path.stem}" for path in sorted((FOLDER / folder).glob("*.sql")))


@cache
def rules() -> Rules:
    """The rules in force. If the staging rules change, objects have to be read again; if the star rules change, the
    star is rebuilt from staging. Comments and white space do not count.
    """
    jsonpaths = (FOLDER / "copy/log_json_path.json").read_text("utf-8")
    star = {*names("merge"), *names("checks")} - _STAGING
    return Rules(
        staging=_fingerprint([*map(read, (*names("copy"), *sorted(_STAGING))), jsonpaths]),
        star=_fingerprint(map(read, sorted(star))),
    )


def _fingerprint(texts: Iterable[str]) -> str:
    """16 hexadecimal digits of the tokens of these texts, and of whether a check blocks or warns."""
    digest = hashlib.sha256()
    for text in texts:
        tokens = [token for token in _TOKEN.findall(text) if not token.startswith("--")]
        digest.update("\0".join([*_SEVERITY.findall(text), *tokens, ""]).encode())
    return digest.hexdigest()[:16]
