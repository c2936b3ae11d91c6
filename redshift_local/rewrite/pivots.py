"""PIVOT and UNPIVOT of a subquery, as in AWS's examples (r_FROM_clause-pivot-unpivot-examples).

Belongs here: these two. Does not belong here: a table in place of the subquery, whose columns the text does not name.
"""

from __future__ import annotations

from collections.abc import Sequence

from redshift_local.rewrite.queries import Item, item, items_of, quoted
from redshift_local.rewrite.tree import DONE, GROUP, Node, find, render, separated, text, walk
from redshift_local.tokens import DOCUMENTATION, NotPortable


def replace_pivots(nodes: Sequence[Node]) -> list[Node]:
    """The nodes of a FROM clause with each subquery that is pivoted in the form that PostgreSQL has."""
    out: list[Node] = []
    index = 0
    while index < len(nodes):
        word = nodes[index].upper
        group = next((node for node in nodes[index + 1 : index + 4] if node.kind == GROUP), None)
        if word not in ("PIVOT", "UNPIVOT") or group is None or not out:
            out.append(nodes[index])
            index += 1
            continue
        words = [node.upper for node in nodes[index + 1 : index + 3]]
        source = out.pop()
        columns = _columns(source, word)
        written = (
            _pivoted(source, columns, group)
            if word == "PIVOT"
            else _unpivoted(source, columns, group, nulls=words == ["INCLUDE", "NULLS"])
        )
        out.append(Node(DONE, written, source.gap))
        index += 2 if words[0] == "" else 4
    return out


def _columns(source: Node, word: str) -> list[Item]:
    items = items_of(source.children) if source.kind == GROUP and find(source.children, "SELECT") == 0 else []
    if not items or any(one.is_star for one in items):
        raise NotPortable(
            f"{word} of a table: not in the local Redshift; instead: a subquery that names the columns."
            f" {DOCUMENTATION}r_FROM_clause-pivot-unpivot-examples.html"
        )
    return items


def _pivoted(source: Node, columns: Sequence[Item], group: Node) -> str:
    """PIVOT (aggregate(value) [AS name] FOR column IN (value [AS name], ...))."""
    at, listed = find(group.children, "FOR"), group.children[-1]
    aggregate = item(group.children[:at]) if at > 1 else None
    if aggregate is None or len(aggregate.nodes) < 2 or aggregate.nodes[1].kind != GROUP:
        raise NotPortable(f"PIVOT takes an aggregate FOR a column: {DOCUMENTATION}r_FROM_clause30.html")
    column = group.children[at + 1]
    function, arguments = aggregate.nodes[0], list(aggregate.nodes[1].children)
    distinct = "distinct " if arguments and arguments[0].upper == "DISTINCT" else ""
    value = text(arguments[1:] if distinct else arguments)
    used = {column.name, *(node.name for node in walk(arguments))}
    kept = ", ".join(quoted(one.name) for one in columns if one.name not in used)
    cells = []
    for one in filter(None, separated(listed.children, ",")):
        wanted = item(one)
        literal = text(wanted.nodes)
        name = wanted.name if wanted.named else literal.strip("'").lower()
        name += f"_{aggregate.name}" if aggregate.named else ""
        met = f"{text([column])} is null" if literal.upper() == "NULL" else f"{text([column])} = {literal}"
        cell = "1" if value == "*" else value
        cells.append(f"{function.text}({distinct}case when {met} then {cell} end) as {quoted(name)}")
    grouped = f" group by {kept}" if kept else ""
    shown = ", ".join(filter(None, [kept, *cells]))
    return f"(select {shown} from {render([source]).strip()} as pivoted{grouped})"  # noqa: S608


def _unpivoted(source: Node, columns: Sequence[Item], group: Node, *, nulls: bool) -> str:
    """UNPIVOT [INCLUDE NULLS] (value FOR name IN (column [AS value], ...))."""
    if find(group.children, "FOR") != 1 or len(group.children) != 5:
        raise NotPortable(f"UNPIVOT takes a value FOR a name IN columns: {DOCUMENTATION}r_FROM_clause30.html")
    value, column, listed = group.children[0], group.children[2], group.children[-1]
    rows = []
    used = set()
    for one in filter(None, separated(listed.children, ",")):
        wanted = item(one)
        used.add(wanted.nodes[0].name)
        shown = wanted.nodes[0].name
        if wanted.named or one[-1].kind == "string":
            shown = wanted.name if wanted.named else one[-1].text[1:-1]
        literal = shown.replace("'", "''")
        rows.append(f"select '{literal}' as {text([column])}, {text(one[:1])} as {text([value])}")
    kept = "".join(f"{quoted(one.name)}, " for one in columns if one.name not in used)
    where = "" if nulls else f" where {text([value])} is not null"
    turned = f"(select {kept}{text([column])}, {text([value])} from {render([source]).strip()} as whole"  # noqa: S608
    return f"{turned} cross join lateral ({' union all '.join(rows)}) as cell{where})"
