"""A statement as a tree of its parentheses, in which one piece is replaced and every other keeps its text.

Belongs here: the tree, and how its pieces are found and joined. Does not belong here: what is replaced (the other
modules of this package).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from redshift_local.tokens import NotPortable, Token, tokens

#: The kinds of a node beyond those of a token: what stands in parentheses, and what was replaced.
GROUP, DONE = "group", "done"


@dataclass(slots=True)
class Node:
    """A token, a group in parentheses, or a replacement; `gap` is the blank space and the comments before it."""

    kind: str
    text: str
    gap: str = ""
    children: Sequence[Node] = ()
    inner_gap: str = ""  # before the closing parenthesis

    @property
    def upper(self) -> str:
        """The node as a keyword or operator; '' for everything else."""
        return self.text.upper() if self.kind == "word" else self.text if self.kind == "operator" else ""

    @property
    def name(self) -> str:
        """The identifier as the catalog has it; '' for everything else."""
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"').lower()
        return self.text.lower() if self.kind == "word" else ""


def done(text: str, like: Node) -> Node:
    """A replacement with the blank space of the node whose place it takes."""
    return Node(DONE, text, like.gap)


def parse(sql: str) -> list[Node]:
    """The nodes of a statement. Raises NotPortable if its parentheses do not match."""
    stack: list[list[Node]] = [[]]
    gaps: list[str] = []
    end = 0
    for token in tokens(sql):
        gap, end = sql[end : token.start], token.end
        if token.text == "(" and token.kind == "operator":
            gaps.append(gap)
            stack.append([])
        elif token.text == ")" and token.kind == "operator":
            if len(stack) == 1:
                raise NotPortable("a parenthesis is closed that is not open")
            children = stack.pop()
            stack[-1].append(Node(GROUP, "", gaps.pop(), children, gap))
        else:
            stack[-1].append(_leaf(token, gap))
    if len(stack) > 1:
        raise NotPortable("a parenthesis is not closed")
    return stack[0]


def _leaf(token: Token, gap: str) -> Node:
    return Node(token.kind, token.text, gap)


def render(nodes: Sequence[Node]) -> str:
    """The text of the nodes, each with the blank space before it."""
    return "".join(_text(node) for node in nodes)


def _text(node: Node) -> str:
    if node.kind == GROUP:
        return f"{node.gap}({render(node.children)}{node.inner_gap})"
    return node.gap + node.text


def text(nodes: Sequence[Node]) -> str:
    """The text of the nodes without blank space around it."""
    return render(nodes).strip()


def arguments(group: Node) -> list[list[Node]]:
    """The arguments of a call, or the items of a list."""
    return [] if not group.children else separated(group.children, ",")


def separated(nodes: Sequence[Node], separator: str) -> list[list[Node]]:
    """The runs of nodes between the nodes whose keyword or operator is `separator`."""
    runs: list[list[Node]] = [[]]
    for node in nodes:
        if node.upper == separator:
            runs.append([])
        else:
            runs[-1].append(node)
    return runs


def find(nodes: Sequence[Node], *words: str, start: int = 0) -> int:
    """The index of the first of `words` among the nodes; -1 if there is none."""
    for index in range(start, len(nodes)):
        if nodes[index].upper in words:
            return index
    return -1


def walk(nodes: Sequence[Node]) -> Iterator[Node]:
    """All nodes, those in parentheses too."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def nulled(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with NULL for each parameter, and psycopg2's %% as an operator."""
    out = []
    for node in nodes:
        if node.kind == GROUP:
            out.append(Node(GROUP, "", node.gap, nulled(node.children), node.inner_gap))
        elif node.kind == "parameter":
            out.append(Node(DONE, "null", node.gap))
        else:
            out.append(Node(node.kind, "%", node.gap) if node.text == "%%" else node)
    return out
