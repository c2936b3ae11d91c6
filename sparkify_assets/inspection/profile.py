"""Profiles of the source files, field by field: counts, types, values, oddities, and what has changed since the
previous profile.

Belongs here: what a profile holds, how it is made from the records as COPY reads them, kept, and compared with another.
Does not: loading, how a profile is displayed (`report`), or what counts as odd (`sql/profile`). DuckDB runs those
statements: it aggregates a million records of eighteen fields three times as fast as Python, in flat memory. Its
SUMMARIZE is no substitute, since it estimates how many values are distinct and does not keep JSON's types apart.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from redshift_local import Block, parse_value, read_blocks
from sparkify_assets.load.quarantine import what_is_no_object
from sparkify_assets.model import queries
from sparkify_assets.model.datasets import EVENTS_FOLDER, SONGS_FOLDER, Dataset, partition_of
from sparkify_assets.model.fields import expected_fields
from sparkify_assets.settings import Settings
from sparkify_assets.source.content import Unreadable, text_of
from sparkify_assets.source.sampling import as_written
from sparkify_assets.source.store import ObjectStore, SourceError, SourceObject

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: How much of the source is read and counted at a time, in bytes as stored.
CHUNK_BYTES = 64 * 1024 * 1024

#: How many unexpected fields are counted at most, in case data is used as the names of fields.
MAX_UNKNOWN = 50

#: How deeply a value may be nested to be counted.
MAX_NESTED = 100

#: A share of a field's records has moved when it differs by so many of a hundred.
MOVED_PERCENT = 5.0

#: The most frequent values are compared where a field has at most so many values; so many of them are kept.
MAX_COMPARED = 20
MAX_TOP = 5

#: A field that names its record by itself; of an event, session and position do it together.
_KEYS: Mapping[Dataset, str | None] = {"events": None, "songs": "song_id"}
_FOLDERS: Mapping[Dataset, str] = {"events": EVENTS_FOLDER, "songs": SONGS_FOLDER}

#: Nothing is fetched while it runs: what the wheel brings is enough.
_DUCKDB = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "512MB",
    "preserve_insertion_order": "false",
}


@dataclass(frozen=True)
class Field:
    """One field of the records.

    `present` counts the records that have it, `filled` those where it is not null. `width` is the width in bytes of its
    column where that is text. `top` holds the most frequent values with their number of records, `histogram` the
    numbers of records in twelve equal steps from `least` to `greatest`. The empty string is counted in `empty` alone:
    `distinct`, `least`, `greatest` and `top` are about the other values. Values are compared as their column holds
    them: in a column of numbers 39, 39.0 and "39" are one value, in a column of text 39 and "39".
    """

    name: str
    expected: bool
    width: int | None
    present: int
    filled: int
    empty: int
    distinct: int
    least: str | None
    greatest: str | None
    longest_bytes: int | None
    types: Mapping[str, int]
    top: Sequence[tuple[str, int]]
    histogram: Sequence[int]


@dataclass(frozen=True)
class Oddity:
    """What a rule found in one field, or by comparing records."""

    rule: str
    field: str | None
    records: int
    examples: Sequence[str]


@dataclass(frozen=True)
class Profile:
    """What the files of a data set hold.

    `unknown` names the unexpected fields, each with its first value and where that was found. `faults` counts what is
    not a record.
    """

    dataset: str
    made_at: str
    seconds: float
    objects: int
    bytes: int
    records: int
    faults: int
    fields: Sequence[Field]
    unknown: Mapping[str, str]
    oddities: Sequence[Oddity]
    drift: Sequence[str] | None = (
        None  # what has changed since the previous profile, None where there is none
    )

    @property
    def missing(self) -> list[str]:
        """Expected fields that no record has."""
        return [item.name for item in self.fields if item.expected and self.records and not item.present]


#: A profile as JSON.
_JSON = TypeAdapter(Profile)


def profile_path(settings: Settings, dataset: Dataset) -> Path:
    """Where the latest profile of a data set is kept.

    It is kept in the state directory and not in the warehouse, because it is about files that may never be loaded, only
    the latest is needed, and it can be made again from the source at any time. Dagster keeps the figures of the earlier
    ones.
    """
    return settings.home / "profiles" / f"{dataset}.json"


def last_profile(settings: Settings, dataset: Dataset) -> Profile | None:
    """The latest profile, or None."""
    try:
        return _JSON.validate_json(profile_path(settings, dataset).read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def make_profile(settings: Settings, source: ObjectStore, dataset: Dataset) -> Profile:
    """Make a profile, compare it with the previous one, and keep it. Raises SourceError, OSError."""
    former, latest = last_profile(settings, dataset), profile(dataset, source)
    if former:
        latest = replace(latest, drift=drift(former, latest))
    path = profile_path(settings, dataset)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(_JSON.dump_json(latest))
    fresh.replace(path)
    return latest


@dataclass
class _Seen:
    """What is counted while the records are read."""

    objects: int = 0
    bytes: int = 0
    records: int = 0
    fault_examples: list[str] = field(default_factory=list)
    faults: int = 0
    present: Counter[str] = field(default_factory=Counter)
    unknown: dict[str, str] = field(default_factory=dict)

    def fault(self, position: str, reason: object) -> None:
        self.faults += 1
        if len(self.fault_examples) < 3:
            self.fault_examples.append(f"{position}: {reason}")


def profile(dataset: Dataset, source: ObjectStore) -> Profile:
    """Read every record of a data set once. Raises SourceError where the source cannot be listed."""
    import duckdb

    started = time.perf_counter()
    expected = expected_fields(dataset)
    seen = _Seen()
    with tempfile.TemporaryDirectory(prefix="sparkify-profile-") as folder:
        config = {**_DUCKDB, "temp_directory": folder}
        with duckdb.connect(config=config) as connection:  # type: ignore[arg-type]
            connection.execute(queries.read("profile/tables"))
            for files in _chunks(dataset, source, Path(folder), expected, seen):
                _count(connection, dataset, files, [*expected, *seen.unknown])
            connection.executemany(
                "insert into columns values (?, ?, ?, ?, ?)",
                [
                    (position, name, expected.get(name), name == _KEYS[dataset], seen.present[name])
                    for position, name in enumerate([*expected, *seen.unknown])
                ],
            )
            connection.execute(queries.read("profile/values"))
            fields = [Field(*row) for row in connection.execute(queries.read("profile/fields")).fetchall()]
            oddities = [
                Oddity(*row) for row in connection.execute(queries.read("profile/oddities")).fetchall()
            ]
    if seen.faults:
        oddities.append(Oddity("not a record", None, seen.faults, seen.fault_examples))
    return Profile(
        dataset=dataset,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        objects=seen.objects,
        bytes=seen.bytes,
        records=seen.records,
        faults=seen.faults,
        fields=fields,
        unknown=seen.unknown,
        oddities=oddities,
        seconds=round(time.perf_counter() - started, 2),
    )


def _chunks(
    dataset: Dataset, source: ObjectStore, folder: Path, expected: Mapping[str, str], seen: _Seen
) -> Iterator[list[str]]:
    """Write the records to files with one record a line, a file for each partition, a chunk at a time. The files of a
    chunk are removed before the next one is written.
    """
    for objects in _slices(source.list(_FOLDERS[dataset])):
        files: dict[str, Path] = {}
        for key, content in source.read_many([item.key for item in objects]):
            partition = partition_of(key)
            if partition is None:
                continue
            seen.objects += 1
            path = files.setdefault(partition.key, folder / f"{partition.key}.ndjson")
            try:
                if isinstance(content, Exception):
                    raise content
                data = text_of(key, content)
            except (SourceError, Unreadable) as error:
                seen.fault(key, error)
                continue
            seen.bytes += len(content)
            with path.open("ab") as file:
                for block in read_blocks(BytesIO(data), size=1 << 19):
                    file.write(_lines(block, key, expected, seen))
        written = [path for path in files.values() if path.exists()]
        if any(path.stat().st_size for path in written):
            yield [str(path) for path in written]
        for path in written:
            path.unlink()


def _slices(objects: Iterable[SourceObject]) -> Iterator[list[SourceObject]]:
    """The objects in order, about CHUNK_BYTES at a time."""
    some: list[SourceObject] = []
    size = 0
    for item in objects:
        some.append(item)
        size += item.size
        if size >= CHUNK_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _lines(block: Block, key: str, expected: Mapping[str, str], seen: _Seen) -> bytes:
    """The records of a block, one a line; which fields they have is counted on the way."""
    for record in block.found or ():
        if not isinstance(record.value, dict):
            seen.fault(f"{key}:{record.line}", what_is_no_object(record) or record.value)
    records = [value for value in block.values if isinstance(value, dict)]
    seen.records += len(records)
    for shape, number in Counter(map(tuple, records)).items():
        for name in set(shape) - expected.keys() - seen.present.keys():
            if len(seen.unknown) < MAX_UNKNOWN:
                example = next(record[name] for record in records if name in record)
                seen.unknown[name] = f"{as_written(example)[:200]} in {key}"
        seen.present.update(dict.fromkeys(shape, number))
    if block.found is None:
        return block.data + b"\n"
    objects = (record.raw for record in block.found if isinstance(record.value, dict))
    # Valid JSON has line breaks between tokens only.
    return b"".join(b" ".join(raw.splitlines()) + b"\n" for raw in objects)


def _count(connection: DuckDBPyConnection, dataset: Dataset, files: list[str], names: Sequence[str]) -> None:
    import duckdb

    aliases = _aliases(names)
    chosen = dict.fromkeys((aliases.get(name, name) for name in names), "json")
    if aliases:
        for name in files:
            _simplify(Path(name), aliases)

    def count() -> None:
        with connection.cursor() as transaction:
            transaction.begin()
            transaction.execute(queries.read("profile/count_values"), {"files": files, "columns": chosen})
            if dataset == "events":
                transaction.execute(queries.read("profile/count_sessions"), {"files": files})
            for name, alias in aliases.items():
                transaction.execute("update chunk_values set field = ? where field = ?", (name, alias))
            transaction.commit()

    try:
        count()
    except duckdb.InvalidInputException:
        for name in files:
            _simplify(Path(name), {})
        count()


def _aliases(names: Sequence[str]) -> dict[str, str]:
    """Other names for those that differ from an earlier one in case only, which DuckDB takes for one name."""
    aliases: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        alias = name
        while alias.lower() in taken:
            alias += "\x1f"  # shows nowhere, and no name of a field ends in it
        taken.add(alias.lower())
        if alias != name:
            aliases[name] = alias
    return aliases


def _simplify(file: Path, aliases: Mapping[str, str]) -> None:
    """Rewrite records that DuckDB does not read, because a key occurs twice or in two cases, or a value is nested more
    than 128 levels deep. Of such a key the last value stays, as in COPY, one in another case goes by its alias, and
    such a value is replaced by a remark.
    """
    import msgspec

    def countable(value: Any) -> Any:
        return value if _is_flat(value, MAX_NESTED) else "nested too deep to be counted"

    lines = filter(None, file.read_bytes().splitlines())
    records = (
        {aliases.get(name, name): countable(value) for name, value in parse_value(line).items()}
        for line in lines
    )
    file.write_bytes(msgspec.json.Encoder().encode_lines(records))


def _is_flat(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list) or not depth:
        return depth > 0
    return all(_is_flat(item, depth - 1) for item in (value.values() if isinstance(value, dict) else value))


def drift(former: Profile, latest: Profile) -> list[str]:
    """What differs between two profiles so much that somebody should know, in words."""
    before = {item.name: item for item in former.fields if item.present}
    after = {item.name: item for item in latest.fields if item.present}
    moved = [f"new field {name}" for name in after if name not in before]
    moved += [f"field {name} is gone" for name in before if name not in after]
    for name in before.keys() & after.keys():
        moved += _moved(before[name], after[name], former.records, latest.records)
    return sorted(moved)


def _moved(before: Field, after: Field, all_before: int, all_after: int) -> Iterator[str]:
    if before.types.keys() != after.types.keys():
        yield f"{after.name} was {_listed(before.types)}, is {_listed(after.types)}"
    shares = [("filled", before.filled, after.filled), ("empty", before.empty, after.empty)]
    if min(before.distinct, after.distinct) <= MAX_COMPARED:
        for text in dict(before.top).keys() | dict(after.top).keys():
            was_at_most, is_at_most = _at_most(before, text), _at_most(after, text)
            number = dict(before.top).get(text, min(was_at_most, is_at_most))
            shares.append((f"“{text}”", number, dict(after.top).get(text, min(number, is_at_most))))
    for words, number_before, number_after in shares:
        was, is_ = 100 * number_before / all_before, 100 * number_after / all_after
        if abs(is_ - was) > MOVED_PERCENT:
            yield f"{after.name} {words}: {was:.0f} % of the records before, {is_:.0f} % now"


def _at_most(item: Field, text: str) -> int:
    """The number of records of a value, or the greatest that it can be where the value is none of the most frequent."""
    if len(item.top) == MAX_TOP:
        return dict(item.top).get(text, item.top[-1][1])
    return dict(item.top).get(text, int(item.distinct > len(item.top)))  # what occurs once is in no top


def _listed(types: Mapping[str, int]) -> str:
    """The names of types in words."""
    return " and ".join(sorted(types)) or "nothing"
