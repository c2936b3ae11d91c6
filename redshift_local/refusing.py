"""What Redshift refuses or lacks in a text of SQL, and where.

Belongs here: applying the rules of `portability` and `checks` to a statement. Does not belong here: the rules.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter

from redshift_local import checks, leader_node
from redshift_local.portability import Rule
from redshift_local.tokens import DOCUMENTATION, Token, statements, tokens


@dataclass(frozen=True)
class Refusal:
    """A position in a text where a rule applies; `line` counts from 1."""

    rule: Rule
    line: int
    text: str

    def __str__(self) -> str:
        """What is refused, where, and what to write instead, in one line."""
        lack = "is not in the local Redshift" if self.rule.absent else "is not portable to Redshift"
        return (
            f"{self.rule.construct} {lack} (line {self.line}: {self.text}); "
            f"instead: {self.rule.instead}. {DOCUMENTATION}{self.rule.page}.html"
        )


def refusals(sql: str) -> list[Refusal]:
    """Each rule that applies to a statement of `sql`, at its first match there, in the order of the text."""
    found = []
    for start, statement in statements(sql):
        parts = tokens(statement)
        words = _normal(parts)
        for rule, index in _broken(parts, words):
            offset = parts[index].start
            text = " ".join(statement[offset:].split())[:60]
            found.append((start + offset, Refusal(rule, 1 + sql.count("\n", 0, start + offset), text)))
        for body in _bodies(parts, words):
            found += ((start + body.start, refusal) for refusal in refusals(body.text.strip("$")))
    return [refusal for _, refusal in sorted(found, key=itemgetter(0))]


#: Statements whose options read the escapes of a string themselves, such as '\\t' and '\\N'.
_READ_ESCAPES = {"COPY", "UNLOAD"}


def _normal(parts: Sequence[Token]) -> list[str]:
    """The tokens of a statement as the rules see them."""
    escaped = "'s'" if parts[0].upper in _READ_ESCAPES else r"'\'"
    return [
        (escaped if "\\" in token.text and token.text[0] == "'" else "'s'")
        if token.kind == "string"
        else token.upper or "".join(token.text.split())
        for token in parts
    ]


def _bodies(parts: Sequence[Token], words: Sequence[str]) -> Iterator[Token]:
    """The queries of functions in SQL that a statement creates."""
    if words[0] == "CREATE" and "FUNCTION" in words[1:4] and "SQL" in words:
        yield from (token for token in parts if token.text[:1] == "$")


_LEADER: dict[str, Callable[[Sequence[Token]], bool]] = {
    "": lambda _: False,
    "any": leader_node.runs_alone,
    "catalog": leader_node.asks_catalog,
}


def _one_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{'|'.join(patterns)})(?!\S)")


_PATTERNS = [(rule, _one_of([rule.pattern])) for rule in checks.PATTERNS]

# Most statements match no pattern, which takes one search at their beginning and one through all of them.
_AT_BEGINNING = _one_of(rule.pattern[1:] for rule in checks.PATTERNS if rule.pattern[0] == "^")
_ANYWHERE = _one_of(rule.pattern for rule in checks.PATTERNS if rule.pattern[0] != "^")


def _broken(parts: Sequence[Token], words: Sequence[str]) -> Iterator[tuple[Rule, int]]:
    """The rules that a statement breaks, with the index of the token where it does: at each token those of one kind."""
    normal = " ".join(words)
    at: set[int] = set()
    if _AT_BEGINNING.match(normal) or _ANYWHERE.search(normal):
        begins = list(accumulate((len(word) + 1 for word in words), initial=0))
        for rule, pattern in _PATTERNS:
            if (match := pattern.search(normal)) and not _LEADER[rule.leader](parts):
                index = bisect_right(begins, match.start()) - 1
                at.add(index)
                yield rule, index
    yield from (found for found in checks.broken(words) if found[1] not in at)
