"""Where in a statement a word stands: in which clause, and which tables it reads.

Belongs here: pure functions of a statement's normal form (`dialect.refusals`). Does not belong here: any rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_OPENS_CLAUSE = {
    *("SELECT", "WHERE", "HAVING", "VALUES", "SET", "ON", "QUALIFY", "LIMIT", "GROUP", "ORDER", "WINDOW"),
    *("JOIN", "USING", "INTO", "UPDATE", "DELETE", "UNION", "EXCEPT", "INTERSECT", "MINUS"),
}


def clauses(words: Sequence[str]) -> list[str]:
    """For each word the clause that it stands in, by the keyword that opens it; '' in an expression's parentheses."""
    found: list[str] = []
    stack = [""]
    for index, word in enumerate(words):
        if word == "(":
            found.append(stack[-1])
            stack.append("")
            continue
        if word == ")":
            if len(stack) > 1:
                stack.pop()
        elif word == "FROM":  # also in EXTRACT(... FROM ...), which opens no clause
            if stack[-1] or index == 0:
                stack[-1] = "FROM"
        elif word == "JOIN" or (word == "," and stack[-1] == "ON"):
            stack[-1] = "FROM"
        elif word in _OPENS_CLAUSE and (index == 0 or words[index - 1] != "."):
            stack[-1] = word
        found.append(stack[-1])
    return found


def tables(words: Sequence[str]) -> Iterator[str]:
    """The names of the tables in the FROM clauses of a statement, with their schema, in upper case if they are plain.

    The tables of its WITH are none.
    """
    within = clauses(words)
    defined = {words[index - 1] for index in range(1, len(words)) if words[index : index + 2] == ["AS", "("]}
    for index in range(1, len(words)):
        opens = words[index - 1] in ("FROM", "JOIN", ",")
        if opens and within[index - 1] == "FROM" and words[index] not in ("(", "ONLY", "LATERAL"):
            end = index + 1
            while words[end : end + 1] == ["."]:
                end += 2
            if words[index] not in defined and words[end : end + 1] != ["("]:
                yield "".join(words[index:end])


def reads_catalog(words: Sequence[str]) -> bool:
    """Whether a query reads the catalog and system views only, or no table: then much of PostgreSQL's catalog is known.

    c_sql-functions-leader-node: such queries run on the leader node, whose functions and types are PostgreSQL's.
    """
    begins = words[0] in ("SELECT", "WITH", "PREPARE") or (words[0] == "CREATE" and "VIEW" in words[1:4])
    return begins and all(map(_is_system, tables(words)))


_SYSTEM = ("PG_", "INFORMATION_SCHEMA.", "STL_", "STV_", "SVL_", "SVV_", "SVCS_", "SYS_")


def _is_system(table: str) -> bool:
    return table.upper().replace('"', "").removeprefix("PG_CATALOG.").startswith(_SYSTEM)


def arguments(words: Sequence[str], opening: int) -> list[list[str]]:
    """The words of each argument between the parenthesis at `opening` and the one that closes it."""
    found: list[list[str]] = [[]]
    depth = 0
    for word in words[opening:]:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0:
            break
        if depth == 1 and word == ",":
            found.append([])
        elif depth > 1 or word != "(":
            found[-1].append(word)
    return found if found != [[]] else []
