"""Statements of which PostgreSQL runs more forms than Redshift.

Belongs here: rules that a pattern of words cannot express. Does not belong here: those that one can (`portability`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redshift_local.checks import scope
from redshift_local.portability import Rule
from redshift_local.tokens import closing_or_end
from redshift_local.vocabulary import POSTGRESQL_COMMANDS, POSTGRESQL_OBJECTS, TYPES, commands

COMMAND = Rule("command that AWS does not document", "", "the commands of AWS's list", "c_SQL_commands")
EQUIJOIN = Rule(
    'UPDATE ... FROM without an equijoin ("Target table must be part of an equijoin predicate")',
    "",
    "where t.a = s.a, or a subquery in WHERE",
    "r_UPDATE",
)
SELF_JOIN = Rule(
    "UPDATE whose FROM names the updated table again",
    "",
    "a subquery in WHERE",
    "c_Examples_of_UPDATE_statements",
    absent=True,
)
MERGE_CONDITION = Rule("MERGE on other than equal columns", "", "on t.a = s.a and t.b = s.b", "r_MERGE")
MERGE_ITSELF = Rule("MERGE of a table into itself", "", "a temporary table as the source", "r_MERGE")
MANY_ROWS = Rule(
    'subquery in VALUES of several rows ("can\'t use subqueries in multi-row VALUES")',
    "",
    "insert into t select ... union all select ...",
    "r_INSERT_30",
)
RECURSIVE = Rule(
    "WITH RECURSIVE without a column list, without UNION ALL, or in a subquery",
    "",
    "with recursive t (columns) as (select ... union all select ...) at the beginning",
    "r_WITH_clause",
)

ARGUMENTS = Rule(
    "function with names, modes or defaults of its arguments",
    "",
    "types only; $1, $2 in the body",
    "r_CREATE_FUNCTION",
)

#: The comparisons that are no equality.
_UNEQUAL = {"<", ">", "<=", ">=", "<>", "!=", "OR", "LIKE", "ILIKE", "BETWEEN", "IN", "~", "!~", "IS", "NOT"}


def command(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """A statement that begins with a command of PostgreSQL that is not in AWS's list. A word that begins none is left
    to PostgreSQL, which names it in its syntax error.
    """
    first = words[0]
    if first in commands() or first in ("WITH", "START", "SHOW") or first not in POSTGRESQL_COMMANDS:
        return
    rest = [word for word in words[1:] if word not in _BEFORE_KIND]
    if first in ("CREATE", "ALTER", "DROP") and POSTGRESQL_OBJECTS.isdisjoint(rest[:1]):
        return
    if not any(name == " ".join([first, *rest[: name.count(" ")]]) for name in _of_two(first)):
        yield COMMAND, 0


_BEFORE_KIND = {"OR", "REPLACE", "TEMP", "TEMPORARY", "LOCAL"}


def _of_two(first: str) -> list[str]:
    return [name for name in commands() if name.startswith(f"{first} ")]


def equijoin(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """UPDATE t ... FROM s whose condition equates no column of t with one of s, or whose FROM joins from outside."""
    start = next((i for i, word in enumerate(words) if word == "UPDATE" and _depth(words[:i]) == 0), None)
    if start is None or words[0] not in ("UPDATE", "WITH", "EXPLAIN", "PREPARE"):
        return
    outer = [index for index in range(start, len(words)) if _depth(words[start:index]) == 0]
    begins = next((index for index in outer if words[index] == "FROM"), None)
    if begins is None:
        return
    where = next((index for index in outer if words[index] == "WHERE"), len(words))
    joins = {words[index] for index in outer if begins < index < where}
    target = _names(words, start + 1)
    if joins.isdisjoint(("LEFT", "RIGHT", "FULL")) and _equates(words[where:], target):
        return
    again = words[start + 1] in scope.tables(words[begins:where]) and joins.isdisjoint(
        ("LEFT", "RIGHT", "FULL")
    )
    yield SELF_JOIN if again else EQUIJOIN, begins


def _names(words: Sequence[str], index: int) -> set[str]:
    """What the table at `index` can be called in its statement: by its name without schema, or by its alias."""
    while words[index + 1 : index + 2] == ["."]:
        index += 2
    following = (
        words[index + 1 + (words[index + 1 : index + 2] == ["AS"])] if index + 2 < len(words) else "SET"
    )
    return {words[index]} if following == "SET" else {following}


def _equates(words: Sequence[str], target: set[str]) -> bool:
    """Whether a condition has an equality with a column of the target on one side and another table's on the other.

    A column without its table's name may be of either.
    """
    for index, word in enumerate(words):
        if word != "=":
            continue
        left, right = _side(words[:index], last=True), _side(words[index + 1 :], last=False)
        if left and right and (left != right or left == {""}) and (left | right) & (target | {""}):
            return True
    return False


def _side(words: Sequence[str], *, last: bool) -> set[str]:
    """The tables of the columns in the operand at the end, or the beginning, of `words`; '' for one without table."""
    ends = {"AND", "OR", "WHERE", "ON", "NOT", "=", "<", ">", "<=", ">=", "<>", "!="}
    span: list[str] = []
    for word in reversed(words) if last else words:
        if word in ends:
            break
        span.append(word)
    if last:
        span.reverse()
    found = set()
    for index, word in enumerate(span):
        after = span[index + 1 : index + 2]
        if not (word[0].isalpha() or word[0] in '_"') or after == ["("]:
            continue
        if after == ["."]:
            found.add(word)
        elif not index or span[index - 1] != ".":
            found.add("")
    return found


def merge(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """MERGE on a condition that is no equality, or of a table into itself."""
    if words[0] != "MERGE" or "USING" not in words or "ON" not in words:
        return
    using = words.index("USING")
    on = next((i for i in range(using, len(words)) if words[i] == "ON" and _depth(words[using:i]) == 0), None)
    when = words.index("WHEN") if "WHEN" in words else len(words)
    if on is None:
        return
    if words[2:using] == words[using + 1 : on] or [*words[2:using], "AS"] == words[using + 1 : on - 1]:
        yield MERGE_ITSELF, using
    if "=" not in words[on:when] or not _UNEQUAL.isdisjoint(words[on:when]):
        yield MERGE_CONDITION, on


def _depth(words: Sequence[str]) -> int:
    return words.count("(") - words.count(")")


def many_rows(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """INSERT ... VALUES (...), (...) with a subquery."""
    if words[0] != "INSERT" or "VALUES" not in words or "SELECT" not in words:
        return
    values = words.index("VALUES")
    first = closing_or_end(words, values + 1)
    if words[first : first + 1] == [","] and "SELECT" in words[values:]:
        yield MANY_ROWS, values


def recursive(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """WITH RECURSIVE in other forms than that of r_WITH_clause."""
    if "RECURSIVE" not in words:
        return
    for start, word in enumerate(words):
        if word != "WITH" or words[start + 1 : start + 2] != ["RECURSIVE"]:
            continue
        if start and _depth(words[:start]) > 0 and words[0] not in ("DECLARE", "PREPARE"):
            yield RECURSIVE, start
        index = start + 2
        while index < len(words):
            name, opening = index, index + 1
            listed = words[opening] == "(" if opening < len(words) else False
            body = (closing_or_end(words, opening) if listed else opening) + 1
            end = closing_or_end(words, body)
            inside = words[body:end]
            if words[name] in inside and not (listed and _unites_all(inside)):
                yield RECURSIVE, name
            if words[end : end + 1] != [","]:
                break
            index = end + 1


def _unites_all(body: Sequence[str]) -> bool:
    unions = [index for index, word in enumerate(body) if word == "UNION"]
    return bool(unions) and all(body[index + 1] == "ALL" for index in unions)


def function_arguments(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """CREATE FUNCTION ... LANGUAGE SQL whose arguments are more than their types."""
    if words[0] != "CREATE" or "FUNCTION" not in words[1:4] or "EXTERNAL" in words or "PLPYTHONU" in words:
        return
    opening = words.index("(") if "(" in words else len(words)
    for argument in scope.arguments(words, opening):
        rest = argument[1:2]
        if argument[0] not in TYPES or (
            rest and rest[0] not in ("(", "PRECISION", "VARYING", "WITH", "WITHOUT")
        ):
            yield ARGUMENTS, opening
