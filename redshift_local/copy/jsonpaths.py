"""Which value of a JSON record goes into which column: 'auto', 'auto ignorecase' or a jsonpaths file.

The rules: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-json-jsonpaths.
Does not belong here: how a value is converted (`convert`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from redshift_local.copy.convert import Row
from redshift_local.copy.objects import CopyError
from redshift_local.copy.records import Block, Source, parse_objects, parse_value, read_blocks
from redshift_local.copy.refusals import Refused


class Mapping(NamedTuple):
    """How the values of a record are found: in its parsed value, in the texts of many objects, or in its own text.

    `row` raises Refused. `rows` takes objects separated by white space; it raises ValueError if the text is anything
    else or a record is refused, and RecursionError for deep nesting. `texts` takes the text of a record that `row` has
    taken, and returns its values as they are written, without the white space between their parts.
    """

    row: Callable[[Any], Row]
    rows: Callable[[bytes], list[Row]]
    texts: Callable[[bytes], Row]

    def blocks(self, source: Source, offset: int = 0, line: int = 0) -> Iterator[Block]:
        """The records of `source` in blocks, from a position on."""
        return read_blocks(source, offset, line, parse=self.rows)


def mapping(option: str, columns: Sequence[str], read: Callable[[str], bytes]) -> Mapping:
    """The mapping for the names of `columns`; `option` is 'auto', 'auto ignorecase' or the URL of a jsonpaths file.

    `read` returns the content at a URL. Raises CopyError if that is not a jsonpaths file, or does not fit the columns.
    """
    if option == "auto":
        return _by_keys(columns)
    if option == "auto ignorecase":
        return _by_folded_keys(columns)
    paths = [_path(option, path) for path in _jsonpaths(option, read(option))]
    if len(paths) != len(columns):
        raise CopyError(f"{len(paths)} JSONPath expressions for {len(columns)} columns", option)
    if all(len(path) == 1 and isinstance(path[0], str) for path in paths):
        return _by_keys([str(path[0]) for path in paths])
    return _by_paths(paths)


def _array() -> Refused:
    return Refused(1216, "Invalid JSON: an array needs a jsonpaths file")


def _each(row: Callable[[Any], Row], texts: Callable[[bytes], Row]) -> Mapping:
    return Mapping(row, lambda text: list(map(row, parse_objects(text))), texts)


# --- values as they are written -----------------------------------------------------------------------------------

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_TOKENS = re.compile(r'("(?:[^"\\]|\\.)*")|(:)|\s+')


def _text(value: msgspec.Raw | None) -> str | None:
    """A value as COPY shows it (https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html):
    the numbers and strings of a nested one as they are written, with one blank after each colon.
    """
    if value is None:
        return None
    text = bytes(value).decode()
    return _TOKENS.sub(lambda found: found[1] or (found[2] and ": ") or "", text)


def _by_keys(keys: Sequence[str]) -> Mapping:
    """First-level keys, compared with their case."""

    def row(record: Any) -> Row:
        if not isinstance(record, dict):
            raise _array()
        return tuple(map(record.get, keys))

    def texts(record: bytes) -> Row:
        return tuple(map(_text, map(_members(record).get, keys)))

    names = {f"value_{number}": key for number, key in enumerate(keys)}
    fields = [(name, Any, None) for name in names]
    try:
        record = msgspec.defstruct("Record", fields, rename=names, forbid_unknown_fields=True, gc=False)
    except ValueError:  # a key for two columns, or one with a quote or a backslash
        return _each(row, texts)
    decode = msgspec.json.Decoder(record).decode_lines

    def rows(text: bytes) -> list[Row]:
        try:
            return list(map(msgspec.structs.astuple, decode(text)))
        except msgspec.ValidationError:  # a key that belongs to no column
            return list(map(row, parse_objects(text)))

    return Mapping(row, rows, texts)


def _by_folded_keys(keys: Sequence[str]) -> Mapping:
    """First-level keys, compared in lower case."""

    @lru_cache(maxsize=256)
    def written(present: tuple[str, ...]) -> list[str | None]:
        folded = {key.lower(): key for key in present}
        return [folded.get(key) for key in keys]

    def row(record: Any) -> Row:
        if not isinstance(record, dict):
            raise _array()
        return tuple(map(record.get, written(tuple(record))))

    def texts(record: bytes) -> Row:
        members = _members(record)
        return tuple(_text(members.get(key)) if key is not None else None for key in written(tuple(members)))

    return _each(row, texts)


def _by_paths(paths: Sequence[tuple[str | int, ...]]) -> Mapping:
    def row(record: Any) -> Row:
        return tuple(_follow(record, path) for path in paths)

    def texts(record: bytes) -> Row:
        return tuple(_text(_follow_text(msgspec.Raw(record), path)) for path in paths)

    return _each(row, texts)


def _follow(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path. A missing element of an object is NULL; a missing element of an array is an error."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                raise Refused(1216, "Invalid JSONPath format: Not an array or index out of range.")
            value = value[step]
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _follow_text(value: msgspec.Raw | None, path: tuple[str | int, ...]) -> msgspec.Raw | None:
    """The text of the value at a path that `_follow` has followed."""
    for step in path:
        if value is None:
            return None
        if isinstance(step, int):
            value = _elements(value)[step]
        else:
            value = _members(value).get(step) if bytes(value)[:1] == b"{" else None
    return value


def _jsonpaths(url: str, text: bytes) -> list[str]:
    """The expressions of the jsonpaths file at `url`."""
    try:
        content = parse_value(text)
    except ValueError as error:
        raise CopyError(f"the jsonpaths file is not one JSON object: {error}", url) from error
    if not isinstance(content, dict) or list(content) != ["jsonpaths"]:
        raise CopyError(
            "the jsonpaths file has to have the one key 'jsonpaths'; without it Redshift silently uses 'auto'",
            url,
        )
    paths = content["jsonpaths"]
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) and path for path in paths):
        raise CopyError("'jsonpaths' is not an array of non-empty strings", url)
    if len({"['" in path for path in paths if re.search(r"\.|\['", path)}) > 1:
        raise CopyError("the jsonpaths file mixes bracket and dot notation", url)
    return paths


_PATH = re.compile(r"\$(?:(?:\['[^']+'\]|\[[0-9]+\])+|(?:\.[^.\[\]'*]+(?:\[[0-9]+\])*|\[[0-9]+\])+)")
_STEP = re.compile(r"\['([^']+)'\]|\.([^.\[\]']+)|\[([0-9]+)\]")


def _path(url: str, expression: str) -> tuple[str | int, ...]:
    if not _PATH.fullmatch(expression):
        raise CopyError(f"{expression!r} is not a JSONPath expression that COPY supports", url)
    return tuple(
        int(index) if index else quoted or plain for quoted, plain, index in _STEP.findall(expression)
    )
