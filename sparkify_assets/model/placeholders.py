"""The placeholders in the text of `sql/`, which keep a statement from repeating what the model knows.

| written | stands for |
|---|---|
| `{dataset}` | the value in the file's own name: `block_{dataset}.sql` is `block_events` and `block_songs` |
| `{delivery_order}` | a fragment of `sql/fragments.sql`, which may hold placeholders itself |
| `{columns of staging.events}` | the columns of a table as `sql/ddl` declares them, separated by commas |
| `{texts of …}`, `{integers of …}`, `{doubles of …}` | those of one kind |
| `{declarations of …}` | the columns with their types, as a table that shares them declares them |
| `{key of …}` | the first column |
| `{letters of …}` | the sum of the lengths of all texts, null counting nothing |
| `… but ts, page` | without these columns |
| `… with rtrim(auth), rtrim(page)` | these expressions in the place of the columns in them |
| `… as e` | with each column qualified, in a fragment those of staging.events |
| `… -- songs only` | a line that is left out for every other value in the file's name |

Belongs here: what stands for which text. Does not: reading files, which `queries` does.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping

#: Of DuckDB's queries in `sql/profile`, which have braces of their own, it matches nothing.
_PLACEHOLDER = re.compile(r"\{([a-z][\w .,()]*)\}")
_ALIASED = re.compile(r"(.+?)(?: as (\w+))?")
_LIST = re.compile(r"(\w+) of ([\w.]+)(?: but ([\w, ]+?))?(?: with ([\w, ()]+))?")
_ONLY = re.compile(r"^(.*?) *-- (\w+(?:, \w+)*) only\n", re.MULTILINE)

#: How long a line becomes that is filled with a list.
_WIDTH = 116

#: The columns of a table, each with its type and constraint, in order.
Columns = Callable[[str], Mapping[str, str]]


class PlaceholderError(ValueError):
    """A placeholder that stands for nothing; the message names it."""


def fill(text: str, values: Mapping[str, str], fragments: Mapping[str, str], columns: Columns) -> str:
    """The text with every placeholder replaced. `values` are those in the file's name, by variable.

    Raises PlaceholderError, and what `columns` raises for a table that is not declared.
    """
    if values:
        text = _ONLY.sub(
            lambda line: f"{line[1]}\n" if {*line[2].split(", ")} & {*values.values()} else "", text
        )
    while found := _PLACEHOLDER.search(text):
        before, after = text[: found.start()], text[found.end() :]
        line = before.rpartition("\n")[2]
        what, alias = _ALIASED.fullmatch(found[1]).groups()  # type: ignore[union-attr] # it matches everything
        if what in values:
            filled = values[what]
        elif what in fragments:
            fragment = fill(f"{fragments[what]}\n", values, fragments, columns).strip()
            filled = _laid_out(_qualified(fragment, alias, columns) if alias else fragment, line)
        elif listed := _LIST.fullmatch(what):
            filled = _laid_out(_list(listed, alias, columns), line)
        else:
            raise PlaceholderError(f"{{{found[1]}}} is no placeholder")
        text = before + filled + after
    return text


def _list(listed: re.Match[str], alias: str | None, columns: Columns) -> str:
    """What a placeholder with a table stands for."""
    kind, table, without, instead = listed.groups()
    declared = {
        name: type_ for name, type_ in columns(table).items() if name not in (without or "").split(", ")
    }
    expressions = {re.sub(r".*\((\w+)\)", r"\1", text): text for text in (instead or "").split(", ")}
    qualifier = f"{alias}." if alias else ""

    def of(*types: str) -> list[str]:
        return [
            re.sub(rf"\b{name}\b", qualifier + name, expressions.get(name, name))
            for name, type_ in declared.items()
            if type_.startswith(types)
        ]

    match kind:
        case "columns":
            return ", ".join(of(""))
        case "texts":
            return ", ".join(of("varchar"))
        case "integers":
            return ", ".join(of("integer", "bigint"))
        case "doubles":
            return ", ".join(of("double precision"))
        case "letters":
            return "\n+ ".join(f"coalesce(len({text}), 0)" for text in of("varchar")) or "0"
        case "key":
            return of("")[0]
        case "declarations":
            return ",\n".join(f"{name} {type_}" for name, type_ in declared.items())
    raise PlaceholderError(f"{{{listed[0]}}}: no kind of columns is called {kind!r}")


def _qualified(fragment: str, alias: str, columns: Columns) -> str:
    """A fragment about records of staging with its columns qualified."""
    names = "|".join(columns("staging.events"))
    return re.sub(rf"\b({names})\b(?!\()", rf"{alias}.\1", fragment)


def _laid_out(text: str, line: str) -> str:
    """Text behind the beginning of a line, in lines that are not too long and are indented like that one."""
    indent = " " * (len(line) - len(line.lstrip()))
    wrap = textwrap.TextWrapper(
        _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    laid_out: list[str] = []
    for part in text.split("\n"):
        wrap.initial_indent = indent if laid_out else " " * len(line)
        laid_out += wrap.wrap(part) or [""]
    return "\n".join(laid_out).lstrip()
