"""Calls that PostgreSQL does not parse, or cannot express as a function: date parts without quotes, DECODE, LISTAGG.

Belongs here: one function for each shape of call. Does not belong here: functions that differ only in their values
(`sql/functions/`), casts (`casts`), and what concerns a whole query (`queries`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from redshift_local.rewrite.casts import cast
from redshift_local.rewrite.tree import GROUP, Node, arguments, done, find, render, separated, text, walk
from redshift_local.tokens import DOCUMENTATION, NotPortable


class Call(NamedTuple):
    """A call: its name in upper case, its arguments, and the nodes behind its parentheses."""

    name: str
    group: Node
    behind: Sequence[Node]

    @property
    def arguments(self) -> list[list[Node]]:
        """The arguments, which commas separate."""
        return arguments(self.group)

    @property
    def texts(self) -> list[str]:
        """The text of each argument."""
        return [text(argument) for argument in self.arguments]


class Replaced(NamedTuple):
    """The text in place of a call, and how many of the nodes behind it that takes in."""

    text: str
    behind: int = 0


Handler = Callable[[Call], Replaced | None]


def _refused(what: str, instead: str, page: str) -> NotPortable:
    return NotPortable(f"{what}: not in the local Redshift; instead: {instead}. {DOCUMENTATION}{page}.html")


# --- date parts ---------------------------------------------------------------------------------------------------


def _part(name: str, count: int) -> Handler:
    """A function whose first argument is a date part, as a word or a string."""

    def handler(call: Call) -> Replaced | None:
        given = call.arguments
        if len(given) != count:
            return None
        return Replaced(f"redshift.{name}({_quoted(given[0])}, {', '.join(map(text, given[1:]))})")

    return handler


def _quoted(part: Sequence[Node]) -> str:
    """A date part as a string."""
    if len(part) == 1 and part[0].kind in ("word", "quoted"):
        return f"'{part[0].name}'"
    return text(part)


def _extract(call: Call) -> Replaced | None:
    children = call.group.children
    if find(children, "FROM") != 1:
        return None
    return Replaced(f"redshift.extract({_quoted(children[:1])}, {text(children[2:])})")


# --- conditions ---------------------------------------------------------------------------------------------------


def _coalesce(call: Call) -> Replaced | None:
    return Replaced(f"coalesce({', '.join(call.texts)})")


def _nvl2(call: Call) -> Replaced | None:
    if len(call.arguments) != 3:
        return None
    value, given, missing = call.texts
    return Replaced(f"case when ({value}) is not null then {given} else {missing} end")


def _decode(call: Call) -> Replaced | None:
    """DECODE(value, search, result, ..., default), for which two nulls are equal."""
    value, *rest = call.arguments or [[]]
    if len(rest) < 2:
        raise NotPortable(f"DECODE needs at least three arguments. {DOCUMENTATION}r_DECODE_expression.html")
    pairs = list(zip(rest[0::2], rest[1::2], strict=False))
    default = f" else {text(rest[-1])}" if len(rest) % 2 else ""
    if all(_is_literal(search) for search, _ in pairs):
        whens = "".join(f" when {text(search)} then {text(result)}" for search, result in pairs)
        return Replaced(f"case {text(value)}{whens}{default} end")
    if any(node.kind == "parameter" for node in walk(value)) or any(
        node.kind == "parameter" for search, _ in pairs for node in walk(search)
    ):
        raise _refused("DECODE of a parameter and NULL", "case when ... end", "r_DECODE_expression")
    whens = "".join(f" when {_same(value, search)} then {text(result)}" for search, result in pairs)
    return Replaced(f"case{whens}{default} end")


def _is_literal(nodes: Sequence[Node]) -> bool:
    """Whether the nodes are a constant other than NULL."""
    return bool(nodes) and nodes[-1].kind in ("string", "number") and len(nodes) <= 2


def _same(value: Sequence[Node], search: Sequence[Node]) -> str:
    if text(search).upper() == "NULL":
        return f"({text(value)}) is null"
    if _is_literal(search):
        return f"({text(value)}) = {text(search)}"
    return f"({text(value)}) is not distinct from ({text(search)})"


def _convert(call: Call) -> Replaced | None:
    """CONVERT(type, expression)."""
    if len(call.arguments) != 2:
        return None
    kind, value = call.arguments
    return Replaced(cast(text(value), kind, explicit=True))


def _cast(call: Call) -> Replaced | None:
    """CAST(expression AS type)."""
    children = call.group.children
    at = find(children, "AS")
    if at < 1:
        return None
    return Replaced(cast(text(children[:at]), children[at + 1 :], explicit=True))


def _concat(call: Call) -> Replaced | None:
    """CONCAT(a, b): null with a null on both sides of it, unlike PostgreSQL's."""
    if len(call.arguments) != 2:
        raise NotPortable(f"CONCAT has two arguments; instead: a || b || c. {DOCUMENTATION}r_CONCAT.html")
    return Replaced("redshift.concat({}, {})".format(*call.texts))


def _json_serialize(call: Call) -> Replaced | None:
    """JSON_SERIALIZE, which is a clause of SQL/JSON in PostgreSQL."""
    return Replaced(f"redshift.json_serialize({', '.join(call.texts)})")


# --- aggregates ---------------------------------------------------------------------------------------------------


def _ordering(call: Call) -> tuple[list[Node], int]:
    """The list of WITHIN GROUP (ORDER BY ...) behind a call, and the number of nodes that it takes."""
    words = [node.upper for node in call.behind[:2]]
    if words != ["WITHIN", "GROUP"] or len(call.behind) < 3 or call.behind[2].kind != GROUP:
        return [], 0
    return list(call.behind[2].children[2:]), 3


def _window(call: Call, start: int) -> Node | None:
    """The group of OVER (...) that begins at `start` behind a call."""
    behind = call.behind[start : start + 2]
    return behind[1] if len(behind) == 2 and behind[0].upper == "OVER" and behind[1].kind == GROUP else None


def _listagg(call: Call) -> Replaced | None:
    """LISTAGG([DISTINCT] value [, delimiter]) [WITHIN GROUP (ORDER BY ...)] [OVER (PARTITION BY ...)]."""
    order, used = _ordering(call)
    values = call.arguments
    if not values or not values[0]:
        return None
    delimiter = text(values[1]) if len(values) > 1 else "''"
    distinct = values[0][0].upper == "DISTINCT"
    value = text(values[0][1:] if distinct else values[0])
    if (window := _window(call, used)) is None:
        ordered = f" order by {text(order)}" if order else ""
        return Replaced(
            f"redshift.list(array_agg({value}{ordered}), {delimiter}, {str(distinct).lower()})", used
        )
    over = f"{text(window.children)} order by {text(order)}" if order else text(window.children)
    over = f"{over} rows between unbounded preceding and unbounded following"
    gathered = f"array_agg({value}) over ({over.strip()})"
    return Replaced(f"redshift.list({gathered}, {delimiter}, {str(distinct).lower()})", used + 2)


def _median(call: Call) -> Replaced | None:
    if len(call.arguments) != 1:
        return None
    return _percentile_of("percentile_cont(0.5, ", text(call.group.children), "asc", call, 0)


def _percentile(call: Call) -> Replaced | None:
    """PERCENTILE_CONT and PERCENTILE_DISC (fraction) WITHIN GROUP (ORDER BY value) [OVER (PARTITION BY ...)]."""
    order, used = _ordering(call)
    if not order:
        return None
    direction = order[-1].upper
    value = text(order[:-1] if direction in ("ASC", "DESC") else order)
    opening = f"{call.name.lower()}({text(call.group.children)}, "
    return _percentile_of(opening, value, direction, call, used)


def _percentile_of(opening: str, value: str, direction: str, call: Call, used: int) -> Replaced:
    window = _window(call, used)
    over = "" if window is None else f" over{render([window])}"
    descending = str(direction == "DESC").lower()
    return Replaced(
        f"redshift.{opening}array_agg({value}){over}, {descending})", used + (2 if window is not None else 0)
    )


def _ratio(call: Call) -> Replaced | None:
    """RATIO_TO_REPORT(value) OVER (...)."""
    if (window := _window(call, 0)) is None:
        return None
    if any(node.kind == "parameter" for node in walk(call.group.children)):
        raise _refused("RATIO_TO_REPORT of a parameter", "value / sum(value) over ()", "r_WF_RATIO_TO_REPORT")
    value = text(call.group.children)
    return Replaced(f"(({value})::float8 / nullif(sum({value}) over{render([window])}, 0)::float8)", 2)


def _skipping_nulls(call: Call) -> Replaced | None:
    """LAG, FIRST_VALUE and the like with IGNORE NULLS or RESPECT NULLS, inside the parentheses or behind."""
    inside = [node.upper for node in call.group.children[-2:]]
    behind = [node.upper for node in call.behind[:2]]
    given, used = call.group.children, 0
    if inside in (["IGNORE", "NULLS"], ["RESPECT", "NULLS"]):
        words, given = inside, given[:-2]
    elif behind in (["IGNORE", "NULLS"], ["RESPECT", "NULLS"]):
        words, used = behind, 2
    else:
        return None
    values = separated(given, ",")
    window = _window(call, used)
    if window is None:
        return None
    if words[0] == "RESPECT":
        return Replaced(f"{call.name.lower()}({text(given)})", used)
    offset = text(values[1]) if len(values) > 1 else "1"
    over = text(window.children)
    if call.name == "LAG":
        over += " rows between unbounded preceding and 1 preceding"
        kind = "last"
    elif call.name == "LEAD":
        over += " rows between 1 following and unbounded following"
        kind = "first"
    else:
        kind = "last" if call.name == "LAST_VALUE" else "first"
    if offset == "1":
        return Replaced(f"redshift.{kind}_known({text(values[0])}) over ({over})", used + 2)
    return Replaced(
        f"redshift.nth_known(array_agg({text(values[0])}) over ({over}), {offset}, {str(kind == 'last').lower()})",
        used + 2,
    )


CALLS: dict[str, Handler] = {
    "DATEADD": _part("date_add", 3), "DATE_ADD": _part("date_add", 3),
    "DATEDIFF": _part("date_diff", 3), "DATE_DIFF": _part("date_diff", 3),
    "DATE_PART": _part("date_part", 2), "PGDATE_PART": _part("date_part", 2),
    "EXTRACT": _extract,
    "NVL": _coalesce, "ISNULL": _coalesce, "NVL2": _nvl2, "DECODE": _decode, "CONVERT": _convert, "CAST": _cast,
    "CONCAT": _concat, "JSON_SERIALIZE": _json_serialize,
    "LISTAGG": _listagg, "MEDIAN": _median, "PERCENTILE_CONT": _percentile, "PERCENTILE_DISC": _percentile,
    "RATIO_TO_REPORT": _ratio,
    "LAG": _skipping_nulls, "LEAD": _skipping_nulls, "FIRST_VALUE": _skipping_nulls,
    "LAST_VALUE": _skipping_nulls, "NTH_VALUE": _skipping_nulls,
}  # fmt: skip


def replace_calls(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with every call replaced whose name is in CALLS; those inside their parentheses already are."""
    out: list[Node] = []
    index = 0
    while index < len(nodes):
        node = nodes[index]
        group = nodes[index + 1] if index + 1 < len(nodes) else None
        named = out[-1].upper == "." if out else False
        handler = None if named or group is None or group.kind != GROUP else CALLS.get(node.upper)
        replaced = handler(Call(node.upper, group, nodes[index + 2 :])) if handler and group else None
        if replaced is None:
            out.append(node)
            index += 1
        else:
            out.append(done(replaced.text, node))
            index += 2 + replaced.behind
    return out
