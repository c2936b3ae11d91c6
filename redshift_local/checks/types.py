"""Types: only those are taken that AWS documents.

Belongs here: where in a statement a type is named. Does not belong here: the names (`redshift_local.vocabulary`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redshift_local.checks import scope
from redshift_local.portability import Rule
from redshift_local.tokens import closing_or_end
from redshift_local.vocabulary import TYPES

UNDOCUMENTED = Rule(
    "type that AWS does not document",
    "",
    "bigint, varchar(n), super, identity (seed, step)",
    "c_unsupported-postgresql-datatypes",
)

#: Types of the catalog's columns, which only its queries name.
_CATALOG = frozenset(
    '"char" NAME OID REGCLASS REGPROC REGPROCEDURE REGTYPE INT2VECTOR OIDVECTOR ACLITEM XID ANYARRAY'.split()
)

#: PostgreSQL's types that may stand before a string, as DATE does.
_BEFORE_STRING = frozenset(
    "BIT BOX BYTEA CIDR CIRCLE INET JSON JSONB JSONPATH LINE LSEG MACADDR MACADDR8 MONEY NAME OID PATH PG_LSN POINT"
    " POLYGON REGCLASS REGPROC REGTYPE TSQUERY TSVECTOR TXID_SNAPSHOT UUID VARBIT XID XML INT4RANGE INT8RANGE NUMRANGE"
    " DATERANGE TSRANGE TSTZRANGE".split()
)

_TABLE_KEYS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "LIKE", "CHECK", "EXCLUDE"}


def undocumented(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """Each type that AWS does not document: after ::, in CAST, before a string, and in a definition."""
    if words[0] in ("COPY", "UNLOAD"):
        return
    for index in _named(words):
        word = words[index].upper() if words[index] != '"char"' else words[index]
        bare = word.strip('"') if word != '"char"' else word
        if bare in TYPES or (bare in _CATALOG and scope.reads_catalog(words)):
            continue
        yield UNDOCUMENTED._replace(construct=f"the type {words[index].lower()}"), index


def _named(words: Sequence[str]) -> Iterator[int]:
    """The positions of types in a statement."""
    for index, word in enumerate(words):
        if word == "::":
            yield from _at(words, index + 1)
        elif word in ("CAST", "TRY_CAST") and words[index + 1 : index + 2] == ["("]:
            yield from _in_cast(words, index + 1)
        elif word[:2] == "'s" and words[index - 1] in _BEFORE_STRING:
            yield index - 1
    if words[0] in ("CREATE", "ALTER"):
        yield from _in_definition(words)


def _at(words: Sequence[str], index: int) -> Iterator[int]:
    """The type that begins at `index`, without its schema."""
    if words[index : index + 2] == ["PG_CATALOG", "."]:
        index += 2
    if index < len(words) and words[index + 1 : index + 2] != ["."]:
        yield index


def _in_cast(words: Sequence[str], opening: int) -> Iterator[int]:
    depth = 0
    for index in range(opening, len(words)):
        depth += {"(": 1, ")": -1}.get(words[index], 0)
        if depth == 0:
            return
        if depth == 1 and words[index] == "AS":
            yield from _at(words, index + 1)


def _in_definition(words: Sequence[str]) -> Iterator[int]:
    """The types of a table's columns, and those of a column that is added or changed."""
    if "TABLE" not in words[1:4] or "EXTERNAL" in words[1:3]:
        return
    if words[0] == "ALTER":
        for index, word in enumerate(words[2:], 2):
            if word == "ADD" and words[index + 1] not in (*_TABLE_KEYS, "IF", "PARTITION"):
                yield from _at(words, index + 2 + (words[index + 1] == "COLUMN"))
            elif word == "TYPE" and words[index - 2] in ("COLUMN", "ALTER"):
                yield from _at(words, index + 1)
        return
    opening = next((index for index, word in enumerate(words) if word == "("), len(words))
    if "AS" in words[:opening]:
        return
    after = words[closing_or_end(words, opening) :]
    depth = 0
    for index in range(opening, len(words)):
        word = words[index]
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0:
            return
        begins = depth == 1 and word in ("(", ",") and words[index + 1] not in (*_TABLE_KEYS, ")")
        if begins and words[index + 2] not in (",", ")"):
            yield from _at(words, index + 2)
        elif begins and "AS" not in after:
            return
