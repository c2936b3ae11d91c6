"""The SQL of `sql/`: files as statements, and the fingerprint of the rules. No SQL text belongs in Python."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

#: The folder `sql/`, beside the package in a checkout.
FOLDER = Path(__file__).resolve().parent.parent / "sql"

_END = re.compile(r";\s*$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)

#: Folders whose text decides what a load makes of its records.
_RULES = ("copy", "merge", "checks")


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
def rules_hash() -> str:
    """The fingerprint of the SQL that turns records into tables: a published row is only as good as its rules."""
    digest = hashlib.sha256()
    for folder in _RULES:
        for name in names(folder):
            digest.update(f"{name}\0{read(name)}\0".encode())
    return digest.hexdigest()[:16]
