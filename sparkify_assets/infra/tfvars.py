"""Whether an environment's .tfvars file sets only what the stacks declare.

Terraform drops an unknown key of an object in silence, and only warns of an unknown variable
(https://developer.hashicorp.com/terraform/language/expressions/type-constraints#conversion-of-complex-types).

Belongs here: names. Does not: values, which Terraform itself checks when it plans.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sparkify_assets.infra import InfrastructureError

#: A node of the parser's tree (https://lark-parser.readthedocs.io/en/stable/classes.html#tree), whose children are
#: trees or tokens; only its place in the grammar says which.
Node = Any


@dataclass(frozen=True)
class Shape:
    """What a type lets in: the attributes of an object by their names, or the elements of a collection. A type that
    has neither, such as `string` or `any`, has no names to check.
    """

    attributes: dict[str, Shape] | None = None
    elements: Shape | None = None


def refuse_unknown_settings(settings: Path, stacks: Path) -> None:
    """Raise InfrastructureError if the file sets anything that no stack declares: a line with each, its place, and
    what was probably meant.
    """
    try:
        tree = _parse(settings)
    except ValueError:
        return  # Terraform's own error says what is wrong with it
    unknown = [
        f"{settings}:{line}: unknown setting {name}{_suggestion(name, known)}"
        for line, name, known in _unknown(tree, Shape(_declared(stacks)))
    ]
    if unknown:
        raise InfrastructureError("; ".join(unknown))


def sets(settings: Path, name: str) -> bool:
    """Whether the file sets a variable to anything but null. One that is no HCL sets none."""
    try:
        members = _members(_parse(settings))
    except ValueError:
        return False  # Terraform's own error says what is wrong with it
    return any(key == name and _text(value).strip() != "null" for _, key, value in members)


def _declared(stacks: Path) -> dict[str, Shape]:
    """The variables of all stacks. Each stack takes the other's as `any`, so the more exact declaration counts."""
    declared: dict[str, Shape] = {}
    for path in sorted(stacks.glob("*/*.tf")):
        for block in _parse(path).find_data("block"):
            kind, *rest = map(_text, block.children[:2])
            if kind == "variable":
                shape = next(
                    (_shape(a.children[-1]) for a in block.find_data("attribute") if _key(a) == "type"),
                    Shape(),
                )
                known = declared.get(rest[0], Shape())
                declared[rest[0]] = known if known != Shape() else shape
    return declared


def _shape(node: Node) -> Shape:
    """What a type expression lets in."""
    call = next((c for c in node.children if _is(c, "function_call")), None)
    if call is None:
        return Shape()
    function = _text(call.children[0])
    [arguments] = (c for c in call.children if _is(c, "arguments"))
    argument = arguments.children[0]
    if function == "object":
        members = _members(argument)
        return Shape({name: _shape(value) for _, name, value in members})
    if function == "optional":
        return _shape(argument)
    return Shape(elements=_shape(argument))


def _unknown(node: Node, shape: Shape) -> Iterator[tuple[int, str, set[str]]]:
    """Line and name of each key that has no place in the shape, and the names that have one there."""
    for line, name, value in _members(node):
        if shape.attributes is None:
            inner = shape.elements
        else:
            inner = shape.attributes.get(name)
            if inner is None:
                yield line, name, set(shape.attributes)
        if inner is not None:
            yield from ((at, f"{name}.{key}", known) for at, key, known in _unknown(value, inner))
    if shape.elements is not None:
        for item in (i for c in node.children if _is(c, "tuple") for i in c.children if _is(i, "expr_term")):
            yield from _unknown(item, shape.elements)


def _members(node: Node) -> Iterator[tuple[int, str, Node]]:
    """Line, name and value of what a file's body sets, or an object."""
    for child in node.children:
        if _is(child, "body") or _is(child, "object"):
            yield from _members(child)
        elif _is(child, "attribute"):
            yield child.meta.line, _key(child), child.children[-1]
        elif _is(child, "object_elem"):
            yield child.meta.line, _text(child.children[0]), child.children[-1]


def _suggestion(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name.rpartition(".")[2], known, 1)
    return f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(sorted(known))}"


def _key(attribute: Node) -> str:
    return _text(attribute.children[0])


def _text(node: Node) -> str:
    """The name that an identifier, or a quoted key, is."""
    tokens = [node] if isinstance(node, str) else node.scan_values(lambda _: True)
    return "".join(map(str, tokens)).strip('"')


def _is(node: object, kind: str) -> bool:
    return getattr(node, "data", None) == kind


def _parse(path: Path) -> Node:
    return _parsed(path.read_text("utf-8"))


@cache
def _parsed(text: str) -> Node:
    """The tree of a text of HCL. Raises ValueError if it is none."""
    import hcl2  # here: its import costs a sixth of a second that only the infrastructure needs
    from lark.exceptions import LarkError

    try:
        return hcl2.parses_to_tree(text)
    except LarkError as error:
        raise ValueError(str(error)) from None
