"""The grammar of COPY ... FORMAT JSON: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html.

Belongs here: which options are understood, ignored or refused. Does not belong here: carrying them out (`load`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from redshift_local.copy.convert import Conversions
from redshift_local.tokens import NotPortable, Token, closing, tokens

#: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html#copy-maxerror
MAX_ERRORS = 100_000


@dataclass
class Command:
    """A COPY statement. `json` is 'auto', 'auto ignorecase' or the URL of a jsonpaths file.

    `iam_role` and `region` have no meaning for a local server; the endpoint checks them.
    """

    table: tuple[str, ...]
    columns: list[str]
    source: str
    json: str = ""
    manifest: bool = False
    gzip: bool = False
    max_errors: int = 1
    replacement: str | None = None
    iam_role: str | None = None
    region: str | None = None
    conversions: Conversions = field(default_factory=Conversions)


def parse(statement: str) -> Command:
    """Parse a COPY statement whose parameters are bound. Raises NotPortable for an option that is not supported."""
    parts = tokens(statement)
    table, at = _table(parts)
    columns: list[str] = []
    if parts[at].text == "(":
        end = closing(parts, at)
        columns = [_identifier(token) for token in parts[at + 1 : end - 1] if token.text != ","]
        at = end
    if parts[at].upper != "FROM" or at + 1 >= len(parts) or parts[at + 1].kind != "string":
        raise NotPortable("COPY: FROM 's3://...' (or, here, 'file:///...') expected")
    command = Command(table, columns, _string(parts[at + 1]))
    options = _Options(parts[at + 2 :])
    while options.left:
        _option(command, options, options.word())
    if not command.json:
        raise NotPortable("COPY: the local Redshift reads FORMAT JSON only")
    return command


_ROLE = "aws_iam_role="
_TIME_FORMATS = ("auto", "epochsecs", "epochmillisecs", Conversions.time_format)


class _Options:
    """The tokens after the source, read one by one."""

    def __init__(self, parts: Sequence[Token]) -> None:
        self.left = list(parts)

    def word(self) -> str:
        token = self.left.pop(0)
        if token.kind != "word":
            raise NotPortable(f"COPY: an option expected, not {token.text}")
        return token.upper

    def maybe(self, *words: str) -> bool:
        """Skip the next token if it is one of these."""
        found = bool(self.left) and self.left[0].upper in words
        if found:
            del self.left[0]
        return found

    def value(self) -> str:
        """The next token, after an optional AS; '' if there is none."""
        self.maybe("AS")
        return self.left.pop(0).text if self.left else ""

    def string(self, option: str, default: str | None = None) -> str:
        """The next string, after an optional AS. Raises NotPortable if there is none and no default."""
        self.maybe("AS")
        if self.left and self.left[0].kind == "string":
            return _string(self.left.pop(0))
        if default is None:
            raise NotPortable(f"COPY: {option} takes a string")
        return default


def _option(command: Command, options: _Options, option: str) -> None:
    """Read one option with its value."""
    match option:
        case "MANIFEST":
            command.manifest = True
        case "GZIP":
            command.gzip = True
        case "TRUNCATECOLUMNS":
            command.conversions.truncate_columns = True
        case "BLANKSASNULL":
            command.conversions.blanks_as_null = True
        case "EMPTYASNULL":
            command.conversions.empty_as_null = True
        case "COMPUPDATE" | "STATUPDATE":  # PostgreSQL has no column encodings
            options.maybe("ON", "OFF", "TRUE", "FALSE", *(["PRESET"] if option == "COMPUPDATE" else []))
        case "FORMAT" | "JSON":
            if option == "FORMAT" and options.value().upper() != "JSON":
                raise NotPortable("COPY: the local Redshift reads FORMAT JSON only")
            command.json = options.string(option, "auto")
        case "IAM_ROLE":
            command.iam_role = "default" if options.maybe("DEFAULT") else options.string(option)
        case "CREDENTIALS":
            role = options.string(option)
            if not role.startswith(_ROLE):
                raise NotPortable(
                    "COPY: CREDENTIALS takes 'aws_iam_role=...' here: keys do not belong in SQL"
                )
            command.iam_role = role.removeprefix(_ROLE)
        case "REGION":
            command.region = options.string(option)
        case "MAXERROR":
            number = options.value()
            if not number.isdigit() or int(number) > MAX_ERRORS:
                raise NotPortable(f"COPY: MAXERROR takes a number from 0 to {MAX_ERRORS}")
            command.max_errors = max(1, int(number))
        case "ENCODING":
            if options.value().strip("'").upper() != "UTF8":
                raise NotPortable("COPY: the local Redshift reads ENCODING UTF8 only")
        case "ACCEPTINVCHARS":
            command.replacement = options.string(option, "?")
            if not re.fullmatch(r'[ -~](?<!["\\])', command.replacement):
                raise NotPortable(
                    "COPY: ACCEPTINVCHARS takes one ASCII character, here neither a quote nor a backslash"
                )
        case "TIMEFORMAT":
            command.conversions.time_format = options.string(option)
            if command.conversions.time_format not in _TIME_FORMATS:
                raise NotPortable(
                    f"COPY: the local Redshift supports TIMEFORMAT {', '.join(_TIME_FORMATS)} only"
                )
        case _:
            raise NotPortable(f"COPY: the local Redshift does not support the option {option}")


def _table(parts: Sequence[Token]) -> tuple[tuple[str, ...], int]:
    """The table's name, with its schema, and where it ends."""
    at = 1
    while parts[at + 1 : at + 2] and parts[at + 1].text == ".":
        at += 2
    if at + 1 >= len(parts):
        raise NotPortable("COPY: a table and FROM expected")
    return tuple(_identifier(part) for part in parts[1 : at + 1 : 2]), at + 1


def _identifier(token: Token) -> str:
    return token.text[1:-1] if token.kind == "quoted" else token.text.lower()


def _string(token: Token) -> str:
    text = token.text
    if text[0] in "eE":
        return re.sub(r"\\(.)", r"\1", text[2:-1].replace("''", "'"))
    return text[1:-1].replace("''", "'")
