"""SQL text as tokens and statements, and the error for what is not portable.

Belongs here: what every reader of SQL in this package needs. Does not belong here: what a statement means (`dialect`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import psycopg2

DOCUMENTATION = "https://docs.aws.amazon.com/redshift/latest/dg/"


class NotPortable(psycopg2.ProgrammingError):
    """A statement that Redshift does not run, or that would not mean the same on Redshift and PostgreSQL."""


class NotHere(NotPortable):
    """A statement that Redshift runs, and the local Redshift does not."""


_TOKEN = re.compile(
    r"""
    (?P<blank> \s+ | --[^\n]* | /\*.*?\*/ )
  | (?P<string> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | (?P<tag>\$\w*\$).*?(?P=tag) )
  | (?P<quoted> "(?:[^"]|"")*" )
  | (?P<parameter> %\(\w+\)s | %s | \$\d+ )
  | (?P<word> \#?[^\W\d][\w$]* )
  | (?P<number> 0[xXoObB]\w+ | \d+(?:_\d+)+ | \d+(?:\.\d*)?(?:[eE][-+]?\d+)? | \.\d+ )
  | (?P<operator> :: | %% | (?:(?!--|/\*)[-+*/<>=~!@\#%^&|?])+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL: its kind (a group of _TOKEN), its text, where it begins and ends."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """The token as a keyword or operator; '' for a quoted identifier or a string."""
        return self.text.upper() if self.kind == "word" else self.text if self.kind == "operator" else ""


def tokens(sql: str) -> list[Token]:
    """The tokens of `sql` without blanks and comments."""
    return [
        Token(kind, match.group(), match.start(), match.end())
        for match in _TOKEN.finditer(sql)
        if (kind := _kind(match)) != "blank"
    ]


def _kind(match: re.Match[str]) -> str:
    return "string" if match.lastgroup == "tag" else match.lastgroup or "operator"


def split(sql: str) -> list[str]:
    """The statements of `sql` without their semicolons; empty ones are left out."""
    return [statement for _, statement in statements(sql)]


def statements(sql: str) -> Iterator[tuple[int, str]]:
    """Each statement of `sql` from its first token to its last, with its offset."""
    run: list[Token] = []
    for token in (*tokens(sql), Token("operator", ";", len(sql), len(sql))):
        if token.text != ";":
            run.append(token)
        elif run:
            yield run[0].start, sql[run[0].start : run[-1].end]
            run = []


def is_whole(sql: str) -> bool:
    """Whether `sql` ends with the semicolon of a statement, and not within a string, a name or a comment."""
    found = tokens(sql)
    within = any(
        token.text in ("'", '"', "$") or (token.text == "/" and sql.startswith("*", token.end))
        for token in found
    )
    return bool(found) and found[-1].text == ";" and not within


def closing(found: Sequence[Token], opening: int) -> int:
    """The index after the parenthesis that closes the one at `opening`. Raises NotPortable if none does."""
    if length := _enclosed(found[index].text for index in range(opening, len(found))):
        return opening + length
    raise NotPortable("a parenthesis is not closed")


def closing_or_end(words: Sequence[str], opening: int) -> int:
    """The index after the parenthesis that closes the one at `opening`; the end if none does."""
    length = _enclosed(words[index] for index in range(opening, len(words)))
    return opening + length if length else len(words)


def _enclosed(texts: Iterable[str]) -> int:
    """How many of the texts it takes to close the parenthesis that the first one opens; 0 if none closes it."""
    depth = 0
    for length, text in enumerate(texts, 1):
        depth += {"(": 1, ")": -1}.get(text, 0)
        if depth == 0:
            return length
    return 0
