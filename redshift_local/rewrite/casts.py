"""Casts whose type means something else: VARCHAR(n) counts bytes, DECIMAL without digits has none behind the point.

Belongs here: CAST, `::` and CONVERT. Does not belong here: the types of columns (`dialect`).
"""

from __future__ import annotations

from collections.abc import Sequence

from redshift_local.rewrite.tree import GROUP, Node, done, text
from redshift_local.tokens import NotPortable

_TEXT = ("VARCHAR", "NVARCHAR")
_LONGEST = 65535  # https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html

#: Words before parentheses that are no name of a function.
_NO_FUNCTION = frozenset(
    "ALL AND ANY AS BETWEEN BY CASE CROSS DISTINCT ELSE EXCEPT EXISTS FROM FULL HAVING ILIKE IN INNER INTERSECT INTO"
    " IS JOIN LEFT LIKE LIMIT MINUS NOT OFFSET ON OR OUTER QUALIFY RIGHT SELECT SET SIMILAR SOME THEN TO UNION USING"
    " VALUES WHEN WHERE".split()
)
_TYPED_LITERALS = frozenset("DATE TIMESTAMP TIMESTAMPTZ TIME TIMETZ INTERVAL".split())


def cast(value: str, kind: Sequence[Node], *, explicit: bool = False) -> str:
    """The cast of the text `value` to the type that the nodes `kind` are."""
    name, given = _type(kind)
    if name in ("DECIMAL", "NUMERIC") and given is None:
        return _cast(value, "decimal(18,0)", explicit=explicit)
    if name == "DATETIME":
        return _cast(value, "timestamp", explicit=explicit)
    if name in _TEXT and given is not None:
        size = text(given.children)
        length = _LONGEST if size.upper() == "MAX" else int(size) if size.isdecimal() else 0
        if not 1 <= length <= _LONGEST:
            raise NotPortable(f"varchar({size}): Redshift allows 1 to {_LONGEST} bytes")
        return f"redshift.cut(({value})::text, {length})::redshift.varchar_{length}"
    return _cast(value, text(kind), explicit=explicit)


def _cast(value: str, kind: str, *, explicit: bool) -> str:
    return f"cast({value} as {kind})" if explicit else f"{value}::{kind}"


def _type(kind: Sequence[Node]) -> tuple[str, Node | None]:
    """The name of a type, and its digits or length."""
    words = [node.upper for node in kind if node.kind == "word"]
    group = kind[-1] if kind and kind[-1].kind == GROUP else None
    if words == ["CHARACTER", "VARYING"] or words == ["NATIONAL", "CHARACTER", "VARYING"]:
        return "VARCHAR", group
    return (words[0] if len(words) == 1 else " ".join(words)), group


def replace_casts(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with every `value::type` joined to one, and rewritten where the type means something else."""
    out: list[Node] = []
    index = 0
    while index < len(nodes):
        if nodes[index].upper != "::" or not out:
            out.append(nodes[index])
            index += 1
            continue
        start = operand(out)
        end = end_of_type(nodes, index + 1)
        replaced = done(cast(text(out[start:]), nodes[index + 1 : end]), out[start])
        out[start:] = [replaced]
        index = end
    return out


def operand(out: Sequence[Node]) -> int:
    """The index where the operand begins that ends at the last node."""
    index = len(out) - 1
    if out[index].upper == "END":
        depth = 0
        while index >= 0:
            depth += {"END": 1, "CASE": -1}.get(out[index].upper, 0)
            if depth == 0:
                return index
            index -= 1
        return 0
    if out[index].kind == GROUP:
        while index > 1 and out[index].kind == GROUP:
            if out[index - 1].upper == "OVER":
                index -= 2
            elif out[index - 1].upper == "GROUP" and out[index - 2].upper == "WITHIN":
                index -= 3
            else:
                break
        called = index > 0 and out[index - 1].kind in ("word", "quoted")
        if out[index].kind != GROUP or not called or out[index - 1].upper in _NO_FUNCTION:
            return index
        index -= 1
    elif out[index].kind == "string" and index and out[index - 1].upper in _TYPED_LITERALS:
        return index - 1
    while index > 1 and out[index - 1].upper == "." and out[index].kind in ("word", "quoted"):
        index -= 2
    return index


def end_of_type(nodes: Sequence[Node], start: int) -> int:
    """The index after the type that begins at `start`."""
    index = start + 1
    while index < len(nodes) and nodes[index].upper in ("PRECISION", "VARYING", "."):
        index += 2 if nodes[index].upper == "." else 1
    if index < len(nodes) and nodes[index].kind == GROUP:
        index += 1
    words = [node.upper for node in nodes[index : index + 3]]
    return index + 3 if words in (["WITH", "TIME", "ZONE"], ["WITHOUT", "TIME", "ZONE"]) else index
