"""The grammar of UNLOAD: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html.

Belongs here: which options are understood or refused, and which go together. Does not belong here: carrying them out
(`run`), how their values are read (`redshift_local.copy.options`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from redshift_local.copy.decoding import Compression
from redshift_local.copy.options import Authorization, Options, identifier, string
from redshift_local.tokens import NotPortable, Token, closing, tokens

Format = Literal["text", "csv", "json", "parquet"]

_MB = 1 << 20
#: MAXFILESIZE is "between 5 MB and 6.2 GB", ROWGROUPSIZE "between 32 MB and 128 MB".
_SIZES = {"MAXFILESIZE": (5 * _MB, int(6.2 * 1024) * _MB), "ROWGROUPSIZE": (32 * _MB, 128 * _MB)}


@dataclass
class Command(Authorization):
    """An UNLOAD statement. `target` is the beginning of the files' names, and sizes are in bytes."""

    query: str = ""
    target: str = ""
    format: Format = "text"
    partition_by: list[str] = field(default_factory=list)
    include: bool = False
    manifest: bool = False
    verbose: bool = False
    header: bool = False
    delimiter: str = ""
    widths: Sequence[int] = ()
    compression: Compression | None = None
    add_quotes: bool = False
    null: str = ""
    escape: bool = False
    overwrite: bool = False
    clean_path: bool = False
    parallel: bool = True
    max_file_size: int = _SIZES["MAXFILESIZE"][1]
    row_group_size: int = _SIZES["ROWGROUPSIZE"][0]
    extension: str | None = None

    @property
    def separator(self) -> str:
        """The delimiter, or the one of the format if none is given."""
        return self.delimiter or ("," if self.format == "csv" else "|")


def parse(statement: str) -> Command:
    """Parse an UNLOAD statement whose parameters are bound. Raises NotPortable."""
    parts = tokens(statement)
    words = [part.kind if part.kind == "string" else part.upper for part in parts]
    if words[1:6] != ["(", "string", ")", "TO", "string"]:
        raise NotPortable("UNLOAD: ('select ...') TO 's3://...' (or, here, 'file:///...') expected")
    command = Command(query=string(parts[2]).strip().rstrip("; \n"), target=string(parts[5]))
    _check_query(tokens(command.query))
    options = Options("UNLOAD", parts[6:])
    given: set[str] = set()
    while options.left:
        option = options.word()
        if option == "FORMAT":
            options.maybe("AS")
            option = options.word()
            if option not in _FORMATS:
                raise NotPortable(f"UNLOAD: the local Redshift does not write FORMAT {option}")
        given.add(option)
        _read_option(command, options, option)
    _check(given)
    if command.partition_by and not command.target.endswith("/"):
        command.target += "/"
    return command


_FORMATS: dict[str, Format] = {"CSV": "csv", "JSON": "json", "PARQUET": "parquet"}
_COMPRESSIONS: dict[str, Compression] = {"GZIP": "gzip", "BZIP2": "bzip2", "ZSTD": "zstd"}
_FLAGS = {
    "HEADER": "header", "ADDQUOTES": "add_quotes", "ESCAPE": "escape", "ALLOWOVERWRITE": "overwrite",
    "CLEANPATH": "clean_path",
}  # fmt: skip
_APART = [
    {"CSV", "FIXEDWIDTH"}, {"DELIMITER", "FIXEDWIDTH"}, {"HEADER", "FIXEDWIDTH"}, {"ALLOWOVERWRITE", "CLEANPATH"},
    {"CSV", "ESCAPE"}, {"CSV", "ADDQUOTES"},
    *({"PARQUET", option} for option in
      ("DELIMITER", "FIXEDWIDTH", "ADDQUOTES", "ESCAPE", "NULL", "HEADER", "GZIP", "BZIP2", "ZSTD")),
    *({"JSON", option} for option in ("DELIMITER", "HEADER", "FIXEDWIDTH", "ADDQUOTES", "ESCAPE", "NULL")),
    *({one, other} for one in ("CSV", "JSON", "GZIP", "BZIP2") for other in _FORMATS.keys() | _COMPRESSIONS.keys()
      if one != other and (one in _FORMATS) == (other in _FORMATS)),
]  # fmt: skip


def _read_option(command: Command, options: Options, option: str) -> None:
    """Read one option with its value."""
    if option in _FLAGS:
        setattr(command, _FLAGS[option], True)
    elif option in _FORMATS:
        command.format = _FORMATS[option]
    elif option in _COMPRESSIONS:
        command.compression = _COMPRESSIONS[option]
    elif not command.read_authorization(option, options):
        _read_value(command, options, option)


def _read_value(command: Command, options: Options, option: str) -> None:
    match option:
        case "PARTITION" if options.maybe("BY") and options.left and options.left[0].text == "(":
            end = closing(options.left, 0)
            command.partition_by = [
                identifier(part) for part in options.left[1 : end - 1] if part.text != ","
            ]
            del options.left[:end]
            command.include = options.maybe("INCLUDE")
        case "MANIFEST":
            command.manifest = True
            command.verbose = options.maybe("VERBOSE")
        case "DELIMITER":
            command.delimiter = options.character(option)
        case "FIXEDWIDTH":
            command.widths = options.widths(option)
        case "NULL":
            command.null = options.string(option)
        case "PARALLEL":
            command.parallel = not options.maybe("OFF", "FALSE")
            options.maybe("ON", "TRUE")
        case "MAXFILESIZE":
            command.max_file_size = _size(options, option)
        case "ROWGROUPSIZE":
            command.row_group_size = _size(options, option)
        case "ENCRYPTED":  # by the bucket's own keys, so that whoever may read the files sees nothing of it
            options.maybe("AUTO")
        case "EXTENSION":
            command.extension = options.string(option)
        case _:
            raise NotPortable(f"UNLOAD: the local Redshift does not support the option {option}")


def _size(options: Options, option: str) -> int:
    """A size in MB or GB, in bytes. Raises NotPortable."""
    text = options.value()
    unit = 1024 * _MB if options.maybe("GB") else _MB
    options.maybe("MB")
    least, most = _SIZES[option]
    try:
        size = int(float(text) * unit)
    except ValueError:
        size = 0
    if not least <= size <= most:
        raise NotPortable(f"UNLOAD: {option} takes a size from {least // _MB} MB to {most // _MB} MB")
    return size


def _check(given: set[str]) -> None:
    """Raise NotPortable for options that Redshift does not combine."""
    for pair in _APART:
        if pair <= given:
            raise NotPortable(f"UNLOAD: {' and '.join(sorted(pair))} do not go together")


def _check_query(parts: Sequence[Token]) -> None:
    """Raise NotPortable for what is no query, and for one with an outer LIMIT, which Redshift refuses."""
    if not parts or parts[0].upper not in ("SELECT", "WITH", "("):
        raise NotPortable("UNLOAD takes a SELECT")
    depth = 0
    for part in parts:
        depth += {"(": 1, ")": -1}.get(part.text, 0)
        if part.text == ";":
            raise NotPortable("UNLOAD takes one SELECT")
        if depth == 0 and part.upper == "LIMIT":
            raise NotPortable(
                "UNLOAD: Limit clause is not supported; nest it: select * from (select ... limit 10)"
            )
