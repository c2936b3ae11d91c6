"""Division of decimals, whose digits Redshift takes from the types of both sides.

Belongs here: finding the divisions of a statement, and the precision and scale of expressions
(https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html). Does not belong here: asking the server
for the types of columns (`session`), and dividing (`sql/functions/numbers.sql`).

A value of PostgreSQL's knows its scale but not its precision, so the digits of a quotient have to be known before it
runs: each side is taken apart down to columns and calls, and the server is asked for their types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from redshift_local.rewrite.casts import end_of_type, operand
from redshift_local.rewrite.queries import SET_OPERATORS, items_of
from redshift_local.rewrite.scopes import Question, Scope, scope_of, scope_of_select, sources
from redshift_local.rewrite.tree import DONE, GROUP, Node, find, separated, text, walk
from redshift_local.tokens import DOCUMENTATION, NotPortable

_LARGEST = 38


class Decimal(NamedTuple):
    """A type of numbers: its precision, its scale, and whether it is an integer. FLOAT has no precision."""

    precision: int
    scale: int
    integer: bool = False


FLOAT = Decimal(0, 0)
DATE = Decimal(-1, 0)  # no number, but the difference of two is one
SMALLINT, INTEGER, BIGINT = (
    Decimal(5, 0, integer=True),
    Decimal(10, 0, integer=True),
    Decimal(19, 0, integer=True),
)

#: The types that the server names; None is no number, or one whose digits nobody knows.
Answers = Mapping[Question, Decimal | None]


def divides(nodes: Sequence[Node]) -> bool:
    """Whether the statement divides."""
    return any(node.kind == "operator" and node.text == "/" for node in walk(nodes))


class Division:
    """The divisions of one statement, by the types that are known; `questions` are those for the server."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.questions: set[Question] = set()

    def rewritten(self, nodes: Sequence[Node], scope: Scope | None = None) -> list[Node]:
        """The nodes of one level with each division of decimals as a call that knows the digits of its result."""
        scope = scope_of(nodes, scope or Scope())
        out: list[Node] = []
        inner = scope
        for index, node in enumerate(nodes):
            if node.upper == "SELECT":
                inner = scope_of_select(nodes, index, scope)
            elif node.upper in SET_OPERATORS:
                inner = scope
            if node.kind != GROUP:
                out.append(node)
                continue
            outer = inner
            if index > 1 and nodes[index - 1].upper == "AS" and nodes[index - 2].name in scope.queries:
                outer = scope.queries[nodes[index - 2].name][1]
            out.append(Node(GROUP, "", node.gap, self.rewritten(node.children, outer), node.inner_gap))
        return self._divided(out, nodes, scope)

    def _divided(self, nodes: Sequence[Node], given: Sequence[Node], scope: Scope) -> list[Node]:
        """The level with its quotients replaced; `given` are the same nodes before."""
        out: list[Node] = []
        sources: list[Node] = []  # what each node of `out` was
        index = 0
        inner = scope
        while index < len(nodes):
            node = nodes[index]
            if node.upper == "SELECT":
                inner = scope_of_select(given, index, scope)
            if node.upper != "/" or not out or index + 1 == len(nodes):
                out.append(node)
                sources.append(given[index])
                index += 1
                continue
            begin = _begin_of_term(out)
            end = _end_of_factor(nodes, index + 1)
            left, right = sources[begin:], given[index + 1 : end]
            quotient = self._quotient(self.type_of(left, inner), self.type_of(right, inner))
            if quotient is None or quotient.integer or quotient == FLOAT:
                out.append(node)
                sources.append(given[index])
                index += 1
                continue
            call = (
                f"redshift.divide({text(out[begin:])}, {text(nodes[index + 1 : end])}, {quotient.scale})"
                f"::decimal({quotient.precision},{quotient.scale})"
            )
            out[begin:] = [Node(DONE, call, out[begin].gap)]
            sources[begin:] = [Node(GROUP, "", "", [*left, node, *right])]
            index = end
        return out

    def _quotient(self, left: Decimal | None, right: Decimal | None) -> Decimal | None:
        if FLOAT in (left, right) or DATE in (left, right):
            return FLOAT  # PostgreSQL divides it, or says that it cannot
        if left is None or right is None:
            if self.questions:
                return None  # the server is asked first
            raise NotPortable(
                "division of decimals whose digits the local Redshift cannot tell; instead: cast both sides, as in"
                f" a::decimal(18,2) / b::decimal(18,2), or one to double precision."
                f" {DOCUMENTATION}r_numeric_computations201.html"
            )
        if left.integer and right.integer:
            return max(left, right)
        scale = max(4, left.scale + right.precision - right.scale + 1)
        return _limited(left.precision - left.scale + right.scale + scale, scale)

    # --- types ----------------------------------------------------------------------------------------------------

    def type_of(self, nodes: Sequence[Node], scope: Scope) -> Decimal | None:
        """The type of an expression; None if it is not known."""
        if not nodes:
            return None
        if nodes[0].upper in ("-", "+"):
            return self.type_of(nodes[1:], scope)
        for operators in (("+", "-"), ("*", "/", "%")):
            at = _last_operator(nodes, operators)
            if at > 0:
                one, other = self.type_of(nodes[:at], scope), self.type_of(nodes[at + 1 :], scope)
                return self._computed(nodes[at].text, one, other)
        return self._factor(nodes, scope)

    def _computed(self, operator: str, one: Decimal | None, other: Decimal | None) -> Decimal | None:
        if operator == "/":
            return self._quotient(one, other)
        if FLOAT in (one, other):
            return FLOAT
        if one is None or other is None:
            return None
        if DATE in (one, other):
            return INTEGER if one == other and operator == "-" else DATE
        if one.integer and other.integer:
            return max(one, other)
        if operator == "*":
            return _limited(one.precision + other.precision + 1, one.scale + other.scale, keep=True)
        scale = max(one.scale, other.scale)
        return _limited(
            max(one.precision - one.scale, other.precision - other.scale) + 1 + scale, scale, keep=True
        )

    def _factor(self, nodes: Sequence[Node], scope: Scope) -> Decimal | None:
        first, last = nodes[0], nodes[-1]
        cast = max((index for index, node in enumerate(nodes) if node.upper == "::"), default=0)
        if cast and cast + 1 < len(nodes):
            return self._of_type(nodes[cast + 1 :])
        if len(nodes) == 1 and first.kind == "number":
            return _literal(first.text)
        if len(nodes) == 1 and first.kind == GROUP:
            if first.children and first.children[0].upper in ("SELECT", "WITH"):
                return self._of_query(first.children, scope)
            return self.type_of(first.children, scope)
        if first.upper == "CASE" and last.upper == "END":
            return self._of_case(nodes, scope)
        if len(nodes) > 1 and nodes[1].kind == GROUP and first.name:
            return self._of_call(nodes, scope)
        if last.name and all(node.name or node.upper == "." for node in nodes):
            return self._of_column([node.name for node in nodes if node.name], nodes, scope)
        return self._asked(nodes, scope)

    def _of_type(self, nodes: Sequence[Node]) -> Decimal | None:
        words = " ".join(node.upper for node in nodes if node.kind == "word")
        group = (
            [text(digits) for digits in separated(nodes[-1].children, ",")] if nodes[-1].kind == GROUP else []
        )
        if words in ("DECIMAL", "NUMERIC"):
            given = [int(digits) for digits in group if digits.isdecimal()]
            return Decimal(given[0] if given else 18, given[1] if len(given) > 1 else 0)
        return _NAMED.get(words)

    def _of_query(self, nodes: Sequence[Node], scope: Scope, column: str = "") -> Decimal | None:
        """The type of a column of a query, over all SELECTs of its set operations; without a name, of the only one."""
        inside = scope_of(nodes, scope)
        types: list[Decimal | None] = []
        place = -1
        for start in (index for index, node in enumerate(nodes) if node.upper == "SELECT"):
            items = items_of(nodes, start)
            named = [index for index, one in enumerate(items) if one.name == column] if column else [0]
            if place < 0:
                place = named[0] if named else len(items)
            if place >= len(items) or any(one.is_star for one in items):
                return None
            if text(items[place].nodes).upper() != "NULL":
                types.append(self.type_of(items[place].nodes, scope_of_select(nodes, start, inside)))
        return _common(types)

    def _of_case(self, nodes: Sequence[Node], scope: Scope) -> Decimal | None:
        results = []
        for index, node in enumerate(nodes):
            if node.upper in ("THEN", "ELSE"):
                stop = next(
                    i
                    for i in range(index, len(nodes))
                    if nodes[i].upper in ("WHEN", "ELSE", "END") and i > index
                )
                results.append(nodes[index + 1 : stop])
        return self._common(results, scope)

    def _common(self, expressions: Sequence[Sequence[Node]], scope: Scope) -> Decimal | None:
        """The type for all of several expressions; NULL takes the others'."""
        return _common([self.type_of(one, scope) for one in expressions if text(one).upper() != "NULL"])

    def _of_call(self, nodes: Sequence[Node], scope: Scope) -> Decimal | None:
        name, group = nodes[0].upper, nodes[1]
        given = separated(group.children, ",")
        if given and given[0] and given[0][0].upper in ("DISTINCT", "ALL"):
            given[0] = given[0][1:]
        if name == "COUNT":
            return BIGINT
        if name in ("SUM", "AVG"):
            of = self.type_of(given[0], scope)
            if of is None or of == FLOAT:
                return of
            if of.integer:
                windowed = len(nodes) > 2 and nodes[2].upper == "OVER"  # r_WF_SUM, r_WF_AVG
                return Decimal(_LARGEST, 0) if windowed and of == BIGINT else BIGINT
            return Decimal(_LARGEST, of.scale)
        if name in (
            "MIN",
            "MAX",
            "ABS",
            "ROUND",
            "TRUNC",
            "NULLIF",
            "LAG",
            "LEAD",
            "FIRST_VALUE",
            "LAST_VALUE",
        ):
            return self.type_of(given[0], scope)
        if name in ("COALESCE", "NVL", "GREATEST", "LEAST", "ISNULL"):
            return self._common(given, scope)
        if name == "NVL2":
            return self._common(given[1:], scope)
        if name == "CAST" and (at := find(group.children, "AS")) > 0:
            return self._of_type(group.children[at + 1 :])
        return self._asked(nodes, scope)

    def _of_column(self, names: Sequence[str], nodes: Sequence[Node], scope: Scope) -> Decimal | None:
        """The type of a column: that of an item of a subquery, or the server's."""
        found = [
            (query, inside)
            for name, query, inside in sources(scope)
            if (len(names) == 1 or names[-2] == name)
            and any(one.name == names[-1] for one in items_of(query, find(query, "SELECT")))
        ]
        if len(found) == 1:
            return self._of_query(*found[0], names[-1])
        return self._asked(nodes, scope)

    def _asked(self, nodes: Sequence[Node], scope: Scope) -> Decimal | None:
        question = scope.ask(nodes)
        if question not in self.answers:
            self.questions.add(question)
        return self.answers.get(question)


_NAMED = {
    "SMALLINT": SMALLINT, "INT2": SMALLINT, "INTEGER": INTEGER, "INT": INTEGER, "INT4": INTEGER,
    "BIGINT": BIGINT, "INT8": BIGINT, "REAL": FLOAT, "FLOAT4": FLOAT, "FLOAT8": FLOAT, "FLOAT": FLOAT,
    "DOUBLE PRECISION": FLOAT, "DATE": DATE,
}  # fmt: skip


def _common(types: Sequence[Decimal | None]) -> Decimal | None:
    """The type for values of several types."""
    if FLOAT in types:
        return FLOAT
    known = [one for one in types if one is not None]
    if len(known) < len(types) or not known:
        return None
    if all(one.integer for one in known):
        return max(known)
    scale = max(one.scale for one in known)
    return _limited(max(one.precision - one.scale for one in known) + scale, scale, keep=True)


def _limited(precision: int, scale: int, *, keep: bool = False) -> Decimal:
    """The type within 38 digits; a quotient gives up digits behind the point, but not the first four."""
    if precision <= _LARGEST:
        return Decimal(precision, scale)
    return Decimal(_LARGEST, min(scale, _LARGEST - 1) if keep else max(_LARGEST + scale - precision, 4))


def _literal(number: str) -> Decimal:
    if "e" in number.lower():
        return FLOAT
    whole, _, fraction = number.partition(".")
    if "." not in number:
        return INTEGER if int(number) < 2**31 else BIGINT if int(number) < 2**63 else Decimal(len(number), 0)
    return Decimal(len(whole) + len(fraction), len(fraction))


def _last_operator(nodes: Sequence[Node], operators: Sequence[str]) -> int:
    """The index of the last binary operator of the kinds given, outside CASE; 0 if there is none."""
    depth = 0
    for index in range(len(nodes) - 1, 0, -1):
        depth += {"END": 1, "CASE": -1}.get(nodes[index].upper, 0)
        before = nodes[index - 1]
        if depth == 0 and nodes[index].upper in operators and before.kind != "operator":
            return index
    return 0


def _begin_of_term(out: Sequence[Node]) -> int:
    """The index where the product or quotient begins that ends at the last node."""
    begin = operand(out)
    while begin > 1 and out[begin - 1].upper in ("*", "/", "%", "::"):
        begin = operand(out[: begin - 1])
    signed = begin and out[begin - 1].upper in ("-", "+")
    if signed and (
        begin == 1 or out[begin - 2].kind == "operator" or out[begin - 2].upper in ("SELECT", "BY")
    ):
        return begin - 1
    return begin


def _end_of_factor(nodes: Sequence[Node], start: int) -> int:
    """The index after the factor that begins at `start`."""
    index = start
    while index + 1 < len(nodes) and nodes[index].upper in ("-", "+"):
        index += 1
    if nodes[index].upper == "CASE":
        depth = 1
        while depth and index + 1 < len(nodes):
            index += 1
            depth += {"CASE": 1, "END": -1}.get(nodes[index].upper, 0)
        index += 1
    else:
        index += 1
        while index + 1 < len(nodes) and nodes[index].upper == ".":
            index += 2
        if index < len(nodes) and nodes[index].kind == GROUP and nodes[index - 1].name:
            index += 1
        while index + 1 < len(nodes) and nodes[index].upper == "OVER" and nodes[index + 1].kind == GROUP:
            index += 2
    while index < len(nodes) and nodes[index].upper == "::":
        index = end_of_type(nodes, index + 1)
    return index
