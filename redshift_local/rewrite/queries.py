"""Clauses of a query that PostgreSQL does not have: TOP, MINUS, QUALIFY.

Belongs here: what concerns one SELECT with its clauses. Does not belong here: single calls and casts (`calls`,
`casts`), and statements other than queries (`statements`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from redshift_local.rewrite.tree import DONE, GROUP, Node, find, render, separated, text
from redshift_local.tokens import DOCUMENTATION, NotPortable

SET_OPERATORS = frozenset("UNION EXCEPT INTERSECT MINUS".split())
_CLAUSES = ("INTO", "FROM", "WHERE", "GROUP", "HAVING", "QUALIFY")
_LAST = ("ORDER", "LIMIT", "OFFSET")  # they belong to the whole query, not to one SELECT of it
JOINS = frozenset("CROSS INNER LEFT RIGHT FULL OUTER NATURAL JOIN ON USING LATERAL".split())


def replace_clauses(nodes: Sequence[Node]) -> list[Node]:
    """The nodes of one level with the clauses of its query as PostgreSQL has them."""
    words = {node.upper for node in nodes if node.kind == "word"}
    if "SELECT" not in words:
        return list(nodes)
    if "MINUS" in words:
        nodes = _with_except(nodes)
    if not words.isdisjoint({"TOP", "QUALIFY"}):
        return _with_branches(nodes)
    return list(nodes)


def _with_except(nodes: Sequence[Node]) -> list[Node]:
    out = list(nodes)
    for index in range(1, len(out) - 1):
        following = out[index + 1]
        if out[index].upper == "MINUS" and (following.upper == "SELECT" or following.kind == GROUP):
            out[index] = Node("word", "except", out[index].gap)
    return out


def _with_branches(nodes: Sequence[Node]) -> list[Node]:
    """The query with each SELECT of its set operations rewritten."""
    starts = [index for index, node in enumerate(nodes) if node.upper == "SELECT"]
    end = last_clauses(nodes, starts[-1])
    out = list(nodes[: starts[0]])
    last = list(nodes[end:])
    for start in starts:
        stop = next((i for i in range(start, end) if nodes[i].upper in SET_OPERATORS), end)
        branch = Select(nodes[start:stop])
        if len(starts) == 1:
            out += branch.rewritten(last)
        elif branch.top or branch.clauses["QUALIFY"]:
            inside = render(branch.rewritten([])).strip()
            out.append(Node(DONE, f"({inside})", nodes[start].gap))
        else:
            out += branch.nodes
        following = next((s for s in starts if s > start), end)
        out += nodes[stop:following] if stop < end else []
    return out if len(starts) == 1 else out + last


def last_clauses(nodes: Sequence[Node], start: int) -> int:
    """The index of ORDER BY, LIMIT or OFFSET behind the SELECT at `start`."""
    found = find(nodes, *_LAST, start=start)
    return found if found >= 0 else len(nodes)


@dataclass(slots=True)
class Item:
    """An item of a SELECT list: its expression and its name."""

    nodes: Sequence[Node]
    name: str
    named: bool

    @property
    def is_star(self) -> bool:
        """Whether it is * or t.*."""
        return self.nodes[-1].upper == "*"


def item(nodes: Sequence[Node]) -> Item:
    """An item of a SELECT list, with its alias taken off."""
    if len(nodes) > 2 and nodes[-2].upper == "AS":
        return Item(nodes[:-2], nodes[-1].name, named=True)
    last = nodes[-1]
    if len(nodes) > 1 and last.name and last.upper not in ("END", "NULL", "TRUE", "FALSE"):
        before = nodes[-2]
        if before.kind in (GROUP, DONE, "quoted", "number", "string", "parameter") or (
            before.kind == "word" and before.upper not in ("NOT", "AND", "OR", "IS", "DISTINCT", "ALL")
        ):
            return Item(nodes[:-1], last.name, named=True)
    return Item(nodes, _default_name(nodes), named=False)


def _default_name(nodes: Sequence[Node]) -> str:
    """The name of a column without an alias: that of the column or the function."""
    if nodes[-1].name:
        return nodes[-1].name
    called = [node.name for node, group in pairwise(nodes) if group.kind == GROUP and node.name]
    return called[0] if called and nodes[0].name else "?column?"


class Select:
    """One SELECT with its clauses, without ORDER BY and LIMIT."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.clauses: dict[str, Sequence[Node]] = {}
        index = 1
        self.head: list[Node] = [nodes[0]]  # SELECT, DISTINCT
        self.top = ""
        while index < len(nodes) - 1 and nodes[index].upper in ("DISTINCT", "ALL", "TOP"):
            if nodes[index].upper != "TOP":
                self.head.append(nodes[index])
            elif nodes[index + 1].kind in ("number", "parameter", GROUP):
                self.top = text(nodes[index + 1 : index + 2])
                index += 1
            else:
                break
            index += 1
        self.start = nodes[:index]
        stops = [index, *(find(nodes, word, start=index) for word in _CLAUSES), len(nodes)]
        begins = sorted(stop for stop in stops if stop >= 0)
        self.list = nodes[index : begins[1]]
        for word in _CLAUSES:
            at = find(nodes, word, start=index)
            stop = next((begin for begin in begins if begin > at), len(nodes))
            self.clauses[word] = nodes[at:stop] if at >= 0 else ()

    def rewritten(self, last: Sequence[Node]) -> list[Node]:
        """The SELECT with TOP and QUALIFY as PostgreSQL has them; `last` are the ORDER BY and LIMIT behind it."""
        limit = [Node(DONE, f"limit {self.top}", " ")] if self.top else []
        if self.clauses["QUALIFY"]:
            return [Node(DONE, self._qualified(last), self.nodes[0].gap), *limit]
        middle = [node for word in _CLAUSES for node in self.clauses[word]]
        return [*self.head, *self.list, *middle, *last, *limit]

    @property
    def items(self) -> list[Item]:
        """The items of the list."""
        return [item(nodes) for nodes in separated(self.list, ",") if nodes]

    def _qualified(self, last: Sequence[Node]) -> str:
        """The SELECT around one that computes the condition of QUALIFY for each row."""
        items = self.items
        condition = text(
            substituted(self.clauses["QUALIFY"][1:], {i.name: i.nodes for i in items if i.named})
        )
        if any(one.is_star for one in items):
            return self._qualified_star(items, condition, last)
        inner = ", ".join(f'{text(one.nodes)} as "item {place}"' for place, one in enumerate(items))
        outer = ", ".join(f'"item {place}" as {quoted(one.name)}' for place, one in enumerate(items))
        distinct = [node for node in self.head[1:] if node.upper == "DISTINCT"]
        order = list(takewhile(lambda node: node.upper not in ("LIMIT", "OFFSET"), last))
        names = {one.name: [Node("quoted", f'"item {place}"', " ")] for place, one in enumerate(items)}
        keys = [key for key in separated(order[2:], ",") if key]
        outside = all(key[0].kind == "number" or (key[0].name in names and len(key) <= 2) for key in keys)
        inside = (
            "" if outside else render(substituted(order, {one.name: one.nodes for one in items if one.named}))
        )
        behind = last if outside else last[len(order) :]
        return (
            f"select{render(distinct)} {outer} from (select {inner}, ({condition}) as qualifies"
            f"{self._middle()}{inside}) as qualified where qualifies{render(behind)}"
        )

    def _qualified_star(self, items: Sequence[Item], condition: str, last: Sequence[Node]) -> str:
        """With a star the rows of the tables are kept whole and taken apart again."""
        tables = _tables(self.clauses["FROM"])
        if self.clauses["GROUP"] or len(self.head) > 1 or not tables:
            raise NotPortable(
                "QUALIFY with * over this FROM: not in the local Redshift; instead: name the columns."
                f" {DOCUMENTATION}r_QUALIFY_clause.html"
            )
        rows = ", ".join(f'{name} as "row {place}"' for place, name in enumerate(tables))
        again = "".join(
            f' cross join lateral (select (qualified."row {place}").*) as {name}'
            for place, name in enumerate(tables)
        )
        kept, shown = "", []
        for place, one in enumerate(items):
            if one.is_star:
                shown.append(
                    text(one.nodes) if len(one.nodes) > 1 else ", ".join(f"{name}.*" for name in tables)
                )
            else:
                kept += f', {text(one.nodes)} as "item {place}"'
                shown.append(f'qualified."item {place}" as {quoted(one.name)}')
        return (
            f"select {', '.join(shown)} from (select {rows}{kept}, ({condition}) as qualifies"  # noqa: S608
            f"{self._middle()}) as qualified{again} where qualified.qualifies{render(last)}"
        )

    def _middle(self) -> str:
        return "".join(render(self.clauses[word]) for word in ("FROM", "WHERE", "GROUP", "HAVING"))


def items_of(query: Sequence[Node], start: int = 0) -> list[Item]:
    """The items of the list of the SELECT that begins at `start` in a query."""
    end = last_clauses(query, start)
    end = next((index for index in range(start, end) if query[index].upper in SET_OPERATORS), end)
    return Select(query[start:end]).items


def quoted(name: str) -> str:
    """The name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def substituted(nodes: Sequence[Node], names: dict[str, Sequence[Node]]) -> list[Node]:
    """The nodes with each bare name of `names` replaced by its expression."""
    out: list[Node] = []
    for index, node in enumerate(nodes):
        following = nodes[index + 1] if index + 1 < len(nodes) else None
        before = nodes[index - 1].upper if index else ""
        apart = following is None or (following.upper != "." and following.kind != GROUP)
        if node.kind == GROUP:
            out.append(Node(GROUP, "", node.gap, substituted(node.children, names), node.inner_gap))
        elif node.name in names and node.name and apart and before != ".":
            out.append(Node(DONE, f"({text(names[node.name])})", node.gap))
        else:
            out.append(node)
    return out


def _tables(clause: Sequence[Node]) -> list[str]:
    """The names by which the tables of FROM are known; empty if a name or a column is not known from the text alone."""
    names: list[str] = []
    expected = False
    for index, node in enumerate(clause):
        if node.upper in ("USING", "NATURAL"):
            return []
        if node.upper in ("FROM", ",", "JOIN"):
            expected = True
            continue
        if not expected or node.upper == "LATERAL":
            continue
        stop = index
        while stop + 2 < len(clause) and clause[stop + 1].upper == ".":
            stop += 2
        behind = list(clause[stop + 1 : stop + 3])
        if behind and behind[0].upper == "AS":
            behind = behind[1:]
        if behind and behind[0].name and behind[0].upper not in JOINS:
            names.append(text(behind[:1]))
        elif clause[stop].name:
            names.append(text(clause[stop : stop + 1]))
        else:
            return []
        expected = False
    return names
