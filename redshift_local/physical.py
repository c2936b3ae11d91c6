"""What a table's definition says of distribution, sorting, encoding and keys: Redshift's catalog shows it.

Belongs here: reading these clauses of CREATE TABLE and ALTER TABLE, token by token. Does not belong here: how they are
cut out for PostgreSQL (`dialect`), or kept (`redshift.remember` in sql/views/10_attributes.sql).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from redshift_local.leader_node import name_at
from redshift_local.tokens import Token, closing_or_end

_KEYS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN")


def attributes(parts: Sequence[Token], end: int) -> str:
    """The attributes as JSON, of a definition's tokens up to `end`, where its query begins; '' if it has none.

    Its members, all of them optional: `diststyle`, `distkey`, `sortkey` (names), `sortstyle`, `encodings` (by name),
    `keys`, `drop`ped constraint, table `like` which it is, and whether it is only made `unless` it exists.
    """
    found: dict[str, Any] = {}
    try:
        _read(parts, end, found)
    except (IndexError, ValueError):
        return ""  # it is no definition, as PostgreSQL will say
    return json.dumps(found) if found else ""


def _read(parts: Sequence[Token], end: int, found: dict[str, Any]) -> None:
    words = [token.upper for token in parts[:end]]
    if words[0] == "ALTER":
        name_ends = name_at(parts, words.index("TABLE") + 1)[1]
        for action in _split(parts, name_ends, end):
            _alteration(action, found)
    else:
        temporary = words[1] in ("TEMP", "TEMPORARY", "LOCAL")
        begin = words.index("TABLE") + 1
        exists = words[begin : begin + 3] == ["IF", "NOT", "EXISTS"]
        begin = name_at(parts, begin + 3 * exists)[1]
        if begin < end and words[begin] == "(":
            after = closing_or_end(words, begin)
            for element in _split(parts, begin + 1, after - 1):
                _element(element, found, temporary)
            begin = after
        _table(parts[begin:end], found)
        if found and exists:
            found["unless"] = True


def _split(parts: Sequence[Token], begin: int, end: int) -> Iterator[Sequence[Token]]:
    """The parts between the commas that no parenthesis encloses."""
    depth, start = 0, begin
    for index in range(begin, end):
        depth += {"(": 1, ")": -1}.get(parts[index].text, 0)
        if depth == 0 and parts[index].text == ",":
            yield parts[start:index]
            start = index + 1
    if start < end:
        yield parts[start:end]


def _names(parts: Sequence[Token], opening: int) -> list[str]:
    """The names in the parentheses that open there; none if none do."""
    words = [token.upper for token in parts]
    if words[opening : opening + 1] != ["("]:
        return []
    return [
        name_at(item, 0)[0][0]
        for item in _split(parts, opening + 1, closing_or_end(words, opening) - 1)
        if item
    ]


def _element(parts: Sequence[Token], found: dict[str, Any], temporary: bool) -> None:
    """A column, a key or LIKE: what stands between two commas of CREATE TABLE."""
    words = [token.upper for token in parts]
    if words[0] in _KEYS:
        _key(parts, found)
    elif words[0] == "LIKE":
        if not temporary:  # the temporary tables of a load are not looked at
            found["like"] = _text(parts, 1)
    else:
        (column,), _ = name_at(parts, 0)
        _column(column, parts[1:], found)


def _column(column: str, parts: Sequence[Token], found: dict[str, Any]) -> None:
    words = [*(token.upper for token in parts), ""]
    for index, word in enumerate(words):
        if word == "ENCODE":
            found.setdefault("encodings", {})[column] = name_at(parts, index + 1)[0][0]
        elif word == "DISTKEY":
            found["distkey"] = column
        elif word == "SORTKEY":
            found["sortkey"] = [column]
        elif word in ("PRIMARY", "UNIQUE"):
            found.setdefault("keys", []).append({"kind": word[0].lower(), "columns": [column]})
        elif word == "REFERENCES":
            found.setdefault("keys", []).append(
                {"kind": "f", "columns": [column], **_referenced(parts, index)}
            )


def _referenced(parts: Sequence[Token], references: int) -> dict[str, Any]:
    """The table and the columns after the word REFERENCES."""
    _, after = name_at(parts, references + 1)
    return {"table": _text(parts, references + 1), "referenced": _names(parts, after)}


def _text(parts: Sequence[Token], begin: int) -> str:
    """The dotted name that begins there, as it is written."""
    _, after = name_at(parts, begin)
    return "".join(token.text for token in parts[begin:after])


def _key(parts: Sequence[Token], found: dict[str, Any]) -> None:
    """Read [CONSTRAINT name] PRIMARY KEY | UNIQUE | FOREIGN KEY (...) [REFERENCES t [(...)]]."""
    words = [token.upper for token in parts]
    key: dict[str, Any] = {}
    if words[0] == "CONSTRAINT":
        key["name"] = name_at(parts, 1)[0][0]
        parts, words = parts[2:], words[2:]
    key["kind"] = words[0][0].lower()
    key["columns"] = _names(parts, words.index("(")) if "(" in words else []
    if "REFERENCES" in words:
        key.update(_referenced(parts, words.index("REFERENCES")))
    found.setdefault("keys", []).append(key)


def _table(parts: Sequence[Token], found: dict[str, Any]) -> None:
    """The attributes behind the columns of CREATE TABLE, or in one action of ALTER TABLE."""
    words = [*(token.upper for token in parts), "", ""]
    for index, word in enumerate(words[:-1]):
        following = words[index + 1]
        if word == "DISTSTYLE":
            found["diststyle"] = following.lower()
        elif word == "DISTKEY":
            names = _names(parts, index + 1) or list(name_at(parts, index + 1)[0])
            found["distkey"] = names[0]
        elif word == "SORTKEY" and following in ("AUTO", "NONE"):
            found["sortstyle"] = following.lower()
        elif word == "SORTKEY":
            found["sortkey"] = _names(parts, index + 1)
            found["sortstyle"] = "interleaved" if words[index - 1] == "INTERLEAVED" else "compound"


def _alteration(parts: Sequence[Token], found: dict[str, Any]) -> None:
    """One action of ALTER TABLE."""
    words = [*(token.upper for token in parts), "", ""]
    if words[:2] == ["DROP", "CONSTRAINT"]:
        found["drop"] = name_at(parts, 2)[0][0]
    elif words[0] == "ADD" and words[1] in _KEYS:
        _key(parts[1:], found)
    elif words[0] == "ADD":
        begin = 1 + (words[1] == "COLUMN")
        _column(name_at(parts, begin)[0][0], parts[begin + 1 :], found)
    elif words[0] == "ALTER" and "ENCODE" in words[2:]:
        _column(name_at(parts, 1 + (words[1] == "COLUMN"))[0][0], parts[2:], found)
    elif words[0] == "ALTER" and words[1] in ("DISTKEY", "DISTSTYLE", "SORTKEY", "COMPOUND", "INTERLEAVED"):
        _table(parts[1:], found)
