r"""The conformance suite: statements with the results that AWS documents, run on the local Redshift or on a real one.

Belongs here: reading cases, running them, judging what came back, and the page that shows it. Does not belong here: any
expectation; cases lie in TOML files, one for each theme, beside a `setup.sql` that makes the table they share.

    [[case]]
    name = "DATEDIFF counts boundaries"
    page = "r_DATEDIFF_function"            # AWS's page
    setup = ["create temp table t (a integer)"]
    objects = { "a.json" = '{"a": 1}' }     # files that COPY may read; {objects} in a statement is their folder
    sql = "select datediff(week, '2009-01-01', '2009-12-31')"
    rows = [["52"]]                         # text as psql prints it, null as "\\N"
    types = ["bigint"]

Instead of `rows`: `error = "a part of the documented message"` for what Redshift refuses, `refused = "why"` for what
only the local Redshift does not run, `silent = true` where AWS's pages do not say what comes. `declared = "how"` is a
known difference of the local Redshift. A case with `autocommit = true` runs outside a transaction. All others are
rolled back.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg2
from psycopg2.extensions import connection as PlainConnection
from psycopg2.extensions import new_type, register_type, string_types

import redshift_local
from redshift_local.tokens import DOCUMENTATION, NotHere, NotPortable, split

Outcome = Literal["as documented", "refused", "differs", "error", "recorded"]


@dataclass(frozen=True)
class Case:
    """One statement with its documented result; the fields are the keys in the file."""

    file: str
    name: str
    page: str
    sql: str
    setup: Sequence[str] = ()
    objects: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    rows: Sequence[Sequence[str]] | None = None
    types: Sequence[str] = ()
    error: str | None = None
    refused: str = ""
    declared: str = ""
    silent: bool = False
    autocommit: bool = False

    @property
    def documented(self) -> str:
        """What AWS documents, in one line; '' if its pages do not say."""
        if self.error is not None:
            return f"error: {self.error}" if self.error else "error"
        return _shown(self.rows, self.types) if self.rows is not None or self.types else ""


@dataclass(frozen=True)
class Result:
    """What came of a case: the verdict, and in one line what was answered."""

    case: Case
    outcome: Outcome
    answer: str

    @property
    def holds(self) -> bool:
        """Whether the case is kept: as documented, refused or different where it says so, or only recorded."""
        expected = {"refused"} if self.case.refused else {"differs", "error"} if self.case.declared else set()
        return self.outcome in {"as documented", "recorded"} | expected


def read(file: Path) -> list[Case]:
    """The cases of a file. Raises ValueError for a case without an expectation, or with an unknown key."""
    found = []
    for given in tomllib.loads(file.read_text("utf-8"))["case"]:
        try:
            case = Case(file=file.stem, **given)
        except TypeError as error:
            raise ValueError(f"{file.name}: {given.get('name')}: {error}") from None
        if not (case.documented or case.error is not None or case.refused or case.silent):
            raise ValueError(f"{file.name}: {case.name}: says neither rows, types, error, refused nor silent")
        found.append(case)
    if twice := sorted({case.name for case in found if [c.name for c in found].count(case.name) > 1}):
        raise ValueError(f"{file.name}: two cases are named {', '.join(twice)}")
    return found


# --- running ------------------------------------------------------------------------------------------------------

#: The types of Redshift's columns by their number in the protocol, which is PostgreSQL's.
_TYPES = {
    16: "boolean", 17: "bytea", 18: '"char"', 19: "name", 20: "bigint", 21: "smallint", 23: "integer", 25: "text",
    26: "oid", 700: "real", 701: "double precision", 1042: "character", 1043: "character varying", 1082: "date",
    1083: "time", 1114: "timestamp", 1184: "timestamptz", 1186: "interval", 1266: "timetz", 1700: "numeric",
    4000: "super", 6551: "varbyte",
}  # fmt: skip

_AS_TEXT = new_type(tuple(string_types), "text as the server sends it", lambda value, _: value)


class Runner:
    """Runs cases on one connection; `objects` is the folder, or S3's prefix, where their files are written."""

    def __init__(self, connection: PlainConnection, objects: str) -> None:
        self.connection = connection
        self.objects = objects.rstrip("/")

    def prepare(self, script: str) -> None:
        """Run what the cases of a folder share, and keep it."""
        with self.connection, self.connection.cursor() as cursor:
            for statement in split(script):
                cursor.execute(statement)

    def run(self, case: Case) -> Result:
        """Run a case, and judge it; nothing of it remains, unless it runs in autocommit."""
        folder = f"{self.objects}/{case.file}/{''.join(c if c.isalnum() else '_' for c in case.name)}"
        for name, content in case.objects.items():
            _write(f"{folder}/{name}", content)
        self.connection.autocommit = case.autocommit
        try:
            for statement in case.setup:
                self._execute(statement.replace("{objects}", folder))
            return _judge(case, *self._answer(case.sql.replace("{objects}", folder)))
        except psycopg2.Error as error:
            return _judge_error(case, error)
        finally:
            if not self.connection.closed:
                self.connection.rollback()
                self.connection.autocommit = False

    def _execute(self, text: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(text)

    def _answer(self, text: str) -> tuple[list[list[str]], list[str]]:
        """The rows of the last statement of a text, and the types of its columns."""
        *before, last = split(text) or [text]
        for statement in before:
            self._execute(statement)
        with self.connection.cursor() as cursor:
            if not last.lower().startswith(("copy", "unload")):  # those read their own rows by this cursor
                register_type(_AS_TEXT, cursor)
            cursor.execute(last)
            if not cursor.description:
                return [], []
            rows = [["\\N" if value is None else str(value) for value in row] for row in cursor.fetchall()]
            return rows, [
                _TYPES.get(column.type_code, str(column.type_code)) for column in cursor.description
            ]


def _judge(case: Case, rows: Sequence[Sequence[str]], types: Sequence[str]) -> Result:
    answer = _shown(rows, types if case.types else ())
    if case.silent:
        return Result(case, "recorded", answer)
    as_documented = (
        case.error is None
        and (case.rows is None or list(map(list, case.rows)) == rows)
        and (not case.types or list(case.types) == types)
        and bool(case.documented)
    )
    return Result(case, "as documented" if as_documented else "differs", answer)


def _judge_error(case: Case, error: psycopg2.Error) -> Result:
    message = " ".join(str(error).split())
    if case.silent:
        return Result(case, "recorded", f"error: {message}")
    is_told = case.error is not None and case.error.lower() in message.lower()
    if is_told and not isinstance(error, NotHere):
        return Result(case, "as documented", message)
    return Result(case, "refused" if case.refused or isinstance(error, NotPortable) else "error", message)


def _shown(rows: Sequence[Sequence[str]] | None, types: Sequence[str]) -> str:
    """Rows and types in one line."""
    shown = [] if rows is None else ["; ".join(" | ".join(row) for row in rows) or "no row"]
    return ", ".join([*shown, *([f"as {', '.join(types)}"] if types else [])])


def _write(url: str, content: str | Mapping[str, str]) -> None:
    """Write an object of a case: text, or { base64 = "..." }."""
    data = content.encode() if isinstance(content, str) else base64.b64decode(content["base64"])
    if url.startswith("s3://"):
        import boto3

        bucket, _, key = url.removeprefix("s3://").partition("/")
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=data)
        return
    path = Path(url.removeprefix("file://"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def run(files: Iterable[Path], connect: Any, objects: str) -> Iterator[Result]:
    """The results of all cases of some files; `connect` opens a session for each file."""
    for file in files:
        with closing(connect()) as connection:
            runner = Runner(connection, objects)
            if (script := file.parent / "setup.sql").exists():
                runner.prepare(script.read_text("utf-8"))
            yield from map(runner.run, read(file))


# --- the command --------------------------------------------------------------------------------------------------


def add_command(commands: Any) -> None:
    """Add `check` to the package's commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "check",
        help="run conformance cases here or against a real Redshift",
        description="Run the cases of TOML files; the exit code is 1 if one of them is not kept.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--url", help="a Redshift, as libpq's URL; without it a local one is started")
    parser.add_argument("--objects", help="s3://bucket/prefix for the files of the cases (with --url)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the results as a Markdown page")
    parser.set_defaults(run=_check)


def _check(given: argparse.Namespace) -> int:
    with _target(given.url, given.objects) as (connect, objects):
        results = []
        for result in run(given.files, connect, objects):
            results.append(result)
            case = result.case
            sys.stdout.write(f"{result.outcome:13}  {case.file}: {case.name}\n")
            if not result.holds:
                sys.stdout.write(f"    {' '.join(case.sql.split())}\n    documented: {case.documented}\n")
                sys.stdout.write(f"    answered:   {result.answer}\n")
    sys.stdout.write(f"{counts(results)}\n")
    if given.write:
        given.write.write_text(page(results), "utf-8")
    return 0 if all(result.holds for result in results) else 1


@contextmanager
def _target(url: str | None, objects: str | None) -> Iterator[tuple[Any, str]]:
    """How to connect, and where objects are written: the named Redshift, or a local one that is gone afterwards."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        objects = objects or (folder / "objects").as_uri()
        if url:
            yield lambda: psycopg2.connect(url), objects
            return
        server = redshift_local.ensure(folder / "warehouse")
        try:
            yield lambda: redshift_local.connect(server), objects
        finally:
            redshift_local.stop(folder / "warehouse")


# --- the page -----------------------------------------------------------------------------------------------------


def counts(results: Sequence[Result]) -> str:
    """How many cases came out how, in one line."""
    found = [result.outcome for result in results]
    named = [f"{found.count(outcome)} {outcome}" for outcome in dict.fromkeys(sorted(found))]
    return f"{len(found)} cases: {', '.join(named)}"


def page(results: Sequence[Result]) -> str:
    """The results of a run on the local Redshift as a page."""
    files = dict.fromkeys(result.case.file for result in results)
    sections = [_section(name, [result for result in results if result.case.file == name]) for name in files]
    return "\n".join([_HEAD.format(counts=counts(results)), *sections])


_HEAD = """# Conformance

<!-- generated by `make conformance` -->

What the local Redshift answers to statements whose results AWS documents. Each case names AWS's page, from which its
expected result was taken. **No real Redshift was ever asked.** If you have one, it can be:

    python -m redshift_local check --url postgresql://user@host:5439/dev tests/redshift_local/conformance/*.toml

{counts}. *Refused* is what Redshift runs and the local Redshift does not, which it says by name. *Differs* and *error*
are known differences. *Recorded* is what AWS's pages do not tell: the local Redshift's answer is written down, and may
be another one on Redshift.
"""


def _section(name: str, results: Sequence[Result]) -> str:
    lines = [
        f"## {name.replace('_', ' ').capitalize()}",
        "",
        "| Case | Statement | Documented | Here |",
        "| --- | --- | --- | --- |",
    ]
    for result in results:
        case = result.case
        here: str = result.outcome
        if result.outcome != "as documented":
            here = f"{result.outcome}: {case.refused or case.declared or result.answer}"
        link = f"[{_cell(case.name)}]({DOCUMENTATION}{case.page}.html)"
        lines.append(f"| {link} | {_code(case.sql)} | {_code(case.documented)} | {_cell(here)} |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _code(text: str) -> str:
    flat = " ".join(text.split()).replace("|", "\\|").replace("`", "'")
    return f"`{flat}`" if flat else ""
