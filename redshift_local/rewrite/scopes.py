"""Where an expression stands: the tables and the queries of WITH that its names may come from.

Belongs here: scopes, and the question for the type of an expression in one. Does not belong here: the types themselves
(`division`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from redshift_local.rewrite.queries import JOINS, SET_OPERATORS, Select, last_clauses
from redshift_local.rewrite.tree import GROUP, Node, find, nulled, separated, text


class Question(NamedTuple):
    """A query that returns no row, and of which the type of the one column is wanted."""

    sql: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: the queries of WITH before it, and the tables of its FROM clause."""

    named: tuple[str, ...] = ()  # the queries of WITH, as they are written
    tables: Sequence[Node] = ()
    queries: Mapping[str, tuple[Sequence[Node], Scope]] = field(default_factory=dict)

    def ask(self, expression: Sequence[Node]) -> Question:
        """The question for the type of an expression here; parameters have no value yet."""
        clause = f"with {', '.join(self.named)} " if self.named else ""
        tables = f" from {text(nulled(self.tables))}" if self.tables else ""
        return Question(f"{clause}select {text(nulled(expression))}{tables} limit 0")


def scope_of(nodes: Sequence[Node], outer: Scope) -> Scope:
    """The scope of a level: with the queries of its WITH clause, and the tables of UPDATE or DELETE."""
    start = find(nodes, "WITH")
    main = find(nodes, "SELECT", "INSERT", "UPDATE", "DELETE")
    scope = _with_queries(nodes[start + 1 : main], outer) if 0 <= start < main else outer
    words = [node.upper for node in nodes[main : main + 2]] if main >= 0 else []
    if words[:1] == ["UPDATE"]:
        return Scope(scope.named, _updated(nodes[main:]), scope.queries)
    if words == ["DELETE", "FROM"]:
        stop = find(nodes, "WHERE")
        tables = nodes[main + 2 : stop if stop > 0 else len(nodes)]
        listed = [Node("operator", ",") if node.upper == "USING" else node for node in tables]
        return Scope(scope.named, listed, scope.queries)
    return scope


def _with_queries(nodes: Sequence[Node], outer: Scope) -> Scope:
    """The scope behind the queries of a WITH clause, each of which sees those before it."""
    scope = outer
    recursive = "recursive " if nodes[0].upper == "RECURSIVE" else ""
    for one in filter(None, separated(nodes[1:] if recursive else nodes, ",")):
        query = one[-1].children
        written = text(nulled(one))
        named = (*scope.named, written if scope.named else recursive + written)
        queries = {name: found for name, found in scope.queries.items() if name != one[0].name}
        if (
            len(one) == 3 and find(query, "SELECT") >= 0
        ):  # name AS (query), without other names for the columns
            queries[one[0].name] = (query, scope)
        scope = Scope(named, outer.tables, queries)
    return scope


def _updated(nodes: Sequence[Node]) -> list[Node]:
    """The tables of UPDATE t SET ... FROM ..."""
    end = find(nodes, "SET")
    at, stop = find(nodes, "FROM"), find(nodes, "WHERE")
    others = nodes[at + 1 : stop if stop > 0 else len(nodes)] if at > 0 else ()
    return [*nodes[1:end], *([Node("operator", ","), *others] if others else [])]


def scope_of_select(nodes: Sequence[Node], start: int, outer: Scope) -> Scope:
    """The scope inside the SELECT at `start`."""
    end = last_clauses(nodes, start)
    end = next((index for index in range(start, end) if nodes[index].upper in SET_OPERATORS), end)
    return Scope(outer.named, Select(nodes[start:end]).clauses["FROM"][1:], outer.queries)


def sources(scope: Scope) -> list[tuple[str, Sequence[Node], Scope]]:
    """The subqueries and the queries of WITH among the tables of a scope, by the names that they have there."""
    found = []
    for index, node in enumerate(scope.tables):
        behind = [one for one in scope.tables[index + 1 : index + 4] if one.upper != "AS"]
        before = scope.tables[index - 1].upper if index else ","
        if before not in (",", "JOIN") or (behind and behind[0].upper == "."):
            continue
        aliased = bool(behind) and bool(behind[0].name) and behind[0].upper not in JOINS
        if aliased and len(behind) > 1 and behind[1].kind == GROUP:
            continue  # other names for the columns
        alias = behind[0].name if aliased else ""
        if node.kind == GROUP and find(node.children, "SELECT") >= 0:
            found.append((alias, node.children, Scope(scope.named, (), scope.queries)))
        elif node.name in scope.queries:
            found.append((alias or node.name, *scope.queries[node.name]))
    return found
