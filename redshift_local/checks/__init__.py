"""What is refused beyond the patterns of `portability`: by AWS's lists of words, and by rules with a memory.

Belongs here: the list of checks. Each is a function of a statement's normal form (its words, as `dialect.refusals`
makes them), which yields the rule that is broken and the word where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from redshift_local.checks import functions, names, statements, types
from redshift_local.checks.syntax import SYNTAX
from redshift_local.portability import REFUSED, Rule

Check = Callable[[Sequence[str]], Iterator[tuple[Rule, int]]]

CHECKS: tuple[Check, ...] = (
    names.reserved,
    names.long,
    functions.undocumented,
    types.undocumented,
    statements.command,
    statements.equijoin,
    statements.merge,
    statements.many_rows,
    statements.recursive,
    statements.function_arguments,
)

#: The rules that are patterns.
PATTERNS: tuple[Rule, ...] = (*REFUSED, *SYNTAX)

#: All rules, for the page of what is refused.
RULES: tuple[Rule, ...] = (
    *PATTERNS,
    names.RESERVED,
    names.LONG,
    functions.UNDOCUMENTED,
    types.UNDOCUMENTED,
    statements.COMMAND,
    statements.EQUIJOIN,
    statements.SELF_JOIN,
    statements.MERGE_CONDITION,
    statements.MERGE_ITSELF,
    statements.MANY_ROWS,
    statements.RECURSIVE,
    statements.ARGUMENTS,
)


def broken(words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """The rules that a statement breaks, each once, with the index of the first word where it does."""
    seen: set[Rule] = set()
    for check in CHECKS:
        for rule, index in check(words):
            if rule not in seen:
                seen.add(rule)
                yield rule, index
