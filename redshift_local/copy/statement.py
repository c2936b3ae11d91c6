"""The grammar of COPY: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html.

Belongs here: which options are understood, ignored or refused, and which go together. Does not belong here: carrying
them out (`load`), reading a statement's tokens (`options`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from redshift_local.copy import moments
from redshift_local.copy.convert import Conversions
from redshift_local.copy.decoding import Compression
from redshift_local.copy.delimited import Layout
from redshift_local.copy.options import Authorization, Options, identifier, string
from redshift_local.tokens import NotPortable, Token, closing, tokens

#: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html#copy-maxerror
MAX_ERRORS = 100_000


@dataclass
class Command(Authorization):
    """A COPY statement.

    `json` is 'auto', 'auto ignorecase' or the URL of a jsonpaths file, and '' for another format: that of `layout`, or
    Parquet. `header` is the number of lines that are not read. The authorization has a meaning for emulators of AWS
    only, and for the endpoint, which checks it.
    """

    table: tuple[str, ...] = ()
    columns: list[str] = field(default_factory=list)
    source: str = ""
    json: str = ""
    layout: Layout | None = None
    parquet: bool = False
    manifest: bool = False
    compression: Compression | None = None
    encoding: str = "utf-8"
    header: int = 0
    max_errors: int = 1
    no_load: bool = False
    explicit_ids: bool = False
    fill_record: bool = False
    replacement: str | None = None
    conversions: Conversions = field(default_factory=Conversions)

    @property
    def file_format(self) -> str:
        """The format as SYS_LOAD_HISTORY names it (https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_HISTORY.html)."""
        if self.layout:
            return "csv" if self.layout.csv else "txt"
        return "parquet" if self.parquet else "json"


def parse(statement: str) -> Command:
    """Parse a COPY statement whose parameters are bound. Raises NotPortable for an option that is not supported."""
    parts = tokens(statement)
    table, at = _table(parts)
    columns: list[str] = []
    if parts[at].text == "(":
        end = closing(parts, at)
        columns = [identifier(token) for token in parts[at + 1 : end - 1] if token.text != ","]
        at = end
    if parts[at].upper != "FROM" or at + 1 >= len(parts) or parts[at + 1].kind != "string":
        raise NotPortable("COPY: FROM 's3://...' (or, here, 'file:///...') expected")
    reader = _Reader(Command(table=table, columns=columns, source=string(parts[at + 1])), parts[at + 2 :])
    return reader.read()


#: What FORMAT JSON does not go with: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-json
_OF_TEXT_FILES = {
    "CSV", "QUOTE", "DELIMITER", "FIXEDWIDTH", "ESCAPE", "REMOVEQUOTES", "FILLRECORD", "IGNOREBLANKLINES", "NULL",
}  # fmt: skip
#: What FORMAT PARQUET goes with: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
_OF_COLUMNAR_FILES = {
    "PARQUET", "FILLRECORD", "IAM_ROLE", "CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY",
    "SESSION_TOKEN", "STATUPDATE", "COMPUPDATE", "MANIFEST", "EXPLICIT_IDS", "REGION",
}  # fmt: skip
_APART = [{"CSV", "FIXEDWIDTH"}, {"CSV", "REMOVEQUOTES"}, {"CSV", "ESCAPE"}, {"DELIMITER", "FIXEDWIDTH"},
          {"ESCAPE", "FIXEDWIDTH"}, {"MAXERROR", "IGNOREALLERRORS"}, {"GZIP", "BZIP2"}, {"GZIP", "ZSTD"},
          {"BZIP2", "ZSTD"}]  # fmt: skip
_FORMATS = {"CSV", "JSON", "PARQUET"}
_ENCODINGS = {"UTF8": "utf-8", "UTF16": "utf-16", "UTF16LE": "utf-16-le", "UTF16BE": "utf-16-be"}
_COMPRESSIONS: dict[str, Compression] = {"GZIP": "gzip", "BZIP2": "bzip2", "ZSTD": "zstd"}
#: Options that are a word alone, and the attribute of the command, its layout or its conversions that they set.
_FLAGS = {
    "MANIFEST": "manifest", "NOLOAD": "no_load", "EXPLICIT_IDS": "explicit_ids",
}  # fmt: skip
_LAYOUT_FLAGS = {
    "CSV": "csv", "ESCAPE": "escape", "REMOVEQUOTES": "remove_quotes", "FILLRECORD": "fill_record",
    "IGNOREBLANKLINES": "ignore_blank_lines",
}  # fmt: skip
_CONVERSION_FLAGS = {
    "TRUNCATECOLUMNS": "truncate_columns", "BLANKSASNULL": "blanks_as_null", "EMPTYASNULL": "empty_as_null",
    "TRIMBLANKS": "trim_blanks", "ROUNDEC": "round_decimals", "ACCEPTANYDATE": "accept_any_date",
}  # fmt: skip


class _Reader:
    """Reads the options of a COPY."""

    def __init__(self, command: Command, parts: Sequence[Token]) -> None:
        self._command = command
        self._layout = Layout()
        self._options = Options("COPY", parts)
        self._given: set[str] = set()

    def read(self) -> Command:
        """The command with its options. Raises NotPortable."""
        options = self._options
        while options.left:
            option = options.word()
            if option in ("FORMAT", "WITH"):
                options.maybe("AS")
                option = options.word()
                if option not in (_FORMATS if option != "CREDENTIALS" else {"CREDENTIALS"}):
                    raise NotPortable(f"COPY: the local Redshift does not read FORMAT {option}")
            self._given.add(option)
            self._read_option(option)
        self._check()
        if not self._command.json and not self._command.parquet:
            self._command.layout = self._layout
        self._command.fill_record = self._layout.fill_record
        return self._command

    def _read_option(self, option: str) -> None:
        command, options = self._command, self._options
        if option in _FLAGS:
            setattr(command, _FLAGS[option], True)
        elif option in _LAYOUT_FLAGS:
            setattr(self._layout, _LAYOUT_FLAGS[option], True)
        elif option in _CONVERSION_FLAGS:
            setattr(command.conversions, _CONVERSION_FLAGS[option], True)
        elif option in _COMPRESSIONS:
            command.compression = _COMPRESSIONS[option]
        elif not (command.read_authorization(option, options) or self._read_format(option)):
            self._read_value(option)

    def _read_format(self, option: str) -> bool:
        """Read an option of the format with its value; whether it is one."""
        command, options, layout = self._command, self._options, self._layout
        match option:
            case "JSON":
                command.json = options.string(option, "auto")
                if command.json == "noshred":
                    raise NotPortable(
                        "COPY: JSON 'noshred' fills a SUPER column, which is not supported here"
                    )
            case "PARQUET":
                command.parquet = True
            case "QUOTE":
                layout.quote = options.character(option)
            case "DELIMITER":
                layout.delimiter = options.character(option)
            case "NULL":
                layout.null = options.string(option)
                if layout.null in ("\\0", "\\000"):
                    raise NotPortable("COPY: the local Redshift does not read NULL AS '\\0'")
            case "FIXEDWIDTH":
                layout.widths = options.widths(option)
            case "ENCODING":
                encoding = options.value().strip("'").upper()
                if encoding not in _ENCODINGS:
                    raise NotPortable(f"COPY: ENCODING takes {', '.join(_ENCODINGS)}")
                command.encoding = _ENCODINGS[encoding]
            case "IGNOREHEADER":
                command.header = options.number(option)
            case _:
                return False
        return True

    def _read_value(self, option: str) -> None:
        """Read any other option with its value. Raises NotPortable for one that is not supported."""
        command, options, conversions = self._command, self._options, self._command.conversions
        match option:
            case "COMPUPDATE" | "STATUPDATE":  # PostgreSQL has no column encodings
                options.maybe("ON", "OFF", "TRUE", "FALSE", *(["PRESET"] if option == "COMPUPDATE" else []))
            case "COMPROWS":
                options.number(option)
            case "MAXERROR":
                command.max_errors = max(1, options.number(option, MAX_ERRORS))
                if command.max_errors == 1:
                    self._given.discard(option)
            case "IGNOREALLERRORS":
                command.max_errors = sys.maxsize
            case "ACCEPTINVCHARS":
                command.replacement = options.string(option, "?")
                if not re.fullmatch(r'[ -~](?<!["\\])', command.replacement):
                    raise NotPortable(
                        "COPY: ACCEPTINVCHARS takes one ASCII character, here neither a quote nor a backslash"
                    )
            case "DATEFORMAT":
                conversions.date_format = self._format_string(option, ("auto",))
            case "TIMEFORMAT":
                conversions.time_format = self._format_string(option, ("auto", "epochsecs", "epochmillisecs"))
            case _:
                raise NotPortable(f"COPY: the local Redshift does not support the option {option}")

    def _format_string(self, option: str, keywords: Sequence[str]) -> str:
        text = self._options.string(option)
        if text not in keywords and (text.lower() in moments.KEYWORDS or not moments.is_format(text)):
            raise NotPortable(
                f"COPY: {option} takes {', '.join(map(repr, keywords))} or a format of YYYY, YY, MM, MON, DD, HH, HH12,"
                f" HH24, MI, SS, AM, PM and separators, not {text!r}"
            )
        return text

    def _check(self) -> None:
        """Raise NotPortable for options that Redshift does not combine."""
        given = self._given
        if "JSON" in given and (wrong := given & _OF_TEXT_FILES):
            raise NotPortable(f"COPY: FORMAT JSON does not go with {', '.join(sorted(wrong))}")
        if "PARQUET" in given and (wrong := given - _OF_COLUMNAR_FILES):
            raise NotPortable(f"COPY: FORMAT PARQUET does not go with {', '.join(sorted(wrong))}")
        if "QUOTE" in given and "CSV" not in given:
            raise NotPortable("COPY: QUOTE goes with CSV only")
        for pair in _APART:
            if pair <= given:
                raise NotPortable(f"COPY: {' and '.join(sorted(pair))} do not go together")


def _table(parts: Sequence[Token]) -> tuple[tuple[str, ...], int]:
    """The table's name, with its schema, and where it ends."""
    at = 1
    while parts[at + 1 : at + 2] and parts[at + 1].text == ".":
        at += 2
    if at + 1 >= len(parts):
        raise NotPortable("COPY: a table and FROM expected")
    return tuple(identifier(part) for part in parts[1 : at + 1 : 2]), at + 1
