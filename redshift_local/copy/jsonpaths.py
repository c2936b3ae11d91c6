"""Which value of a JSON record goes into which column: 'auto', 'auto ignorecase' or a jsonpaths file.

The rules: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-json-jsonpaths.
Does not belong here: how a value is converted (`convert`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from redshift_local.copy.convert import Refused, Row
from redshift_local.copy.objects import CopyError
from redshift_local.copy.records import parse_objects, parse_value


class Mapping(NamedTuple):
    """How the values of a record are found: in its parsed value, or in the texts of many objects.

    `row` raises Refused. `rows` takes objects separated by white space; it raises ValueError if the text is anything
    else or a record is refused, and RecursionError for deep nesting.
    """

    row: Callable[[Any], Row]
    rows: Callable[[bytes], list[Row]]


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


def _each(row: Callable[[Any], Row]) -> Mapping:
    return Mapping(row, lambda text: list(map(row, parse_objects(text))))


def _by_keys(keys: Sequence[str]) -> Mapping:
    """First-level keys, compared with their case."""

    def row(record: Any) -> Row:
        if not isinstance(record, dict):
            raise _array()
        return tuple(map(record.get, keys))

    names = {f"value_{number}": key for number, key in enumerate(keys)}
    fields = [(name, Any, None) for name in names]
    try:
        record = msgspec.defstruct("Record", fields, rename=names, forbid_unknown_fields=True, gc=False)
    except ValueError:  # a key for two columns, or one with a quote or a backslash
        return _each(row)
    decode = msgspec.json.Decoder(record).decode_lines

    def rows(text: bytes) -> list[Row]:
        try:
            return list(map(msgspec.structs.astuple, decode(text)))
        except msgspec.ValidationError:  # a key that belongs to no column
            return list(map(row, parse_objects(text)))

    return Mapping(row, rows)


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

    return _each(row)


def _by_paths(paths: Sequence[tuple[str | int, ...]]) -> Mapping:
    def row(record: Any) -> Row:
        return tuple(_follow(record, path) for path in paths)

    return _each(row)


def _follow(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path. A missing element of an object is NULL; a missing element of an array is an error."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                raise Refused(1216, "Invalid JSONPath format: Not an array or index out of range.")
            value = value[step]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
        if value is None:
            return None
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
