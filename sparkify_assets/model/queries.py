"""The reader of `sql/`: its files as statements, the tables that they declare, and the fingerprints of the rules.

    python -m sparkify_assets.model.queries reconcile/songplays     # prints the statements as they are sent
    python -m sparkify_assets.model.queries --write FOLDER          # writes all of them, for sqlfluff

A file whose name has a variable stands for a file for each of its values: `{dataset}` is events or songs, `{star}` is a
table of the star, `{table}` is any table that holds rows. A file that has the name itself takes precedence.

Belongs here: whatever takes the text of SQL apart, except `lineage`, which needs its grammar, and `definitions`, which
reads all of what a table is. Does not: SQL text, which is in `sql/` only; what stands for text in it (`placeholders`).
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sparkify_assets.model.datasets import DATASETS
from sparkify_assets.model.placeholders import fill

#: The folder `sql/`, beside the packages in a checkout.
FOLDER = Path(__file__).resolve().parents[2] / "sql"

_END = re.compile(r";\s*$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\w+|\S")
_SEVERITY = re.compile(r"-- (?:block|warn):")
_HEAD = re.compile(r"\A(?:-- .*\n)*")
_VARIABLE = re.compile(r"\{(\w+)\}")
_FRAGMENT = re.compile(r"^-- (\w+): ", re.MULTILINE)
_TABLE = re.compile(r"create (?:temp )?table (?:if not exists )?([\w.]+) \(\n(.*?)\n\)", re.DOTALL)

#: The merges that write staging, which a rebuild of the star does not touch.
_STAGING = frozenset({"merge/staging_events", "merge/staging_songs"})

#: The tables whose columns decide which records fit.
_ARRIVING = ("incoming.events", "incoming.songs")

#: The table that never holds a row.
LOCK = "ledger.load_lock"


class Rules(NamedTuple):
    """The fingerprints of the rules of a load: of the SQL that stages records, and of the SQL that makes the star from
    them.
    """

    staging: str
    star: str


@cache
def read(name: str) -> str:
    """The text of a file such as `merge/users`, filled in; raises FileNotFoundError, PlaceholderError."""
    folder = name.rpartition("/")[0]
    path, values = _files(folder).get(name) or (FOLDER / f"{name}.sql", {})
    return fill(path.read_text("utf-8"), values, _fragments(), columns)


@cache
def statements(name: str) -> tuple[str, ...]:
    """The statements of a file, in order, without their final semicolons. In our files a statement ends where a
    line ends with a semicolon.
    """
    return _split(read(name))


@cache
def names(folder: str) -> tuple[str, ...]:
    """The names of the files in a folder of `sql/`, such as `checks`, sorted."""
    return tuple(sorted(_files(folder)))


def heading(name: str) -> list[str]:
    """The lines of the comment at the head of a file."""
    return [line.removeprefix("-- ") for line in _HEAD.match(read(name))[0].splitlines()]  # type: ignore[index]


@cache
def columns(table: str) -> Mapping[str, str]:
    """The columns of a table, each with its type and constraint, as `sql/ddl` declares them. Raises KeyError where
    it declares no such table, FileNotFoundError where it has no such schema.
    """
    return _declared(table.partition(".")[0])[table]


@cache
def tables() -> tuple[str, ...]:
    """All tables of the warehouse, as `sql/ddl` declares them."""
    return tuple(table for name in names("ddl") for table in _declared(Path(name).name) if "." in table)


def filled_tables() -> list[str]:
    """Those that hold rows."""
    return [table for table in tables() if table != LOCK]


def star() -> list[str]:
    """The names of the tables that analysts read, without their schema."""
    return [table.removeprefix("sparkify.") for table in tables() if table.startswith("sparkify.")]


def tables_in(name: str) -> set[str]:
    """The tables that a file names."""
    return set(tables()) & set(re.findall(r"\b\w+\.\w+", read(name)))


def event_keys() -> list[str]:
    """The keys of an event's JSON object, in the order of the columns that COPY fills from them."""
    paths: list[str] = json.loads((FOLDER / "copy/log_json_path.json").read_text("utf-8"))["jsonpaths"]
    return [path.removeprefix("$['").removesuffix("']") for path in paths]


@cache
def rules() -> Rules:
    """The rules in force. If the staging rules change, objects have to be read again; if the star rules change, the
    star is rebuilt from staging. Comments and white space do not count.
    """
    star_files = {*names("merge"), *names("checks")} - _STAGING
    jsonpaths = (FOLDER / "copy/log_json_path.json").read_text("utf-8")
    types = [f"{name} {text}" for table in _ARRIVING for name, text in columns(table).items()]
    return Rules(
        staging=_fingerprint([*map(read, (*names("copy"), *sorted(_STAGING))), jsonpaths, *types]),
        star=_fingerprint(map(read, sorted(star_files))),
    )


def _fingerprint(texts: Iterable[str]) -> str:
    """16 hexadecimal digits of the tokens of these texts, and of whether a check blocks or warns."""
    digest = hashlib.sha256()
    for text in texts:
        tokens = [token for token in _TOKEN.findall(text) if not token.startswith("--")]
        digest.update("\0".join([*_SEVERITY.findall(text), *tokens, ""]).encode())
    return digest.hexdigest()[:16]


@cache
def _files(folder: str) -> Mapping[str, tuple[Path, Mapping[str, str]]]:
    """The files of a folder by name: where each is written, and the value of the variable in the file's name."""
    found: dict[str, tuple[Path, Mapping[str, str]]] = {}
    for path in sorted((FOLDER / folder).glob("*.sql")):  # "{" comes after every letter
        variable = _VARIABLE.search(path.stem)
        for value in _values(variable[1]) if variable else [""]:
            name = _VARIABLE.sub(value, path.stem)
            found.setdefault(f"{folder}/{name}", (path, {variable[1]: value} if variable else {}))
    return found


def _values(variable: str) -> Sequence[str]:
    match variable:
        case "dataset":
            return DATASETS
        case "star":
            return star()
        case "table":
            return filled_tables()
    raise ValueError(f"no variable of a file's name is called {variable!r}")


@cache
def _fragments() -> Mapping[str, str]:
    """The fragments that several files share, by name."""
    fragments = _split((FOLDER / "fragments.sql").read_text("utf-8"))
    return {_FRAGMENT.findall(text)[0]: _COMMENT.sub("", text).strip("\n") for text in fragments}


@cache
def _declared(schema: str) -> Mapping[str, Mapping[str, str]]:
    """The tables that a file of `sql/ddl` makes, each with its columns."""
    made = _TABLE.finditer(_COMMENT.sub("", read(f"ddl/{schema}")))
    return {
        table: dict(line.strip().split(" ", 1) for line in body.split(",\n"))
        for table, body in (match.groups() for match in made)
    }


def _split(text: str) -> tuple[str, ...]:
    pieces = (piece.strip() for piece in _END.split(text))
    return tuple(piece for piece in pieces if _COMMENT.sub("", piece).strip())


def _main() -> None:
    import argparse

    parser = argparse.ArgumentParser(description="The statements of sql/ as they are sent.")
    parser.add_argument("name", nargs="?", help="such as reconcile/songplays: print it")
    parser.add_argument("--write", metavar="FOLDER", type=Path, help="write all of them")
    chosen = parser.parse_args()
    if chosen.name:
        sys.stdout.write(read(chosen.name))
    elif chosen.write:
        for folder in sorted(path.name for path in FOLDER.iterdir() if path.is_dir()):
            (chosen.write / folder).mkdir(parents=True, exist_ok=True)
            for name in names(folder):
                (chosen.write / f"{name}.sql").write_text(read(name), "utf-8")


if __name__ == "__main__":
    _main()
