"""Which queries Redshift's leader node runs alone: those over no table or over PostgreSQL's catalog only.

Belongs here: finding the tables of a query in its tokens. Does not belong here: which constructs only the leader node
has (`portability`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redshift_local.tokens import Token


def runs_alone(parts: Sequence[Token]) -> bool:
    """Whether the leader node runs the statement of these tokens without the compute nodes.

    https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html: "A query that references only
    catalog tables (tables with a PG prefix, such as PG_TABLE_DEF) or that does not reference any tables, runs
    exclusively on the leader node." The views STL, STV, SVL and SVV do not count as catalog there. SVV_EXTERNAL_* do
    here: sqlalchemy-redshift asks one query of them and PG_CATALOG, with functions that only the leader node has.
    """
    words = [token.upper for token in parts]
    first = next((word for word in words if word != "("), "")
    if first not in ("SELECT", "WITH", "EXPLAIN") or "INTO" in words:
        return False
    named = _common_tables(parts, words)
    return all(_is_catalog(name) or name[-1] in named for name in relations(parts))


def _is_catalog(name: Sequence[str]) -> bool:
    if len(name) > 1 and name[-2] not in ("pg_catalog", "information_schema"):
        return False
    return name[-1].startswith(("pg_", "svv_external_")) or name[-2:-1] == ("information_schema",)


def asks_catalog(parts: Sequence[Token]) -> bool:
    """Whether the leader node runs the statement alone, and it is a query over its catalog."""
    return runs_alone(parts) and next(relations(parts), None) is not None


#: What ends a list of tables.
_CLAUSES = {
    "SELECT", "WHERE", "GROUP", "ORDER", "HAVING", "QUALIFY", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT",
    "MINUS",
}  # fmt: skip
#: Functions whose arguments FROM separates.
_WITH_FROM = {"EXTRACT", "SUBSTRING", "TRIM", "POSITION", "OVERLAY"}


def relations(parts: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    """The names after FROM and JOIN, in lower case, with their schemas; functions and subqueries are left out."""
    enclosing: list[
        tuple[str, bool]
    ] = []  # of each open parenthesis the word before it, and the state outside
    listing = expecting = False  # in a list of tables; where the next one begins
    opener = ""
    index = 0
    while index < len(parts):
        token, word = parts[index], parts[index].upper
        before = parts[index - 1].upper if index else ""
        if word == "(":
            enclosing.append((opener, listing))
            opener, listing = before, expecting
        elif word == ")":
            opener, listing = enclosing.pop() if enclosing else ("", False)
            expecting = False
        elif word == "FROM" and opener not in _WITH_FROM and before != "DISTINCT":
            listing = expecting = True
        elif word == "JOIN" or (word == "," and listing):
            expecting = True
        elif word in _CLAUSES:
            listing = expecting = False
        elif (
            expecting
            and word not in ("ONLY", "LATERAL", "VALUES", "WITH")
            and token.kind in ("word", "quoted")
        ):
            name, index = name_at(parts, index)
            expecting = False
            if not (index < len(parts) and parts[index].text == "("):
                yield name
            continue
        index += 1


def name_at(parts: Sequence[Token], index: int) -> tuple[tuple[str, ...], int]:
    """The dotted name that begins at `index`, in lower case and without quotes, and the index after it."""
    name = [_plain(parts[index])]
    index += 1
    while index + 1 < len(parts) and parts[index].text == ".":
        name.append(_plain(parts[index + 1]))
        index += 2
    return tuple(name), index


def _plain(token: Token) -> str:
    text = token.text[1:-1].replace('""', '"') if token.kind == "quoted" else token.text
    return text.lower()


def _common_tables(parts: Sequence[Token], words: Sequence[str]) -> set[str]:
    """The names that WITH defines: what stands before AS (..., or before its list of columns."""
    found = set()
    for index in range(1, len(words) - 1):
        if words[index] == "AS" and words[index + 1] == "(":
            name = index - 1
            if words[name] == ")":
                depth = 0
                while name > 0:
                    depth += {")": 1, "(": -1}.get(words[name], 0)
                    name -= 1
                    if depth == 0:
                        break
            found.add(_plain(parts[name]))
    return found
