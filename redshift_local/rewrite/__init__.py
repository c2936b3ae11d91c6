"""Redshift's syntax that PostgreSQL does not have, or reads otherwise, as PostgreSQL's.

Belongs here: pure functions from a statement's text to another. Does not belong here: functions, operators and views
with other values (`sql/`, which the search path puts before PostgreSQL's), and what is refused (`portability`).

Only a statement with one of the words of `_TRIGGERS` is read at all; every other one keeps its text. Of one that is
read, everything that is not replaced keeps its text too, with its comments and parameters.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

from redshift_local.rewrite.aliases import candidates, inlined, may_have_aliases
from redshift_local.rewrite.calls import CALLS, replace_calls
from redshift_local.rewrite.casts import replace_casts
from redshift_local.rewrite.division import Answers, Decimal, Division, divides
from redshift_local.rewrite.pivots import replace_pivots
from redshift_local.rewrite.queries import replace_clauses
from redshift_local.rewrite.scopes import Question
from redshift_local.rewrite.statements import replace_statement
from redshift_local.rewrite.tree import GROUP, Node, done, nulled, parse, render, walk
from redshift_local.tokens import DOCUMENTATION, NotPortable

__all__ = [
    "DOMAIN",
    "LONG",
    "Question",
    "aliases",
    "asks",
    "questions",
    "rewrite",
    "with_aliases",
    "with_quotients",
    "without_parameters",
]

LONG = 4000  # characters, of a statement that is not kept

_WORDS = "SYSDATE APPROXIMATE QUALIFY TOP MINUS PIVOT UNPIVOT"
_STATEMENTS = (
    r"^\s*(?:delete\s+(?!from\b)|show\s+(?:tables|schemas|databases|columns)\b|create\s+materialized\b)|\#[a-z_]"
    r"|\bno\s+schema\s+binding\b|\bremove\s+duplicates\b|[\w$]{32}"
)
_TRIGGERS = re.compile(
    rf"\b(?:{'|'.join(sorted(CALLS))})\s*\(|\b(?:{'|'.join(_WORDS.split())})\b"
    r"|::\s*(?:n?varchar|character|national|decimal|numeric|datetime)\b|(?<![\w.$])\d+(?:\.\d*)?(?!e[-+]?\d)[a-z_]"
    r"|\b(?:where|and|or|not|on|having)\s+\d"
    rf"|{_STATEMENTS}",
    re.IGNORECASE,
)

#: The type of a string of so many bytes, which only a column needs: of a value, the length says enough.
DOMAIN = re.compile(r"::redshift\.varchar_(\d+)\b")
_CREATES = re.compile(r"create\b", re.IGNORECASE)


def asks(sql: str) -> bool:
    """Whether only the server knows how the statement has to be read: by the columns and types that it has."""
    return bool(aliases(sql)) or ("/" in sql and divides(parse(sql)))


def aliases(sql: str) -> frozenset[str]:
    """The names in a statement that may be aliases of a SELECT list, used in another expression of it."""
    return frozenset(candidates(parse(sql))) if may_have_aliases(sql) else frozenset()


def without_parameters(sql: str) -> str:
    """The statement with NULL for each parameter."""
    return render(nulled(parse(sql)))


def with_aliases(sql: str, names: Collection[str]) -> str:
    """The statement with those of its `aliases` inlined that are no columns."""
    return render(inlined(parse(sql), names))


def questions(sql: str, answers: Answers) -> AbstractSet[Question]:
    """What has to be known of types, beyond the answers, before the statement can divide decimals."""
    return _divided(sql, answers)[0]


def with_quotients(sql: str, answers: Answers) -> str:
    """The statement with its divisions of decimals. Raises NotPortable for one whose types nobody knows."""
    return _divided(sql, answers)[1]


def _divided(sql: str, answers: Answers) -> tuple[AbstractSet[Question], str]:
    divide = _with_quotients if len(sql) < LONG else _with_quotients.__wrapped__
    return divide(sql, frozenset(answers.items()))


@lru_cache(maxsize=1024)
def _with_quotients(
    sql: str, answers: AbstractSet[tuple[Question, Decimal | None]]
) -> tuple[AbstractSet[Question], str]:
    if "/" not in sql or not divides(nodes := parse(sql)):
        return frozenset(), sql
    division = Division(dict(answers))
    written = render(division.rewritten(nodes))
    return frozenset(division.questions), written


def rewrite(sql: str) -> str:
    """One statement, with psycopg2's or the protocol's parameters, as PostgreSQL has to read it."""
    if not _TRIGGERS.search(sql):
        return sql
    nodes = parse(sql)
    _check_names(nodes)
    written = render(_level(replace_statement(nodes)))
    return written if _CREATES.match(sql) else DOMAIN.sub(r"::varchar(\1)", written)


_LONGEST_NAME = 63  # bytes; Redshift's have 127: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html


def _check_names(nodes: Sequence[Node]) -> None:
    """Raise NotPortable for a name that PostgreSQL would cut without an error."""
    for node in walk(nodes):
        if len(node.name) > _LONGEST_NAME // 4 and len(node.name.encode()) > _LONGEST_NAME:
            raise NotPortable(
                f"a name of more than {_LONGEST_NAME} bytes: not in the local Redshift, where two of them could be one;"
                f" instead: a shorter one ({node.name}). {DOCUMENTATION}r_names.html"
            )


def _level(nodes: Sequence[Node]) -> list[Node]:
    """The nodes of one level, those in parentheses first."""
    inside = [
        Node(GROUP, "", node.gap, _level(node.children), node.inner_gap) if node.kind == GROUP else node
        for node in nodes
    ]
    return replace_clauses(replace_pivots(replace_casts(replace_calls(_replace_words(inside)))))


#: What an integer may stand for a condition between: before 8.1, PostgreSQL took 1 for true.
_BEFORE_CONDITION = frozenset("WHERE AND OR NOT ON HAVING QUALIFY".split())
_BEHIND_CONDITION = frozenset(
    "AND OR THEN GROUP ORDER HAVING QUALIFY LIMIT UNION EXCEPT INTERSECT MINUS WHERE LEFT RIGHT FULL INNER JOIN".split()
)


def _replace_words(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with SYSDATE as a call, without APPROXIMATE, with a blank behind every number, and 1 as a condition."""
    out: list[Node] = []
    between = 0  # ANDs that belong to BETWEEN
    for index, node in enumerate(nodes):
        following = nodes[index + 1] if index + 1 < len(nodes) else None
        behind = following.upper if following else ""
        before = nodes[index - 1].upper if index else ""
        ranged = before == "AND" and between > 0
        between += (node.upper == "BETWEEN") - ranged
        if node.upper == "SYSDATE" and before not in (".", "AS") and behind != ".":
            out.append(done("redshift.sysdate()", node))
        elif node.upper == "APPROXIMATE" and behind in ("COUNT", "PERCENTILE_DISC"):
            continue
        elif node.kind == "word" and not node.gap and index and nodes[index - 1].kind == "number":
            out.append(Node(node.kind, node.text, " "))
        elif (
            node.kind == "number"
            and before in _BEFORE_CONDITION
            and not ranged
            and (following is None or behind in _BEHIND_CONDITION)
        ):
            out.append(done(f"({node.text} <> 0)", node))
        else:
            out.append(node)
    return out
