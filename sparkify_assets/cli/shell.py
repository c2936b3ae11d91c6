r"""The shell of `sparkify query`: statements until `;`, with history and completion, and a few commands as in psql.

Belongs here: what a line does, and the keyboard. Does not: what is completed (`shell_completion`), how rows are printed
(`rows`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg2
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from redshift_local import is_whole, split
from sparkify_assets.cli.console import CommandError, RowFormat, err, say
from sparkify_assets.cli.rows import print_listing, print_rows
from sparkify_assets.cli.shell_completion import Tables, completions, matching, table_of, word_before
from sparkify_assets.errors import SparkifyError, describe_error
from sparkify_assets.interruption import each_raises
from sparkify_assets.model.datasets import counted
from sparkify_assets.model.tables import TABLES
from sparkify_assets.settings import Settings
from sparkify_assets.warehouse.connection import Session, Warehouse, open_warehouse
from sparkify_assets.warehouse.errors import first_line
from sparkify_assets.warehouse.transaction import Transaction

#: The file in the state directory with what was typed.
HISTORY_FILE = "query-history"

#: How many rows the shell prints of one answer.
MAX_ROWS = 1000

HELP = r"""Statements end with ; and may take several lines. Each is a transaction, unless you begin one.
\d         tables
\d TABLE   columns of a table
\x         each column on a line of its own, or as it fits
\q         leave, as Ctrl-D and exit do; Ctrl-C drops what is typed, or ends the statement that runs
Tab completes tables, columns and words, and the arrows bring back what was typed before."""

#: Words that psql takes for commands, too: https://www.postgresql.org/docs/current/app-psql.html
_WORDS = {"help": r"\?", "exit": r"\q", "quit": r"\q"}


def run_shell(chosen: Settings, output: RowFormat, *, expanded: bool, write: bool) -> None:
    """Ask for statements on the terminal, and answer them, until Ctrl-D. Raises WarehouseError if the warehouse cannot
    be reached to begin with.
    """
    with Shell(open_warehouse(chosen), output, expanded=expanded, write=write) as shell:
        shell.read_tables()
        may = "and may change what you tell it to" if write else "read-only"
        say(rf"{chosen.warehouse}, {may}. \d lists the tables, \? helps, Ctrl-D leaves.")
        keyboard: PromptSession[str] = PromptSession(
            "sparkify! " if write else "sparkify> ",
            multiline=True,
            prompt_continuation=lambda width, _, __: "... ".rjust(width),
            key_bindings=_keys(),
            history=_history(chosen.home),
            completer=_Completer(shell),
            complete_while_typing=False,
        )
        with each_raises():  # Ctrl-C ends a statement, not the shell
            shell.run(keyboard.prompt)


class Shell:
    """The shell on one connection, which is opened again after it was lost."""

    def __init__(self, warehouse: Warehouse, output: RowFormat, *, expanded: bool, write: bool) -> None:
        self.warehouse, self.output, self.expanded, self.write = warehouse, output, expanded, write
        self.tables: Tables = {}
        self._open = ExitStack()
        self._session: Session | None = None

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def run(self, read: Callable[[], str]) -> None:
        """Take one text after another, until there are no more or one of them leaves."""
        while True:
            try:
                if not self.take(read()):
                    return
            except KeyboardInterrupt:  # while something was typed
                continue
            except EOFError:
                return

    def take(self, text: str) -> bool:
        """Do what a text says, which is statements or a command; return False if it leaves. What fails is told in a
        line, and the rest of the text is not tried.
        """
        text = _WORDS.get(text.strip().lower().rstrip(";"), text.strip())
        try:
            if text.split()[:1] == [r"\q"]:
                return False
            if is_command(text):
                self.command(text)
            else:
                for statement in split(text):
                    self._answer(statement)
        except KeyboardInterrupt:
            say("The statement was ended.", to=err)
        except psycopg2.Error as error:
            lost = self._session is None or self._session.connection.closed
            say(
                first_line(error) + ("; the next statement connects again" if lost else ""),
                "error:",
                "red",
                err,
            )
        except SparkifyError as error:
            say(describe_error(error), "error:", "red", err)
        return True

    def read_tables(self) -> None:
        """Find out which tables there are, with their columns."""
        found: dict[str, dict[str, str]] = {}
        with self._connected().transaction(lock=False) as transaction:
            for schema, table, column, kind, length in transaction.rows("query/columns"):
                text = f"{kind}({length})" if length else kind
                found.setdefault(f"{schema}.{table}", {})[column] = text
        # The star comes first, because it is what questions are put to.
        self.tables = dict(sorted(found.items(), key=lambda item: not item[0].startswith("sparkify.")))

    def command(self, text: str) -> None:
        """Do what a command of the shell says. Raises CommandError if there is none of that name."""
        command, _, about = text.strip().partition(" ")
        if command == r"\x":
            self.expanded = not self.expanded
            say(
                "Each column is on a line of its own." if self.expanded else "Rows are tables where they fit."
            )
        elif command == r"\?":
            say(HELP)
        elif command == r"\d":
            self.read_tables()
            self._describe(about.strip().rstrip(";"))
        elif command != r"\q":
            raise CommandError(rf"{command} is no command; \? lists those that there are")

    def _describe(self, name: str) -> None:
        """Print the tables, or the columns of one of them."""
        meant = {table.name: table for table in TABLES.values()}
        if not name:
            rows = [(table, meant[table].description if table in meant else "") for table in self.tables]
            self._list(("table", "holds"), rows)
        elif table := table_of(name, self.tables):
            meaning = meant[table].columns if table in meant else {}
            columns = [(column, kind, meaning.get(column, "")) for column, kind in self.tables[table].items()]
            self._list(("column", "type", "meaning"), columns)
        else:
            near = ", ".join(matching(name, self.tables))
            raise CommandError(f"there is no table {name}{f'; there is {near}' if near else ''}")

    def _list(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print what a command lists, in the format that is asked for."""
        if self.output == "table":
            print_listing(columns, rows)
        else:
            print_rows(columns, rows, self.output)

    def _answer(self, statement: str) -> None:
        """Run a statement and print what it returns."""
        started = time.perf_counter()
        session = self._connected()
        if self.write:  # so that `begin` begins what `rollback` ends
            session.connection.autocommit = True
            self._print(Transaction(session.connection, session.waiter, None).ask(statement), started)
        else:
            with session.transaction(lock=False) as transaction:
                self._print(transaction.ask(statement), started)

    def _print(self, answer: Any, started: float) -> None:
        if not answer.description:
            say(answer.statusmessage)
            return
        rows = answer.fetchmany(MAX_ROWS)
        print_rows([column.name for column in answer.description], rows, self.output, expanded=self.expanded)
        number, seconds = answer.rowcount, time.perf_counter() - started
        shown = f"the first {len(rows):,} of " if number > len(rows) else ""
        say(f"({shown}{counted(number, 'row')}, {seconds:.1f} s)", to=err)

    def _connected(self) -> Session:
        """The session, opened anew if it is lost."""
        if self._session is None or self._session.connection.closed:
            self._open.close()
            self._session = self._open.enter_context(self.warehouse.session(read_only=not self.write))
        return self._session


def is_complete(text: str) -> bool:
    """Whether a text is to be run when a line ends: a command, a statement that ends with a semicolon, or nothing."""
    return not text.strip() or is_command(text) or text.strip().lower() in _WORDS or is_whole(text)


def is_command(text: str) -> bool:
    """Whether a text is a command of the shell and no statement."""
    return text.lstrip().startswith("\\")


class _Completer(Completer):
    """Completes what the shell knows, for the keyboard."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        before = document.text_before_cursor
        for found in completions(before, document.text, self.shell.tables):
            yield Completion(found, start_position=-len(word_before(before)))


def _keys() -> KeyBindings:
    """Enter runs what is complete, and otherwise begins a line."""
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.newline(copy_margin=False)

    return keys


def _history(home: Path) -> History:
    """What was typed before, in a file that only its owner reads; of this time only, if there is no state directory."""
    if not home.is_dir():
        return InMemoryHistory()
    path = home / HISTORY_FILE
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600))
    path.chmod(0o600)
    return FileHistory(str(path))
