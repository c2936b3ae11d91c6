"""What the shell of `sparkify query` completes: its commands, tables, columns, and the words of SQL.

Belongs here: pure functions of what is typed and of the tables there are. Does not: the keyboard (`shell`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

#: The columns of each table with their types, by the table's name with its schema.
Tables = Mapping[str, Mapping[str, str]]

COMMANDS = (r"\d", r"\x", r"\?", r"\q")

_KEYWORDS = (
    *(
        "and",
        "as",
        "asc",
        "between",
        "by",
        "case",
        "count",
        "desc",
        "distinct",
        "else",
        "end",
        "exists",
        "extract",
    ),
    *(
        "from",
        "group",
        "having",
        "in",
        "inner",
        "is",
        "join",
        "left",
        "like",
        "limit",
        "not",
        "null",
        "on",
        "or",
    ),
    *("order", "over", "partition", "select", "sum", "then", "union", "using", "when", "where", "with"),
)
_WORD = re.compile(r"\\?[\w.]*$")
_TABLE_FOLLOWS = re.compile(r"\b(?:from|join|into|update|table)\s+[\w.]*$", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:from|join|into|update)\s+([\w.]+)(?:\s+(?:as\s+)?(\w+))?", re.IGNORECASE)


def word_before(before: str) -> str:
    """The word that ends where the cursor is."""
    found = _WORD.search(before)
    return found.group() if found else ""


def completions(before: str, whole: str, tables: Tables) -> Iterator[str]:
    """What the word before the cursor may become. `before` is the text up to there, and `whole` all that is typed."""
    word = word_before(before)
    if before.lstrip().startswith("\\"):
        yield from _starting(word, COMMANDS) if word.startswith("\\") else matching(word, tables)
        return
    named = {called: name for name, called in _named(whole, tables)}
    if "." in word:
        owner = word.rpartition(".")[0]
        yield from _starting(
            word, [f"{owner}.{column}" for column in tables.get(named.get(owner, owner), ())]
        )
        yield from matching(word, tables)
    elif _TABLE_FOLLOWS.search(before):
        yield from matching(word, tables)
    else:
        of = [tables[name] for name in dict.fromkeys(named.values())] or list(tables.values())
        yield from dict.fromkeys(column for columns in of for column in sorted(_starting(word, columns)))
        yield from (_starting(word, _KEYWORDS) if word else ())
        yield from (matching(word, tables) if word else ())


def matching(word: str, tables: Tables) -> list[str]:
    """The tables whose names begin with a word, with their schema or without it."""
    return [name for name in tables if f".{name}".lower().rfind(f".{word.lower()}") >= 0]


def table_of(name: str, tables: Tables) -> str:
    """The table of a name, with its schema or without it; empty if there is none."""
    found = [known for known in tables if name.lower() in (known, known.partition(".")[2])]
    return found[0] if found else ""


def _starting(word: str, words: Sequence[str] | Mapping[str, str]) -> list[str]:
    return [one for one in words if one.startswith(word.lower())]


def _named(whole: str, tables: Tables) -> Iterator[tuple[str, str]]:
    """The tables that a text names, each under its own names and under its alias."""
    for found in _NAMED.finditer(whole):
        name = table_of(found[1], tables)
        if name:
            yield name, name
            yield name, name.partition(".")[2]
            if found[2] and found[2].lower() not in _KEYWORDS:
                yield name, found[2]
