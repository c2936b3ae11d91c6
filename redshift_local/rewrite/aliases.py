"""Aliases of a SELECT list that its later items or its WHERE use.

"When Amazon Redshift parses this type of reference, it just inlines the previously defined aliases. If there is a
column with the same name defined in the FROM clause as the previously aliased expression, the column in the FROM clause
takes priority" (https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_list.html). Only
the server knows the columns, so it is asked which of the names that may be aliases it does not find.

Belongs here: which names may be aliases, and inlining those that are. Does not belong here: asking the server
(`session`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from redshift_local.rewrite.queries import SET_OPERATORS, Select, item, last_clauses, substituted
from redshift_local.rewrite.tree import DONE, GROUP, Node, render, separated, walk

_ALIAS = re.compile(r"""((?<!\w)\w++|[)'"])\s+"?([a-z_]\w*)"?\s*(?=,|\bfrom\b)""", re.IGNORECASE)
_BEFORE_COLUMN = frozenset("ALL AND BY DISTINCT NOT OR SELECT".split())
_USED_IN = ("WHERE", "GROUP", "HAVING")


def may_have_aliases(sql: str) -> bool:
    """Whether what looks like an alias in the text occurs in it once more, as if another expression used it."""
    names = {name.lower() for before, name in _ALIAS.findall(sql) if before.upper() not in _BEFORE_COLUMN}
    return any(len(re.findall(rf"\b{name}\b", sql, re.IGNORECASE)) > 1 for name in names)


def candidates(nodes: Sequence[Node]) -> set[str]:
    """The names that a SELECT of the statement defines, and that another expression of it uses without a table."""
    found: set[str] = set()
    for select in _selects(nodes):
        aliases: dict[str, Sequence[Node]] = {}
        for one in separated(select.list, ","):
            expression, name = _definition(one)
            found |= _used(expression, aliases)
            if name:
                aliases[name] = expression
        grouped = separated(select.clauses["GROUP"][2:], ",")  # PostgreSQL knows an alias alone
        for used in (
            select.clauses["WHERE"],
            select.clauses["HAVING"],
            *(one for one in grouped if len(one) > 1),
        ):
            found |= _used(used, aliases)
    return found


def inlined(nodes: Sequence[Node], names: Collection[str]) -> list[Node]:
    """The statement with every use of the aliases `names` replaced by the expression that it stands for."""
    nodes = [
        Node(GROUP, "", node.gap, inlined(node.children, names), node.inner_gap)
        if node.kind == GROUP
        else node
        for node in nodes
    ]
    out: list[Node] = []
    position = 0
    for start, end in _spans(nodes):
        out += [*nodes[position:start], *_with_inlined(Select(nodes[start:end]), names)]
        position = end
    return [*out, *nodes[position:]]


def _with_inlined(select: Select, names: Collection[str]) -> list[Node]:
    aliases: dict[str, Sequence[Node]] = {}
    items: list[str] = []
    for one in separated(select.list, ","):
        expression, name = _definition(one)
        replaced = substituted(expression, aliases)
        items.append(render([*replaced, *one[len(expression) :]]))
        if name in names:
            aliases[name] = replaced
    written = [*select.start, Node(DONE, ",".join(items))]
    for word, clause in select.clauses.items():
        written += [*clause[:1], *substituted(clause[1:], aliases)] if word in _USED_IN else clause
    return written


def _definition(nodes: Sequence[Node]) -> tuple[Sequence[Node], str]:
    """The expression of an item, and its alias; '' if it has none, or certainly has the name of a column."""
    one = item(nodes) if nodes else None
    if one is None or not one.named or any(node.name == one.name for node in walk(one.nodes)):
        return (one.nodes if one and one.named else nodes), ""
    return one.nodes, one.name


def _used(nodes: Sequence[Node], aliases: Collection[str]) -> set[str]:
    """Those of the aliases that the nodes use without a table."""
    used: set[str] = set()
    for index, node in enumerate(nodes):
        following = nodes[index + 1] if index + 1 < len(nodes) else None
        before = nodes[index - 1].upper if index else ""
        apart = following is None or (following.upper != "." and following.kind != GROUP)
        if node.kind == GROUP:
            used |= _used(node.children, aliases)
        elif node.name in aliases and apart and before not in (".", "AS"):
            used.add(node.name)
    return used


def _selects(nodes: Sequence[Node]) -> Iterator[Select]:
    for node in nodes:
        if node.kind == GROUP:
            yield from _selects(node.children)
    for start, end in _spans(nodes):
        yield Select(nodes[start:end])


def _spans(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """Where each SELECT of one level begins and ends."""
    starts = [index for index, node in enumerate(nodes) if node.upper == "SELECT"]
    for start in starts:
        end = last_clauses(nodes, start)
        yield start, next((index for index in range(start, end) if nodes[index].upper in SET_OPERATORS), end)
